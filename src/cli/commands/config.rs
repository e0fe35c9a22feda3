//! `elava config`: every setting as `elava.toml` would say it, with where it came from.

use clap::ValueEnum;

use crate::cli::resolve::{Origin, Place, Setting, Settings};
use crate::cli::{Context, ExitStatus};
use crate::error::Result;
use crate::settings::FILE_NAME;

/// Prints the settings.
///
/// # Errors
/// stdout refuses it.
pub fn run(context: &Context) -> Result<ExitStatus> {
    let settings = &context.settings;
    let mut text = match &settings.config {
        Some(config) => format!("# settings file: {} ({})\n", config.value.display(), config.origin),
        None => format!("# settings file: none (--config, ELAVA_CONFIG, ./{FILE_NAME} or the per-user {FILE_NAME})\n"),
    };
    let lines = [
        line("store", &place(&settings.store.value), &settings.store.origin),
        line(
            "tag_columns",
            &list(settings.file.tag_columns.as_deref().unwrap_or_default()),
            &of_file(settings, settings.file.tag_columns.is_some()),
        ),
        "\n[query]".to_owned(),
        line("memory_limit", &quoted(&settings.memory_limit.value.to_string()), &settings.memory_limit.origin),
        "\n[output]".to_owned(),
        line("format", &word(&settings.format), &settings.format.origin),
        line("max_rows", &settings.max_rows.value.to_string(), &settings.max_rows.origin),
        line("color", &word(&settings.color), &settings.color.origin),
    ];
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    for (name, rules) in &settings.file.types {
        text.push_str(&format!("\n[types.{}]\n", quoted(name)));
        let lists = [("volatile", &rules.volatile), ("sets", &rules.sets), ("final_states", &rules.final_states)];
        for (key, values) in lists {
            if let Some(values) = values {
                text.push_str(&line(key, &list(values), &of_file(settings, true)));
                text.push('\n');
            }
        }
    }
    context.printer.data(&text)?;
    Ok(ExitStatus::Done)
}

fn line(key: &str, value: &str, origin: &Origin) -> String {
    format!("{:<40} # {origin}", format!("{key} = {value}"))
}

fn of_file(settings: &Settings, said: bool) -> Origin {
    match &settings.config {
        Some(config) if said => Origin::File(config.value.clone()),
        _ => Origin::Default,
    }
}

fn place(place: &Place) -> String {
    quoted(&place.to_string())
}

fn word<T: ValueEnum>(setting: &Setting<T>) -> String {
    quoted(setting.value.to_possible_value().as_ref().map_or("", |value| value.get_name()))
}

fn list(values: &[String]) -> String {
    format!("[{}]", values.iter().map(|value| quoted(value)).collect::<Vec<_>>().join(", "))
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
