//! `elava config`: every setting as `elava.toml` would say it, with where it came from.

use std::fmt::Display;

use clap::ValueEnum;

use crate::cli::resolve::{
    Cache, Daemon, ExportPlan, JobPlan, Origin, QueryPlan, Scanning, Setting, Settings, Statement, Storage, TargetPlan, Way,
};
use crate::cli::{Context, ExitStatus};
use crate::error::Result;
use crate::schedule::Beat;
use crate::settings::{AccountSettings, ExemptionSettings, FILE_NAME, RegionSettings, ScanJobSettings, TypeSettings};

/// Prints the settings.
///
/// # Errors
/// stdout refuses it.
pub fn run(context: &Context) -> Result<ExitStatus> {
    let settings = &context.settings;
    let mut lines = general(settings);
    lines.extend(storage(&settings.storage));
    lines.extend(cache(&settings.cache));
    lines.extend(guard(&settings.scanning));
    lines.extend(retention(settings));
    lines.extend(scanning(&settings.scanning));
    lines.extend(checks(settings));
    lines.extend(daemon(&settings.daemon));
    settings.daemon.targets.iter().for_each(|target| lines.extend(target_lines(target, settings)));
    lines.extend(aws(settings));
    settings.file.aws.accounts.iter().for_each(|account| lines.extend(account_lines(account, settings)));
    settings.file.checks.exemptions.iter().for_each(|exemption| lines.extend(exemption_lines(exemption, settings)));
    settings.file.types.iter().for_each(|(name, rules)| lines.extend(types(name, rules, settings)));
    context.printer.data(&format!("{}\n", lines.join("\n")))?;
    Ok(ExitStatus::Done)
}

fn general(settings: &Settings) -> Vec<String> {
    let tag_columns = settings.file.tag_columns.as_deref();
    vec![
        match &settings.config {
            Some(config) => format!("# settings file: {} ({})", config.value.display(), config.origin),
            None => format!("# settings file: none (--config, ELAVA_CONFIG, ./{FILE_NAME} or the per-user {FILE_NAME})"),
        },
        line("store", &quoted(&settings.store.value.to_string()), &settings.store.origin),
        line("tag_columns", &list(tag_columns.unwrap_or_default()), &of_file(settings, tag_columns.is_some())),
        section("[query]"),
        text("memory_limit", &settings.memory_limit),
        section("[output]"),
        line("format", &word(&settings.format.value), &settings.format.origin),
        plain("max_rows", &settings.max_rows),
        line("color", &word(&settings.color.value), &settings.color.origin),
    ]
}

fn storage(storage: &Storage) -> Vec<String> {
    let maybe = |key: &str, setting: &Setting<Option<String>>, meaning: &str| match &setting.value {
        Some(value) => line(key, &quoted(value), &setting.origin),
        None => unset(key, meaning),
    };
    let truth = |key: &str, setting: &Setting<Option<bool>>, meaning: &str| match setting.value {
        Some(value) => line(key, &value.to_string(), &setting.origin),
        None => unset(key, meaning),
    };
    vec![
        section("[storage]"),
        maybe("endpoint_url", &storage.endpoint_url, "where the cloud has it"),
        maybe("region", &storage.region, "that of the AWS configuration"),
        maybe("profile", &storage.profile, "as AWS's own tools"),
        truth("path_style", &storage.path_style, "at an address of its own, and where the bucket's name has dots"),
        plain("allow_http", &storage.allow_http),
        match storage.encryption.value {
            Some(encryption) => line("encryption", &quoted(encryption.name()), &storage.encryption.origin),
            None => unset("encryption", "as the bucket has it"),
        },
        maybe("kms_key_id", &storage.kms_key_id, "the account's own for S3"),
        truth("bucket_key", &storage.bucket_key, "as the bucket has it"),
        line("temp_dir", &quoted(&storage.temp_dir.value.display().to_string()), &storage.temp_dir.origin),
    ]
}

fn cache(cache: &Cache) -> Vec<String> {
    vec![
        section("[cache]"),
        plain("enabled", &cache.enabled),
        text("limit", &cache.limit),
        match &cache.dir.value {
            Some(folder) => line("dir", &quoted(&folder.display().to_string()), &cache.dir.origin),
            None => unset("dir", "in the per-user folder of caches"),
        },
    ]
}

fn guard(scanning: &Scanning) -> Vec<String> {
    let guard = &scanning.guard;
    vec![
        section("[guard]"),
        plain("enabled", &guard.enabled),
        plain("missing", &guard.missing),
        plain("missing_percent", &guard.missing_percent),
        plain("missing_all", &guard.missing_all),
    ]
}

fn retention(settings: &Settings) -> Vec<String> {
    let said = &settings.file.retention;
    let of_store = "as the store has it, else all";
    vec![
        section("[retention]"),
        match said.keep {
            Some(span) => line("keep", &quoted(&span.to_string()), &of_file(settings, true)),
            None => unset("keep", of_store),
        },
        match said.keep_revisions {
            Some(count) => line("keep_revisions", &count.to_string(), &of_file(settings, true)),
            None => unset("keep_revisions", of_store),
        },
    ]
}

fn scanning(scanning: &Scanning) -> Vec<String> {
    vec![section("[scan]"), plain("at_once", &scanning.at_once), plain("request_timeout", &scanning.request_timeout)]
}

fn daemon(daemon: &Daemon) -> Vec<String> {
    let mut lines = vec![section("[daemon]"), text("time_zone", &daemon.time_zone)];
    lines.push(match &daemon.listen.value {
        Some(address) => line("listen", &quoted(&address.to_string()), &daemon.listen.origin),
        None => unset("listen", "nowhere"),
    });
    daemon.jobs.value.iter().for_each(|job| lines.extend(job_lines(job, &daemon.jobs.origin)));
    lines
}

/// A job as it is done: periods with their jitter, whoever said it.
fn job_lines(plan: &JobPlan, origin: &Origin) -> Vec<String> {
    let timing = &plan.job.timing;
    let (key, beat) = match &timing.beat {
        Beat::Every(period) => ("every", period.to_string()),
        Beat::Cron(cron) => ("cron", cron.to_string()),
    };
    let said = [
        ("name", Some(quoted(&plan.job.name))),
        (key, Some(quoted(&beat))),
        ("jitter", Some(quoted(&timing.jitter.to_string()))),
        ("scan", plan.scan.as_ref().map(scan_table)),
        ("check", plan.check.as_deref().map(list)),
        ("query", plan.query.as_ref().map(query_table)),
        ("export", plan.export.as_ref().map(export_table)),
        ("compact", plan.compact.then(|| "true".to_owned())),
        ("retain", plan.retain.then(|| "true".to_owned())),
        ("notify", (!plan.notify.is_empty()).then(|| list(&plan.notify))),
    ];
    of_section("[[daemon.jobs]]", said, origin)
}

fn scan_table(scan: &ScanJobSettings) -> String {
    let some = |values: &[String]| (!values.is_empty()).then(|| list(values));
    table([
        ("regions", some(&scan.regions)),
        ("types", some(&scan.types)),
        ("exclude_types", some(&scan.exclude_types)),
        ("incremental", scan.incremental.then(|| "true".to_owned())),
    ])
}

fn query_table(query: &QueryPlan) -> String {
    let (key, text) = match &query.sql {
        Statement::Text(sql) => ("sql", quoted(sql)),
        Statement::File(path) => ("file", quoted(&path.display().to_string())),
    };
    let to = query.to.as_ref();
    table([(key, Some(text)), ("to", to.map(|(to, _)| quoted(&to.to_string()))), ("format", to.map(|(_, format)| word(format)))])
}

fn export_table(export: &ExportPlan) -> String {
    let columns: Vec<String> = export.partition_by.iter().map(word).collect();
    table([
        ("table", Some(quoted(&export.table))),
        ("to", Some(quoted(&export.to.to_string()))),
        ("as_of", export.as_of.as_deref().map(quoted)),
        ("where", export.condition.as_deref().map(quoted)),
        ("partition_by", (!columns.is_empty()).then(|| format!("[{}]", columns.join(", ")))),
        ("format", Some(word(&export.format))),
    ])
}

/// URLs and headers are told as far as they are no secret.
fn target_lines(target: &TargetPlan, settings: &Settings) -> Vec<String> {
    let mut headers = None;
    let (key, place) = match &target.way {
        Way::Webhook(url, said) => {
            let names: Vec<String> = said.names().iter().map(|name| format!("{name} = \"...\"")).collect();
            headers = (!names.is_empty()).then(|| format!("{{ {} }}", names.join(", ")));
            ("webhook", quoted(&url.to_string()))
        }
        Way::Slack(url) => ("slack", quoted(&url.to_string())),
        Way::File(path) => ("file", quoted(&path.display().to_string())),
        Way::Command(words) => ("command", list(words)),
    };
    let wanted: Vec<String> = target.wanted.iter().map(|wanted| wanted.as_str().to_owned()).collect();
    let said = [("name", Some(quoted(&target.name))), (key, Some(place)), ("headers", headers), ("on", Some(list(&wanted)))];
    of_section("[[notify]]", said, &of_file(settings, true))
}

fn checks(settings: &Settings) -> Vec<String> {
    let checks = &settings.file.checks;
    let mut lines = vec![section("[checks]")];
    lines.push(match &checks.packs {
        Some(packs) => line("packs", &list(packs), &of_file(settings, true)),
        None => unset("packs", "all"),
    });
    let folders: Vec<String> = checks.pack_dirs.iter().map(|folder| folder.display().to_string()).collect();
    lines.push(line("pack_dirs", &list(&folders), &of_file(settings, !folders.is_empty())));
    for (pack, values) in &checks.parameters {
        let values = values.iter().map(|(name, value)| (name.as_str(), Some(value.to_string())));
        lines.extend(of_section(&format!("[checks.parameters.{}]", quoted(pack)), values, &of_file(settings, true)));
    }
    lines
}

fn exemption_lines(exemption: &ExemptionSettings, settings: &Settings) -> Vec<String> {
    let said = [
        ("check", quoted(&exemption.check)),
        ("resource", quoted(&exemption.resource)),
        ("reason", quoted(&exemption.reason)),
        ("until", quoted(&exemption.until.to_string())),
    ];
    of_section("[[checks.exemptions]]", said.map(|(key, value)| (key, Some(value))), &of_file(settings, true))
}

fn aws(settings: &Settings) -> Vec<String> {
    let scanning = &settings.scanning;
    let mut lines = vec![section("[aws]")];
    lines.push(match &scanning.regions.value {
        Some(named) => line("regions", &regions(named), &scanning.regions.origin),
        None => unset("regions", "that of the AWS configuration"),
    });
    lines.push(match scanning.types.value.as_slice() {
        [] => unset("types", "all"),
        types => line("types", &list(types), &scanning.types.origin),
    });
    lines.push(line("exclude_types", &list(&scanning.exclude_types.value), &scanning.exclude_types.origin));
    lines.push(match &scanning.endpoint_url.value {
        Some(url) => line("endpoint_url", &quoted(url), &scanning.endpoint_url.origin),
        None => unset("endpoint_url", "where AWS has it"),
    });
    #[cfg(feature = "aws")]
    lines.extend(rates(settings));
    lines
}

#[cfg(feature = "aws")]
fn rates(settings: &Settings) -> Vec<String> {
    let mut lines = vec![section("[aws.rates]")];
    for service in crate::scan::aws::services() {
        let said = settings.file.aws.rates.get(service);
        let shipped = crate::scan::aws::rate(service);
        let (per_second, burst) = said.map_or((shipped.per_second, shipped.burst), |said| (said.per_second, said.burst));
        let rate = format!("{{ per_second = {per_second:?}, burst = {burst:?} }}");
        lines.push(line(service, &rate, &of_file(settings, said.is_some())));
    }
    lines
}

fn account_lines(account: &AccountSettings, settings: &Settings) -> Vec<String> {
    let said = [
        ("name", Some(quoted(&account.name))),
        ("profile", account.profile.as_deref().map(quoted)),
        ("role_arn", account.role_arn.as_deref().map(quoted)),
        ("organization_role", account.organization_role.as_deref().map(quoted)),
        ("external_id", account.external_id.as_deref().map(quoted)),
        ("regions", account.regions.as_ref().map(regions)),
        ("types", account.types.as_deref().map(list)),
        ("exclude_types", account.exclude_types.as_deref().map(list)),
    ];
    of_section("[[aws.accounts]]", said, &of_file(settings, true))
}

fn types(name: &str, rules: &TypeSettings, settings: &Settings) -> Vec<String> {
    let lists = [("volatile", &rules.volatile), ("sets", &rules.sets), ("final_states", &rules.final_states)];
    of_section(
        &format!("[types.{}]", quoted(name)),
        lists.map(|(key, values)| (key, values.as_deref().map(list))),
        &of_file(settings, true),
    )
}

/// A section of which only that is printed which is said.
fn of_section<'k>(name: &str, said: impl IntoIterator<Item = (&'k str, Option<String>)>, origin: &Origin) -> Vec<String> {
    let lines = said.into_iter().filter_map(|(key, value)| Some(line(key, &value?, origin)));
    [section(name)].into_iter().chain(lines).collect()
}

/// A table in one line, of which only that is printed which is said.
fn table<'k>(said: impl IntoIterator<Item = (&'k str, Option<String>)>) -> String {
    let members: Vec<String> = said.into_iter().filter_map(|(key, value)| Some(format!("{key} = {}", value?))).collect();
    if members.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", members.join(", ")) }
}

fn section(name: &str) -> String {
    format!("\n{name}")
}

fn line(key: &str, value: &str, origin: &Origin) -> String {
    format!("{:<40} # {origin}", format!("{key} = {value}"))
}

/// A setting that has no value of its own unless one is given.
fn unset(key: &str, meaning: &str) -> String {
    format!("{:<40} # {}: {meaning}", format!("# {key}"), Origin::Default)
}

/// A number or a truth.
fn plain<T: Display>(key: &str, setting: &Setting<T>) -> String {
    line(key, &setting.value.to_string(), &setting.origin)
}

fn text<T: Display>(key: &str, setting: &Setting<T>) -> String {
    line(key, &quoted(&setting.value.to_string()), &setting.origin)
}

fn of_file(settings: &Settings, said: bool) -> Origin {
    match &settings.config {
        Some(config) if said => Origin::File(config.value.clone()),
        _ => Origin::Default,
    }
}

fn word<T: ValueEnum>(value: &T) -> String {
    quoted(value.to_possible_value().as_ref().map_or("", |value| value.get_name()))
}

fn list(values: &[String]) -> String {
    format!("[{}]", values.iter().map(|value| quoted(value)).collect::<Vec<_>>().join(", "))
}

fn regions(regions: &RegionSettings) -> String {
    match regions {
        RegionSettings::All => quoted("all"),
        RegionSettings::Named(regions) => list(regions),
    }
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
