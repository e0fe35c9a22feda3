//! All packs with their checks: loaded, checked against each other, given values, and chosen from.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::check::{Check, Lasting};
use super::outcome::{Control, Severity};
use super::pack::{Pack, Parameter};
use super::parameters::ParameterType;
use super::sources::{self, PackSource};
use crate::error::{Error, Result};
use crate::model::TimeSpan;
use crate::query::{ParameterValue, Parameters, nearest};

/// All packs.
#[derive(Debug, Clone, Default)]
pub struct Packs {
    packs: Vec<Pack>,
    checks: Vec<Check>,
}

/// A value that is given to a parameter.
#[derive(Debug, Clone, Copy)]
pub enum Given<'a> {
    /// In a settings file.
    Toml(&'a toml::Value),
    /// On the command line.
    Text(&'a str),
}

/// What a check is run with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Values {
    /// The values of its query's parameters.
    pub query: Parameters,
    /// Those, and that of `lasting`.
    pub all: Parameters,
    /// How long a violation must have held to be told of.
    pub lasting: Option<TimeSpan>,
}

impl Packs {
    /// Loads the packs that are shipped and those of some folders.
    ///
    /// # Errors
    /// `Invalid`, naming the file, the line and what was expected; `NotFound` for a folder without packs.
    pub fn load(folders: &[PathBuf]) -> Result<Self> {
        let mut found = sources::shipped()?;
        for folder in folders {
            found.extend(sources::of_folder(folder)?);
        }
        let mut packs = Self::default();
        found.iter().try_for_each(|source| packs.add(source))?;
        packs.link_controls()?;
        packs.check_parameters()?;
        Ok(packs)
    }

    /// The packs.
    pub fn packs(&self) -> &[Pack] {
        &self.packs
    }

    /// The checks, pack by pack.
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    fn add(&mut self, source: &PackSource) -> Result<()> {
        let pack = Pack::parse(&source.id, &source.pack)?;
        if let Some(known) = self.packs.iter().find(|known| known.id == pack.id) {
            return Err(Error::invalid(format!("{}: there is a pack {} already, {}", pack.file, pack.id, known.file))
                .with_hint("a pack is named as its folder is: give the folder another name"));
        }
        for file in &source.checks {
            let check = Check::parse(&pack.id, &file.name, &file.place, &file.text)?;
            if let Some(known) = self.checks.iter().find(|known| known.about.id == check.about.id) {
                return Err(Error::invalid(format!("{}: there is a check {} already, {}", check.file, check.about.id, known.file))
                    .with_hint("ids are unique over all packs; a control may name a check of another pack"));
            }
            self.checks.push(check);
        }
        self.packs.push(pack);
        Ok(())
    }

    /// Tells each check which controls it answers.
    fn link_controls(&mut self) -> Result<()> {
        for pack in &self.packs {
            for control in &pack.controls {
                let Some(check) = self.checks.iter_mut().find(|check| check.about.id == control.check) else {
                    let place = format!("{}, line {}", pack.file, control.line);
                    let ids = self.checks.iter().map(|check| check.about.id.as_str());
                    return Err(unknown("check", &control.check, ids).context(place));
                };
                let packs = &mut check.about.packs;
                if !packs.contains(&pack.id) {
                    packs.push(pack.id.clone());
                }
                let (pack, number, title) = (pack.id.clone(), control.number.clone(), control.title.clone());
                check.about.controls.push(Control { pack, number, title });
            }
        }
        Ok(())
    }

    /// Every parameter that a check uses is declared, and every one that is declared is used.
    fn check_parameters(&self) -> Result<()> {
        for check in &self.checks {
            let declared = self.declared(check);
            for name in &check.parameters {
                let kind = declared.iter().find(|(known, _)| *known == name).map(|(_, parameter)| parameter.kind);
                let kind =
                    kind.ok_or_else(|| unknown("parameter", name, declared.iter().map(|(known, _)| known.as_str())).context(&check.file))?;
                let is_lasting = matches!(&check.lasting, Some(Lasting::Parameter(lasting)) if lasting == name);
                if is_lasting && kind != ParameterType::Duration {
                    return Err(Error::invalid(format!("{}: lasting: ${name} is no duration", check.file)));
                }
            }
        }
        for pack in &self.packs {
            let of_pack = |check: &&Check| own_pack(check) == pack.id;
            let used: BTreeSet<&String> = self.checks.iter().filter(of_pack).flat_map(|check| &check.parameters).collect();
            if let Some(unused) = pack.parameters.keys().find(|name| !used.contains(name)) {
                return Err(Error::invalid(format!("{}: no check of the pack uses the parameter {unused}", pack.file)));
            }
        }
        Ok(())
    }

    /// The parameters of the pack that a check is in.
    fn declared<'a>(&'a self, check: &Check) -> Vec<(&'a String, &'a Parameter)> {
        let pack = self.packs.iter().find(|pack| pack.id == own_pack(check));
        pack.into_iter().flat_map(|pack| &pack.parameters).collect()
    }

    /// Gives a parameter a value.
    ///
    /// # Errors
    /// `Invalid` for an unknown pack or parameter, and for a value of another type.
    pub fn give(&mut self, pack: &str, name: &str, value: Given<'_>) -> Result<()> {
        let ids: Vec<String> = self.packs.iter().map(|pack| pack.id.clone()).collect();
        let Some(pack) = self.packs.iter_mut().find(|known| known.id == pack) else {
            return Err(unknown("pack", pack, ids.iter().map(String::as_str)));
        };
        let names: Vec<String> = pack.parameters.keys().cloned().collect();
        let Some(parameter) = pack.parameters.get_mut(name) else {
            return Err(unknown("parameter", name, names.iter().map(String::as_str)).context(&pack.id));
        };
        let value = match value {
            Given::Toml(value) => parameter.kind.read(value),
            Given::Text(text) => parameter.kind.read_text(text),
        };
        value.and_then(|value| parameter.give(value)).map_err(|error| error.context(format!("{}.{name}", pack.id)))
    }

    /// The checks of some packs, and checks by their ids, each once, in the order of the packs; of all packs if none is named.
    ///
    /// # Errors
    /// `NotFound` for a name that is neither.
    pub fn select(&self, names: &[String], at_least: Severity) -> Result<Vec<&Check>> {
        let known = |name: &str| self.packs.iter().any(|pack| pack.id == name) || self.checks.iter().any(|check| check.about.id == name);
        if let Some(name) = names.iter().find(|name| !known(name)) {
            let packs = self.packs.iter().map(|pack| pack.id.as_str());
            return Err(unknown("pack or check", name, packs.chain(self.checks.iter().map(|check| check.about.id.as_str()))));
        }
        let is_named = |check: &Check| names.iter().any(|name| check.about.id == *name || check.about.packs.contains(name));
        let chosen = self.checks.iter().filter(|check| names.is_empty() || is_named(check));
        Ok(chosen.filter(|check| check.about.severity >= at_least).collect())
    }

    /// The text of a check with the values of its parameters in it; as its file has it, if one has none.
    ///
    /// # Errors
    /// `Invalid` if the text cannot be read.
    pub fn written(&self, check: &Check) -> Result<String> {
        let text = self.values(check).map_or_else(|_| Ok(check.sql.clone()), |values| values.query.written_in(&check.sql))?;
        Ok(text.trim_end().trim_end_matches(';').to_owned())
    }

    /// What a check is run with.
    ///
    /// # Errors
    /// The name of a parameter that has no value.
    pub fn values(&self, check: &Check) -> Result<Values, String> {
        let declared = self.declared(check);
        let value = |name: &String| declared.iter().find(|(known, _)| *known == name).and_then(|(_, parameter)| parameter.value.clone());
        let valued = |name: &String| value(name).map(|value| (name.clone(), value)).ok_or_else(|| name.clone());
        let all = check.parameters.iter().map(valued).collect::<Result<Parameters, String>>()?;
        let query = all.iter().filter(|(name, _)| check.query_parameters.contains(*name));
        let query = query.map(|(name, value)| (name.to_owned(), value.clone())).collect();
        let lasting = match &check.lasting {
            Some(Lasting::Span(span)) => Some(*span),
            Some(Lasting::Parameter(name)) => match value(name) {
                Some(ParameterValue::Duration(span)) => Some(span),
                _ => None,
            },
            None => None,
        };
        Ok(Values { query, all, lasting })
    }
}

/// The pack whose folder a check is in.
fn own_pack(check: &Check) -> &str {
    check.about.packs.first().map_or("", String::as_str)
}

/// The most names that a hint lists.
const LISTED_MAX: usize = 12;

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Error {
    let error = Error::not_found(format!("there is no {what} {name}"));
    let known: Vec<&str> = known.collect();
    match nearest(name, known.iter().copied()) {
        Some(near) => error.with_hint(format!("did you mean {near}?")),
        None if known.is_empty() => error,
        None if known.len() <= LISTED_MAX => error.with_hint(format!("there are {}", known.join(", "))),
        None => error.with_hint("elava check --list lists all"),
    }
}
