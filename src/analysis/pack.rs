//! One pack: a folder with a `pack.toml`, which says what it is about, its parameters and the controls that its checks answer.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::{Spanned, Value};

use super::check::check_name;
use super::parameters::ParameterType;
use super::sources::SourceFile;
use crate::error::{Error, Result, line_of};
use crate::query::ParameterValue;

/// A pack, without its checks.
#[derive(Debug, Clone, PartialEq)]
pub struct Pack {
    /// The folder's name.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it is about.
    pub about: String,
    /// Its parameters, by name.
    pub parameters: BTreeMap<String, Parameter>,
    /// The controls of a published benchmark.
    pub controls: Vec<PackControl>,
    /// The file, for messages.
    pub file: String,
}

/// A parameter of a pack.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its type.
    pub kind: ParameterType,
    /// What it means.
    pub about: String,
    /// The members that it may have, if it is a list of objects.
    pub members: Option<Vec<String>>,
    /// Its value: what was given, else the default.
    pub value: Option<ParameterValue>,
}

/// A control of a published benchmark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackControl {
    /// Its number as published.
    pub number: String,
    /// Its title in our own words.
    pub title: String,
    /// The id of the check that answers it, of this pack or another.
    pub check: String,
    /// The line of the file that names it.
    pub line: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackFile {
    title: String,
    about: String,
    #[serde(default)]
    parameters: BTreeMap<String, ParameterFile>,
    #[serde(default)]
    controls: Vec<ControlFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ParameterFile {
    r#type: ParameterType,
    default: Option<Spanned<Value>>,
    members: Option<Vec<String>>,
    about: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ControlFile {
    number: String,
    title: String,
    check: Spanned<String>,
}

impl Pack {
    /// Reads `pack.toml`.
    ///
    /// # Errors
    /// `Invalid`, naming the file, the line and what was expected.
    pub(super) fn parse(id: &str, file: &SourceFile) -> Result<Self> {
        check_name(id).map_err(|error| error.context("the name of the pack's folder").context(&file.place))?;
        let read: PackFile = toml::from_str(&file.text).map_err(|error| Error::toml(&error, &file.text, &file.place))?;
        let parameters = read.parameters.into_iter().map(|(name, parameter)| Ok((name.clone(), parameter.read(&name, file)?)));
        let controls = read.controls.into_iter().map(|control| PackControl {
            number: control.number,
            title: control.title,
            line: line_of(&file.text, control.check.span().start),
            check: control.check.into_inner(),
        });
        Ok(Self {
            id: id.to_owned(),
            title: read.title,
            about: read.about,
            parameters: parameters.collect::<Result<_>>()?,
            controls: controls.collect(),
            file: file.place.clone(),
        })
    }
}

impl Parameter {
    /// Gives it a value, which must have the members that it may have and no others.
    pub(super) fn give(&mut self, value: ParameterValue) -> Result<()> {
        if let (ParameterValue::Json(json), Some(members)) = (&value, &self.members) {
            check_members(json, members)?;
        }
        self.value = Some(value);
        Ok(())
    }
}

/// What is misspelt would be passed over, and mean something else.
fn check_members(json: &serde_json::Value, members: &[String]) -> Result<()> {
    let wrong = |found: &str| Error::invalid(format!("expected a list of objects with the members {}, found {found}", members.join(", ")));
    for item in json.as_array().ok_or_else(|| wrong(&json.to_string()))? {
        let object = item.as_object().ok_or_else(|| wrong(&item.to_string()))?;
        if let Some(unknown) = object.keys().find(|name| !members.contains(name)) {
            return Err(wrong(&format!("{unknown:?}")));
        }
    }
    Ok(())
}

impl ParameterFile {
    fn read(self, name: &str, file: &SourceFile) -> Result<Parameter> {
        let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if !is_name(name) || name.starts_with(|first: char| !first.is_ascii_lowercase()) {
            let wrong = Error::invalid(format!("expected a name of small letters, digits and _, found {name:?}"));
            return Err(wrong.context("parameters").context(&file.place));
        }
        let read = |value: Spanned<Value>| {
            let line = line_of(&file.text, value.span().start);
            let read = self.r#type.read(value.get_ref());
            read.map_err(|error| error.context(format!("{}, line {line}: parameters.{name}.default", file.place)))
        };
        Ok(Parameter { kind: self.r#type, value: self.default.map(read).transpose()?, members: self.members, about: self.about })
    }
}
