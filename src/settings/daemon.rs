//! What the settings file says of the daemon: which jobs it does, when, and who is told.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::error::{Error, Result};

/// A name is in the names of objects, and of metrics.
const NAME_CHARS_MAX: usize = 60;

/// `[daemon]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DaemonSettings {
    /// The time zone of cron expressions and of dates in names of files.
    pub time_zone: Option<String>,
    /// The address at which it tells how it is.
    pub listen: Option<String>,
    /// What it does.
    pub jobs: Vec<JobSettings>,
}

/// `[[daemon.jobs]]`: what is to be done, in this order, and when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobSettings {
    /// Its name.
    pub name: String,
    /// Its period: `90s`, `15m`, `6h`, `1d`.
    pub every: Option<String>,
    /// Or when it is due.
    pub cron: Option<String>,
    /// The most by which it starts later than it is due.
    pub jitter: Option<String>,
    /// Scans what `[aws]` names.
    pub scan: Option<ScanJobSettings>,
    /// Runs these packs and checks.
    pub check: Option<Vec<String>>,
    /// Runs a query.
    pub query: Option<QueryJobSettings>,
    /// Writes a table to files.
    pub export: Option<ExportJobSettings>,
    /// Compacts the log.
    pub compact: Option<bool>,
    /// Raises the floor as `[retention]` says.
    pub retain: Option<bool>,
    /// Who is told.
    #[serde(default)]
    pub notify: Vec<String>,
}

/// `scan = { .. }`: as the options of `elava scan`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScanJobSettings {
    /// Only these regions.
    pub regions: Vec<String>,
    /// Only these types.
    pub types: Vec<String>,
    /// None of these types.
    pub exclude_types: Vec<String>,
    /// Only settings of buckets that are new or changed.
    pub incremental: bool,
}

/// `query = { .. }`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QueryJobSettings {
    /// The statement.
    pub sql: Option<String>,
    /// Or the file that it is in.
    pub file: Option<String>,
    /// The file that the rows are written to; `%Y-%m-%d` and the like stand for the time at which the job is due.
    pub to: Option<String>,
    /// How.
    pub format: Option<String>,
}

/// `export = { .. }`: as the options of `elava export`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportJobSettings {
    /// The table.
    pub table: String,
    /// The folder to make; `%Y-%m-%d` and the like stand for the time at which the job is due.
    pub to: String,
    /// The table as it stood then.
    pub as_of: Option<String>,
    /// Only rows for which this holds.
    #[serde(rename = "where")]
    pub condition: Option<String>,
    /// A folder per value.
    #[serde(default)]
    pub partition_by: Vec<String>,
    /// What to write.
    pub format: Option<String>,
}

/// `[[notify]]`: one place where messages go.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotifySettings {
    /// Its name.
    pub name: String,
    /// JSON is posted to this URL,
    pub webhook: Option<String>,
    /// with these headers;
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// or posted to this one in Slack's format,
    pub slack: Option<String>,
    /// or appended to this file,
    pub file: Option<String>,
    /// or given to this program.
    pub command: Option<Vec<String>>,
    /// Which messages: `changes`, `failures`, `all`.
    pub on: Option<Vec<String>>,
}

impl DaemonSettings {
    /// Checks what the shape of the file does not tell.
    pub(super) fn check(&self, targets: &[NotifySettings]) -> Result<()> {
        check_names("notify", targets.iter().map(|target| target.name.as_str()))?;
        check_names("daemon.jobs", self.jobs.iter().map(|job| job.name.as_str()))?;
        for target in targets {
            target.check().map_err(|error| error.context(format!("notify, {:?}", target.name)))?;
        }
        for job in &self.jobs {
            job.check(targets).map_err(|error| error.context(format!("daemon.jobs, {:?}", job.name)))?;
        }
        Ok(())
    }
}

impl JobSettings {
    fn check(&self, targets: &[NotifySettings]) -> Result<()> {
        if self.every.is_some() == self.cron.is_some() {
            return Err(Error::invalid("expected every = \"6h\" or cron = \"0 6 * * *\", one of the two"));
        }
        let upkeep = [self.compact, self.retain].contains(&Some(true));
        let steps = [self.scan.is_some(), self.check.is_some(), self.query.is_some(), self.export.is_some(), upkeep];
        if !steps.contains(&true) {
            return Err(Error::invalid("expected something to do: scan, check, query, export, compact or retain"));
        }
        if self.query.as_ref().is_some_and(|query| query.sql.is_some() == query.file.is_some()) {
            return Err(Error::invalid("query: expected sql or file, one of the two"));
        }
        if let Some(unknown) = self.notify.iter().find(|name| !targets.iter().any(|target| target.name == **name)) {
            return Err(Error::invalid(format!("notify: there is no [[notify]] of the name {unknown:?}")));
        }
        Ok(())
    }
}

impl NotifySettings {
    fn check(&self) -> Result<()> {
        let ways = [self.webhook.is_some(), self.slack.is_some(), self.file.is_some(), self.command.is_some()];
        if ways.iter().filter(|way| **way).count() != 1 {
            return Err(Error::invalid("expected webhook, slack, file or command, one of them"));
        }
        if !self.headers.is_empty() && self.webhook.is_none() {
            return Err(Error::invalid("headers are those of a webhook, and there is none"));
        }
        if self.command.as_ref().is_some_and(Vec::is_empty) {
            return Err(Error::invalid("command: expected a program and its arguments"));
        }
        Ok(())
    }
}

/// Names are of letters, digits and hyphens, and no two are the same.
fn check_names<'n>(place: &str, names: impl Iterator<Item = &'n str>) -> Result<()> {
    let mut seen = BTreeSet::new();
    for name in names {
        let is_plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if name.is_empty() || name.len() > NAME_CHARS_MAX || !is_plain {
            return Err(Error::invalid(format!(
                "{place}: expected a name of up to {NAME_CHARS_MAX} small letters, digits and hyphens, found {name:?}"
            )));
        }
        if !seen.insert(name) {
            return Err(Error::invalid(format!("{place}: the name {name:?} is there twice")));
        }
    }
    Ok(())
}
