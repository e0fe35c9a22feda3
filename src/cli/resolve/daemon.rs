//! What the settings say of the daemon: jobs that can be done, and where messages go.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use chrono::DateTime;
use chrono::format::{Item, StrftimeItems};
use chrono_tz::Tz;
use clap::ValueEnum;

use super::{Resolver, Setting, choice};
use crate::cli::args::{ExportFormat, PartitionColumn};
use crate::cli::output::OutputFormat;
use crate::error::{Error, Result};
use crate::model::{TimeSpan, Timestamp};
use crate::notify::{SecretHeaders, SecretUrl, Wanted};
use crate::schedule::{Beat, Cron, Job, Timing, zone};
use crate::settings::{ExportJobSettings, FileSettings, JobSettings, NotifySettings, QueryJobSettings, ScanJobSettings};

/// What the daemon does if nobody says: it scans, once an hour.
const DEFAULT_JOB: &str = "scan";
/// How often it does.
const DEFAULT_PERIOD: TimeSpan = TimeSpan::from_seconds(3600);

/// The settings of the daemon.
#[derive(Debug, Clone)]
pub struct Daemon {
    /// The time zone of cron expressions and of dates in names of files.
    pub time_zone: Setting<Tz>,
    /// Where it tells how it is, if it does.
    pub listen: Setting<Option<SocketAddr>>,
    /// What it does.
    pub jobs: Setting<Vec<JobPlan>>,
    /// Where messages go.
    pub targets: Vec<TargetPlan>,
}

/// A job: what is to be done, in this order.
#[derive(Debug, Clone)]
pub struct JobPlan {
    /// Its name, and when it is due.
    pub job: Job,
    /// A scan.
    pub scan: Option<ScanJobSettings>,
    /// Packs and checks.
    pub check: Option<Vec<String>>,
    /// A query.
    pub query: Option<QueryPlan>,
    /// An export.
    pub export: Option<ExportPlan>,
    /// Compaction.
    pub compact: bool,
    /// Retention.
    pub retain: bool,
    /// Who is told.
    pub notify: Vec<String>,
}

/// A query of a job.
#[derive(Debug, Clone)]
pub struct QueryPlan {
    /// The statement.
    pub sql: Statement,
    /// The file for its rows, and how they are written.
    pub to: Option<(DatedPath, OutputFormat)>,
}

/// A statement, or the file that it is in.
#[derive(Debug, Clone)]
pub enum Statement {
    Text(String),
    File(PathBuf),
}

/// An export of a job.
#[derive(Debug, Clone)]
pub struct ExportPlan {
    /// The table.
    pub table: String,
    /// The folder to make.
    pub to: DatedPath,
    /// The table as it stood then.
    pub as_of: Option<String>,
    /// Only rows for which this holds.
    pub condition: Option<String>,
    /// A folder per value.
    pub partition_by: Vec<PartitionColumn>,
    /// What to write.
    pub format: ExportFormat,
}

/// A place where messages go.
#[derive(Debug, Clone)]
pub struct TargetPlan {
    /// Its name.
    pub name: String,
    /// How they get there.
    pub way: Way,
    /// Which do.
    pub wanted: Vec<Wanted>,
}

/// How messages get somewhere.
#[derive(Debug, Clone)]
pub enum Way {
    Webhook(SecretUrl, SecretHeaders),
    Slack(SecretUrl),
    File(PathBuf),
    Command(Vec<String>),
}

/// A path in which `%Y-%m-%d` and the like stand for a time.
#[derive(Debug, Clone)]
pub struct DatedPath {
    base: PathBuf,
    pattern: String,
}

impl DatedPath {
    fn parse(pattern: &str, base: &Path) -> Result<Self> {
        if StrftimeItems::new(pattern).any(|item| matches!(item, Item::Error)) {
            return Err(Error::invalid(format!("expected a path with %Y, %m, %d, %H, %M or the like in it, found {pattern:?}"))
                .with_hint("write %% for a percent sign"));
        }
        Ok(Self { base: base.to_owned(), pattern: pattern.to_owned() })
    }

    /// The path at a time, as a zone's clocks show it.
    pub fn at(&self, time: Timestamp, zone: Tz) -> PathBuf {
        let time = DateTime::from_timestamp_micros(time.micros()).unwrap_or_default().with_timezone(&zone);
        self.base.join(time.format(&self.pattern).to_string())
    }
}

impl fmt::Display for DatedPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.pattern)
    }
}

impl Daemon {
    /// The file's values over the shipped ones.
    ///
    /// # Errors
    /// `Invalid` for a value that cannot be.
    pub(super) fn resolve(file: &FileSettings, resolver: &Resolver<'_>) -> Result<Self> {
        let said = &file.daemon;
        let time_zone = said.time_zone.as_deref().map(zone).transpose().map_err(|error| error.context("daemon.time_zone"));
        let time_zone = resolver.said(time_zone, Tz::UTC)?;
        let base = resolver.config.and_then(Path::parent).unwrap_or(Path::new(""));
        let jobs = said
            .jobs
            .iter()
            .map(|job| JobPlan::resolve(job, time_zone.value, base).map_err(|error| error.context(format!("daemon.jobs, {:?}", job.name))));
        let jobs = jobs.collect::<Result<Vec<_>>>().map(|jobs| Some(jobs).filter(|jobs| !jobs.is_empty()));
        let targets = file.notify.iter().map(|target| {
            TargetPlan::resolve(target, base).map_err(|error| resolver.in_file(error.context(format!("notify, {:?}", target.name))))
        });
        Ok(Self {
            time_zone,
            listen: resolver.said(address(said.listen.as_deref()).map(|address| address.map(Some)), None)?,
            jobs: resolver.said(jobs, vec![JobPlan::scan_every(Timing::new(Beat::Every(DEFAULT_PERIOD), None)?)])?,
            targets: targets.collect::<Result<_>>()?,
        })
    }
}

fn address(said: Option<&str>) -> Result<Option<SocketAddr>> {
    let parse = |text: &str| {
        text.parse().map_err(|_| Error::invalid(format!("daemon.listen: expected an address such as 127.0.0.1:9464, found {text:?}")))
    };
    said.map(parse).transpose()
}

impl JobPlan {
    /// A job that does nothing, at a time.
    fn new(name: &str, timing: Timing) -> Self {
        let job = Job { name: name.to_owned(), timing };
        Self { job, scan: None, check: None, query: None, export: None, compact: false, retain: false, notify: Vec::new() }
    }

    /// Scans all that the settings name, and compacts what was written.
    pub fn scan_every(timing: Timing) -> Self {
        Self { scan: Some(ScanJobSettings::default()), compact: true, ..Self::new(DEFAULT_JOB, timing) }
    }

    fn resolve(said: &JobSettings, zone: Tz, base: &Path) -> Result<Self> {
        let period =
            |text: &Option<String>, key| text.as_deref().map(TimeSpan::parse).transpose().map_err(|error: Error| error.context(key));
        let jitter = period(&said.jitter, "jitter")?;
        let beat = match (period(&said.every, "every")?, &said.cron) {
            (Some(period), _) => Beat::Every(period),
            (None, cron) => {
                Beat::Cron(Box::new(Cron::parse(cron.as_deref().unwrap_or_default(), zone).map_err(|error| error.context("cron"))?))
            }
        };
        Ok(Self {
            scan: said.scan.clone(),
            check: said.check.clone(),
            query: said.query.as_ref().map(|query| QueryPlan::resolve(query, base).map_err(|error| error.context("query"))).transpose()?,
            export: said
                .export
                .as_ref()
                .map(|said| ExportPlan::resolve(said, base).map_err(|error| error.context("export")))
                .transpose()?,
            compact: said.compact.unwrap_or(false),
            retain: said.retain.unwrap_or(false),
            notify: said.notify.clone(),
            ..Self::new(&said.name, Timing::new(beat, jitter)?)
        })
    }
}

impl QueryPlan {
    fn resolve(said: &QueryJobSettings, base: &Path) -> Result<Self> {
        let sql = match (&said.sql, &said.file) {
            (Some(sql), _) => Statement::Text(sql.clone()),
            (None, file) => Statement::File(base.join(file.as_deref().unwrap_or_default())),
        };
        let format = said.format.as_deref().map(choice).transpose().map_err(|error| error.context("format"))?;
        let to = match (&said.to, format) {
            (Some(to), format) => Some((DatedPath::parse(to, base)?, format.unwrap_or(OutputFormat::Csv))),
            (None, Some(_)) => return Err(Error::invalid("format is for a file, and there is no to")),
            (None, None) => None,
        };
        Ok(Self { sql, to })
    }
}

impl ExportPlan {
    fn resolve(said: &ExportJobSettings, base: &Path) -> Result<Self> {
        let column = |name: &String| {
            let known =
                PartitionColumn::value_variants().iter().find(|column| column.to_possible_value().is_some_and(|v| v.get_name() == name));
            known
                .copied()
                .ok_or_else(|| Error::invalid(format!("partition_by: {name:?} is none of provider, account_id, region, resource_type")))
        };
        Ok(Self {
            table: said.table.clone(),
            to: DatedPath::parse(&said.to, base)?,
            as_of: said.as_of.clone(),
            condition: said.condition.clone(),
            partition_by: said.partition_by.iter().map(column).collect::<Result<_>>()?,
            format: said
                .format
                .as_deref()
                .map(choice)
                .transpose()
                .map_err(|error| error.context("format"))?
                .unwrap_or(ExportFormat::Parquet),
        })
    }
}

impl TargetPlan {
    fn resolve(said: &NotifySettings, base: &Path) -> Result<Self> {
        let way = match (&said.webhook, &said.slack, &said.file, &said.command) {
            (Some(url), ..) => {
                let headers = said.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
                let headers = SecretHeaders::parse(headers).map_err(|error| error.context("headers"))?;
                Way::Webhook(SecretUrl::parse(url).map_err(|error| error.context("webhook"))?, headers)
            }
            (_, Some(url), ..) => Way::Slack(SecretUrl::parse(url).map_err(|error| error.context("slack"))?),
            (_, _, Some(path), _) => Way::File(base.join(path)),
            (.., command) => Way::Command(command.clone().unwrap_or_default()),
        };
        let wanted = match said.on.as_deref() {
            None | Some([]) => vec![Wanted::Changes],
            Some(words) => words.iter().map(|word| Wanted::parse(word).map_err(|error| error.context("on"))).collect::<Result<_>>()?,
        };
        Ok(Self { name: said.name.clone(), way, wanted })
    }
}
