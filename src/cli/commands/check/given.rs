//! The packs, with what the settings and the command line say of them.

use std::path::PathBuf;

use crate::analysis::check::Check;
use crate::analysis::outcome::Severity;
use crate::analysis::packs::{Given, Packs};
use crate::cli::resolve::Settings;
use crate::error::{Error, Result};

/// The packs that are shipped, those of the settings and of the command line, with their parameters' values.
///
/// # Errors
/// `Invalid` for a pack or a value that cannot be read; `NotFound` for a folder without packs.
pub fn packs(settings: &Settings, folders: &[PathBuf], parameters: &[String]) -> Result<Packs> {
    let file = settings.config.as_ref().map(|config| config.value.clone()).unwrap_or_default();
    let base = file.parent().map(PathBuf::from).unwrap_or_default();
    let of_file = settings.file.checks.pack_dirs.iter().map(|folder| base.join(folder));
    let mut packs = Packs::load(&of_file.chain(folders.iter().cloned()).collect::<Vec<_>>())?;
    for (pack, values) in &settings.file.checks.parameters {
        for (name, value) in values {
            let given = packs.give(pack, name, Given::Toml(value));
            given.map_err(|error| error.context("checks.parameters").context(file.display()))?;
        }
    }
    for parameter in parameters {
        let (pack, name, value) = split(parameter)?;
        packs.give(pack, name, Given::Text(value)).map_err(|error| error.context("--parameter"))?;
    }
    Ok(packs)
}

/// `PACK.NAME=VALUE`
fn split(parameter: &str) -> Result<(&str, &str, &str)> {
    let parts = parameter.split_once('=').and_then(|(name, value)| name.split_once('.').map(|(pack, name)| (pack, name, value)));
    parts.ok_or_else(|| {
        Error::invalid(format!("--parameter: expected PACK.NAME=VALUE, found {parameter:?}"))
            .with_hint("such as --parameter orphans.unused_for=30d")
    })
}

/// The checks that are named, else those that the settings name, else all.
///
/// # Errors
/// `NotFound` for a name that is no pack and no check.
pub fn chosen<'a>(packs: &'a Packs, settings: &Settings, names: &[String], at_least: Severity) -> Result<Vec<&'a Check>> {
    match (names, &settings.file.checks.packs, &settings.config) {
        ([], Some(of_file), Some(config)) => {
            let chosen = packs.select(of_file, at_least);
            chosen.map_err(|error| error.context("checks.packs").context(config.value.display()))
        }
        _ => packs.select(names, at_least),
    }
}
