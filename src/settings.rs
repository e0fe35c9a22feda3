//! The settings file, `elava.toml`: what may stand in it. Which of several sources wins is decided by the command line.

mod checks;
mod daemon;
mod retention;
mod scanning;
mod storage;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize};

use crate::error::{Error, Result};
use crate::model::{TypeRules, TypeRulesSet};

pub use checks::{CheckSettings, ExemptionSettings};
pub use daemon::{DaemonSettings, ExportJobSettings, JobSettings, NotifySettings, QueryJobSettings, ScanJobSettings};
pub use retention::RetentionFileSettings;
pub use scanning::{AccountSettings, AwsSettings, GuardFileSettings, RateSettings, RegionSettings, ScanSettings};
pub use storage::{CacheSettings, Encryption, StorageSettings};

/// The name of the settings file.
pub const FILE_NAME: &str = "elava.toml";

/// What a settings file says. What it does not say is `None` or empty.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FileSettings {
    /// Where the store is: a folder, relative to the file's own, or a URL.
    pub store: Option<String>,
    /// How a store in a bucket is reached.
    pub storage: StorageSettings,
    /// What is kept on this machine of a store in a bucket.
    pub cache: CacheSettings,
    /// Tag keys that are kept as columns. Written into the store's log.
    pub tag_columns: Option<Vec<String>>,
    /// How queries run.
    pub query: QuerySettings,
    /// How results are written.
    pub output: OutputSettings,
    /// When a listing is not believed at once. Written into the store's log.
    pub guard: GuardFileSettings,
    /// How much of the past is kept. Written into the store's log.
    pub retention: RetentionFileSettings,
    /// How scans run.
    pub scan: ScanSettings,
    /// What the daemon does, and when.
    pub daemon: DaemonSettings,
    /// Who is told of it.
    pub notify: Vec<NotifySettings>,
    /// What is scanned of AWS.
    pub aws: AwsSettings,
    /// Which checks are run, and with what.
    pub checks: CheckSettings,
    /// What resource types declare, by name. Written into the store's log.
    pub types: BTreeMap<String, TypeSettings>,
}

/// `[query]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QuerySettings {
    /// What a query may hold in memory before it spills to disk.
    pub memory_limit: Option<ByteSize>,
}

/// `[output]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutputSettings {
    /// The format of results.
    pub format: Option<String>,
    /// Most rows of a table.
    pub max_rows: Option<usize>,
    /// When to use colour: `auto`, `always`, `never`.
    pub color: Option<String>,
}

/// `[types.NAME]`: each list that is given replaces the one that Elava ships for the type.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TypeSettings {
    /// Attributes that never make a new version.
    pub volatile: Option<Vec<String>>,
    /// Arrays whose order means nothing.
    pub sets: Option<Vec<String>>,
    /// Values of `state` after which the resource is gone.
    pub final_states: Option<Vec<String>>,
}

impl FileSettings {
    /// Reads the text of a settings file.
    ///
    /// # Errors
    /// `Invalid`, naming the file, the line and the key or value that is wrong.
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        let settings: Self = toml::from_str(text).map_err(|error| Error::toml(&error, text, path.display()))?;
        let checked = settings.storage.check().and_then(|()| settings.cache.check()).and_then(|()| settings.aws.check());
        let checked = checked.and_then(|()| settings.daemon.check(&settings.notify));
        checked.map_err(|error| error.context(path.display()))?;
        for (name, rules) in &settings.types {
            let pointers = [("volatile", &rules.volatile), ("sets", &rules.sets)];
            for (key, pointers) in pointers {
                if let Some(pointer) = pointers.iter().flatten().find(|pointer| !pointer.starts_with("/properties/")) {
                    let file = path.display();
                    return Err(Error::invalid(format!(
                        "{file}: types.{name}.{key}: expected a pointer below /properties, found {pointer:?}"
                    ))
                    .with_hint("write it as /properties/State/Name; * stands for any position or member"));
                }
            }
        }
        Ok(settings)
    }

    /// The rules of a store after the file has had its say.
    pub fn rules(&self, mut rules: TypeRulesSet) -> TypeRulesSet {
        for (name, said) in &self.types {
            let known = rules.of(name).cloned().unwrap_or_default();
            let rule = TypeRules {
                volatile: said.volatile.clone().unwrap_or(known.volatile),
                sets: said.sets.clone().unwrap_or(known.sets),
                final_states: said.final_states.clone().unwrap_or(known.final_states),
            };
            rules.set(name, rule);
        }
        rules
    }
}

/// A number of bytes: `268435456`, `256MB` or `256 MiB`; k, M, G and T count in 1024.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct ByteSize(u64);

impl ByteSize {
    /// So many bytes.
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// In bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// Reads text such as `256MiB`.
    ///
    /// # Errors
    /// `Invalid` if it is no number with a unit of bytes.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = || Error::invalid(format!("expected a size such as 256MiB, found {text:?}"));
        let digits = text.trim().trim_end_matches(|c: char| !c.is_ascii_digit());
        let unit = text.trim().strip_prefix(digits).unwrap_or_default().trim().to_ascii_lowercase();
        let shift = match unit.as_str() {
            "" | "b" => 0,
            "k" | "kb" | "kib" => 10,
            "m" | "mb" | "mib" => 20,
            "g" | "gb" | "gib" => 30,
            "t" | "tb" | "tib" => 40,
            _ => return Err(wrong()),
        };
        let number: u64 = digits.parse().map_err(|_| wrong())?;
        number.checked_mul(1 << shift).map(Self).ok_or_else(wrong)
    }
}

impl fmt::Display for ByteSize {
    /// The largest unit that divides it: what [`ByteSize::parse`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
        match units.iter().find(|(shift, _)| self.0 > 0 && self.0.trailing_zeros() >= *shift) {
            Some((shift, unit)) => write!(f, "{}{unit}", self.0 >> shift),
            None => write!(f, "{}", self.0),
        }
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected a number of bytes or a text such as \"256MiB\"")]
        enum Written {
            Number(u64),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Number(bytes) => Ok(Self(bytes)),
            Written::Text(text) => Self::parse(&text).map_err(serde::de::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests;
