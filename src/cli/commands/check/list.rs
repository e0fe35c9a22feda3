//! The packs and their checks.

use serde::Serialize;

use crate::analysis::check::Check;
use crate::analysis::outcome::CheckAbout;
use crate::analysis::pack::{Pack, Parameter};
use crate::analysis::packs::Packs;
use crate::cli::args::CheckFormat;
use crate::cli::{Context, ExitStatus};
use crate::error::{Error, Result};
use crate::query::ParameterValue;

/// What is told of a pack as JSON.
#[derive(Serialize)]
struct Listed<'a> {
    pack: &'a str,
    title: &'a str,
    about: &'a str,
    parameters: Vec<ListedParameter<'a>>,
    checks: Vec<&'a CheckAbout>,
}

#[derive(Serialize)]
struct ListedParameter<'a> {
    name: &'a str,
    r#type: &'static str,
    value: Option<&'a ParameterValue>,
    about: &'a str,
}

/// Lists packs with those of their checks that were chosen.
///
/// # Errors
/// `Invalid` for a format that a list has not; stdout refuses it.
pub fn run(packs: &Packs, checks: &[&Check], format: CheckFormat, context: &Context) -> Result<ExitStatus> {
    let of_pack =
        |pack: &'_ Pack| checks.iter().map(|check| &check.about).filter(|about| about.packs.contains(&pack.id)).collect::<Vec<_>>();
    let chosen: Vec<(&Pack, Vec<&CheckAbout>)> =
        packs.packs().iter().map(|pack| (pack, of_pack(pack))).filter(|(_, checks)| !checks.is_empty()).collect();
    let text = match format {
        CheckFormat::Table => chosen.iter().map(|(pack, checks)| for_people(pack, checks)).collect::<Vec<_>>().join("\n"),
        CheckFormat::Json => {
            let listed: Vec<Listed<'_>> = chosen.into_iter().map(|(pack, checks)| listed(pack, checks)).collect();
            let json = serde_json::to_string(&listed).map_err(|error| Error::internal("encode the list").with_source(error))?;
            format!("{json}\n")
        }
        _ => return Err(Error::invalid("a list of checks is written as table or json")),
    };
    context.printer.data(&text)?;
    Ok(ExitStatus::Done)
}

fn listed<'a>(pack: &'a Pack, checks: Vec<&'a CheckAbout>) -> Listed<'a> {
    let parameters = pack.parameters.iter().map(|(name, parameter)| ListedParameter {
        name,
        r#type: parameter.kind.as_str(),
        value: parameter.value.as_ref(),
        about: &parameter.about,
    });
    Listed { pack: &pack.id, title: &pack.title, about: &pack.about, parameters: parameters.collect(), checks }
}

fn for_people(pack: &Pack, checks: &[&CheckAbout]) -> String {
    let width = checks.iter().map(|check| check.id.len()).max().unwrap_or_default();
    let mut lines = vec![format!("{}: {}", pack.id, pack.about)];
    lines.extend(checks.iter().map(|check| format!("  {:<8}  {:<width$}  {}", check.severity, check.id, check.title)));
    lines.extend(pack.parameters.iter().map(|(name, parameter)| parameter_line(name, parameter)));
    lines.join("\n") + "\n"
}

fn parameter_line(name: &str, parameter: &Parameter) -> String {
    let value =
        parameter.value.as_ref().map_or_else(|| "no value yet".to_owned(), |value| serde_json::to_string(value).unwrap_or_default());
    format!("  parameter {name}, {} ({value}): {}", parameter.kind.as_str(), parameter.about)
}
