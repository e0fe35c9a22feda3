//! What can be typed. Types only: the doc comments are the help.

mod maintenance;
mod verbs;

use std::path::PathBuf;

#[cfg(feature = "aws")]
use clap::builder::RangedU64ValueParser;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

use super::output::OutputFormat;
use super::printer::ColorChoice;
#[cfg(feature = "aws")]
use super::resolve::{AT_ONCE_MAX, REQUEST_TIMEOUT_MAX};
use crate::analysis::outcome::Severity;

pub use maintenance::{RedactArgs, RetainArgs, StatusArgs, VerifyArgs};
pub use verbs::{BisectArgs, BlameArgs, ChangeWord, DiffArgs, FilterArgs, LogArgs, PageFormatArgs, ShowArgs, TagArgs, WatchArgs};

/// git log for infrastructure: what your cloud looked like, in SQL
///
/// Elava keeps every observed version of every cloud resource and answers in SQL at any
/// revision. Without a command it opens the SQL shell.
///
///   elava demo
///   elava --store elava-demo sql "SELECT * FROM changes('head~1', 'head')"
#[derive(Debug, Parser)]
#[command(name = "elava", version, verbatim_doc_comment, max_term_width = 100, disable_help_subcommand = true)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// What to do; nothing opens the shell.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options of every command.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// The store: a folder, or s3://bucket/prefix [env: ELAVA_STORE]
    #[arg(long, global = true, value_name = "PATH", value_hint = ValueHint::DirPath)]
    pub store: Option<String>,
    /// The settings file [env: ELAVA_CONFIG] [default: ./elava.toml]
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// Log what happens to stderr; twice for more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", hide_possible_values = true, help = "When to use colour: auto, always, never")]
    pub color: Option<ColorChoice>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run SQL statements over the history
    ///
    ///   elava sql "SELECT resource_type, count(*) FROM resources GROUP BY 1"
    ///   elava sql --as-of '7 days ago' -f report.sql --format csv --output report.csv
    #[command(verbatim_doc_comment)]
    Sql(SqlArgs),
    /// Import observations from files
    ///
    /// Reads Elava's own format (one JSON object a line), answers of the AWS command line, or
    /// deliveries of AWS Config; .gz and .zst as they are. A scan that the store has is skipped.
    ///
    ///   elava import monday.ndjson tuesday.ndjson.zst
    ///   aws ec2 describe-instances |
    ///     elava import --format aws-cli --account 111122223333 --region us-east-1 -
    #[command(verbatim_doc_comment)]
    Import(ImportArgs),
    /// Scan AWS accounts and record what is there
    ///
    /// Lists every resource type of an account in a region, or in several; of the accounts
    /// that the options name, else of those in elava.toml. It only ever reads; --dry-run
    /// prints what it would ask, and the permissions that it needs.
    ///
    ///   elava scan --region eu-central-1
    ///   elava scan --profile audit --all-regions
    ///   elava scan --organization-role audit --all-regions
    ///
    /// Exit status 3 if something could not be seen in full: it is in the table coverage.
    #[cfg(feature = "aws")]
    #[command(verbatim_doc_comment)]
    Scan(ScanArgs),
    /// Do the jobs of elava.toml when they are due
    ///
    /// Scans, checks, queries, exports, compaction and retention, by periods and cron expressions;
    /// without jobs in elava.toml, a scan every hour. Several daemons on one store share the work.
    /// SIGTERM and Ctrl-C end it as soon as what was seen is durable.
    ///
    ///   elava daemon
    ///   elava daemon --config /etc/elava.toml
    #[command(verbatim_doc_comment)]
    Daemon,
    /// Show scans, changes, or the versions of one resource, newest first
    ///
    /// Without a resource or a filter it lists scans; with a filter, the changes that pass it.
    ///
    ///   elava log
    ///   elava log i-0abc --oneline
    ///   elava log --path /properties/InstanceType --since '30 days ago'
    ///   elava log --type 'aws_vpc*' --stat
    #[command(verbatim_doc_comment)]
    Log(LogArgs),
    /// Show one resource in full, as it was at a point
    ///
    ///   elava show i-0abc
    ///   elava show prod-db '2 weeks ago'
    #[command(verbatim_doc_comment)]
    Show(ShowArgs),
    /// Compare the states at two points, attribute by attribute
    ///
    ///   elava diff yesterday
    ///   elava diff head~1 head --type aws_vpc_security_group
    ///   elava diff baseline head --stat --exit-code
    #[command(verbatim_doc_comment)]
    Diff(DiffArgs),
    /// Tell what last changed each attribute of a resource
    ///
    ///   elava blame i-0abc
    ///   elava blame prod-db 2026-10-01
    #[command(verbatim_doc_comment)]
    Blame(BlameArgs),
    /// Find the revision at which a query began, or ceased, to return rows
    ///
    /// The query is run at points in between, half as far apart each time. Exit status 1 if it
    /// returns rows at both ends, or at neither.
    ///
    ///   elava bisect "SELECT 1 FROM aws_ec2_instance WHERE instance_type = 'm6i.2xlarge'"
    ///   elava bisect --all "SELECT 1 FROM aws_ec2_instance HAVING count(*) > 30"
    #[command(verbatim_doc_comment)]
    Bisect(BisectArgs),
    /// Name a revision, or list the names
    ///
    ///   elava tag before-migration
    ///   elava tag quarter-end 2026-09-30
    ///   elava tag audit-2026 2026-12-31 --hold
    #[command(verbatim_doc_comment)]
    Tag(TagArgs),
    /// Print changes as they are committed, one JSON object a line
    ///
    /// Each line is a row of changes(from, to); its revision is what --from takes to go on after
    /// it. Ctrl-C and SIGTERM end it between two lines.
    ///
    ///   elava watch
    ///   elava watch --from 12932 --type aws_vpc_security_group
    #[command(verbatim_doc_comment)]
    Watch(WatchArgs),
    /// Check resources against packs of rules, now or in the past
    ///
    /// Each check is a SQL query that returns what violates it, and says since when that is so. Of
    /// the packs and checks that are named, else of those in elava.toml, else of all.
    ///
    ///   elava check
    ///   elava check orphans ebs-volume-unattached --severity medium
    ///   elava check network-exposure --as-of 2026-10-01
    ///   elava check encryption --between '90 days ago' --and head
    ///
    /// Exit status 1 if something that is not exempt violates a check, or could not be seen; 2 if a
    /// check could not be run.
    #[command(verbatim_doc_comment)]
    Check(CheckArgs),
    /// Write a table to files that other engines read
    ///
    ///   elava export --table resources --as-of 2026-10-01 --to ./october
    ///   elava export --table changes --from head~10 --to head --to ./changes --format csv
    #[command(verbatim_doc_comment)]
    Export(ExportArgs),
    /// Make a demo store and show what a history can answer
    ///
    ///   elava demo
    ///   elava --store elava-demo
    #[command(verbatim_doc_comment)]
    Demo(DemoArgs),
    /// Turn the newest part of the log into tables
    ///
    /// Writing does this by itself from time to time. No answer changes.
    ///
    ///   elava compact
    #[command(verbatim_doc_comment)]
    Compact,
    /// Raise the oldest revision that is kept, and remove what is older
    ///
    /// Without an option, as elava.toml says of retention. The newest state stays, and so do
    /// scans, coverage and the log of what happened. Tags made with --hold, and scans that have
    /// not ended, hold it back. What went cannot be had back.
    ///
    ///   elava retain --keep 400d --dry-run
    ///   elava retain --before 2026-01-01
    #[command(verbatim_doc_comment)]
    Retain(RetainArgs),
    /// Replace what was recorded of a resource by a token, everywhere
    ///
    /// For content that must not be kept. Of every version so far, properties become a random
    /// token, and name, ARN, state, times and tags of the cloud go; so do the messages of findings.
    /// The key stays, and so does what happened when. Files that held it are written anew and
    /// removed at once, and the log's payload up to now is cut off; its chain still verifies. It
    /// cannot be had back. A later scan records what it sees then: cure or exclude that first.
    /// Backups, exports and copies keep what they hold.
    ///
    ///   elava redact i-097260e5ec18f6fa5 --reason 'a password in the user data' --dry-run
    #[command(verbatim_doc_comment)]
    Redact(RedactArgs),
    /// Read the whole store and check that nothing is damaged or altered
    ///
    /// Every hash, the chain of the log, each file against the manifest, and the tables against
    /// each other and against all of the log that is left. Writers may go on meanwhile. Exit
    /// status 1 if something is wrong. The head hash that it prints, noted elsewhere, proves
    /// later that nothing before it was altered.
    ///
    ///   elava verify
    ///   elava verify --deep
    ///   elava verify --head 5f2c...
    #[command(verbatim_doc_comment)]
    Verify(VerifyArgs),
    /// Copy the store to another place, or bring such a copy up to date
    ///
    /// Copies what is missing there, checked, while writers go on; what is there already stays. A
    /// run that stops halfway leaves the backup as it was. A backup is read as any store is, and
    /// never written to.
    ///
    ///   elava backup /mnt/backup/elava
    ///   elava --store /mnt/backup/elava log
    #[command(verbatim_doc_comment)]
    Backup(BackupArgs),
    /// Make a store of a backup
    ///
    /// The store must be a place where nothing is yet, or one with the same beginning: then it is
    /// brought up to date. If both have gone on from there, it is refused, and said where they part.
    ///
    ///   elava --store /var/lib/elava restore /mnt/backup/elava
    #[command(verbatim_doc_comment)]
    Restore(RestoreArgs),
    /// Tell what would cure a damaged store, or do what is told
    ///
    /// Without an option nothing is altered. With one, just that is done, and written into the log.
    ///
    ///   elava repair
    ///   elava repair --from /mnt/backup/elava
    ///   elava repair --rebuild-tables
    #[command(verbatim_doc_comment)]
    Repair(RepairArgs),
    /// Tell what the store holds and how large it is
    ///
    ///   elava status --json
    #[command(verbatim_doc_comment)]
    Status(StatusArgs),
    /// Print every setting, its value and where it came from
    ///
    ///   elava config
    #[command(verbatim_doc_comment)]
    Config,
    /// Print a script that completes commands in a shell
    ///
    /// It completes the names of resources, tags, types and regions too: the script asks elava
    /// for them, which looks into the store that the command line names.
    ///
    ///   source <(elava completions bash)
    ///   elava completions fish | source
    #[command(verbatim_doc_comment)]
    Completions(CompletionsArgs),
}

/// `elava sql`
#[derive(Debug, Args)]
pub struct SqlArgs {
    /// Statements, separated by `;` [default: standard input]
    #[arg(value_name = "SQL", conflicts_with = "file")]
    pub sql: Option<String>,
    /// Read the statements from a file; - is standard input
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: Option<PathBuf>,
    /// Format and destination.
    #[command(flatten)]
    pub format: FormatArgs,
    /// Write results to a file, which is replaced when all is done
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// See the store as it stood: a revision, head~N, time, duration or tag
    #[arg(long, value_name = "POINT")]
    pub as_of: Option<String>,
    /// Print the time of each statement to stderr
    #[arg(long)]
    pub timing: bool,
    /// Most rows that table, vertical and markdown show
    #[arg(long, value_name = "N")]
    pub max_rows: Option<usize>,
    /// In json and ndjson, write tags and properties as JSON, not as text
    #[arg(long)]
    pub nested: bool,
}

/// How results are written.
#[derive(Debug, Clone, Default, Args)]
pub struct FormatArgs {
    /// How results are written [default: table]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<OutputFormat>,
}

/// `elava import`
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Files; - is standard input
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub files: Vec<String>,
    /// What the files hold
    #[arg(long, value_name = "FORMAT", default_value = "ndjson")]
    pub format: ImportFormat,
    /// The files list all there is of each scope in them: what is missing is gone
    #[arg(long)]
    pub complete: bool,
    /// When the files were made, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// The account that was asked, where the files do not tell
    #[arg(long, value_name = "ID")]
    pub account: Option<String>,
    /// The region that was asked, where the files do not tell
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// Record times that lie before the store's newest as the newest
    #[arg(long)]
    pub lift: bool,
    /// Keep values that are known to be secrets
    #[arg(long)]
    pub no_redact: bool,
}

/// What files to import hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ImportFormat {
    /// One JSON object a line: Elava's own format
    Ndjson,
    /// What `aws ... describe-*` and `list-*` print
    AwsCli,
    /// Items, snapshots, history files and query results of AWS Config
    AwsConfig,
}

/// `elava scan`
#[cfg(feature = "aws")]
#[derive(Debug, Default, Args)]
pub struct ScanArgs {
    /// A region; may be given several times [default: that of the profile]
    #[arg(long, value_name = "REGION")]
    pub region: Vec<String>,
    /// All regions that are enabled in the account
    #[arg(long, conflicts_with = "region")]
    pub all_regions: bool,
    /// Only resources of this type; may be given several times, and `*` in it stands for any text. A type that has no listing
    /// of its own goes by AWS's name for it: AWS::Logs::LogGroup, 'AWS::*::*'
    #[arg(long = "type", value_name = "TYPE")]
    pub types: Vec<String>,
    /// No resources of this type; as --type
    #[arg(long, value_name = "TYPE")]
    pub exclude_type: Vec<String>,
    /// A profile of the AWS configuration; may be given several times, once for each account
    #[arg(long, value_name = "NAME")]
    pub profile: Vec<String>,
    /// A role to take on; may be given several times, once for each account
    #[arg(long, value_name = "ARN", group = "role")]
    pub role_arn: Vec<String>,
    /// A role of this name in every account of the organization; closed accounts are skipped
    #[arg(long, value_name = "NAME", group = "role")]
    pub organization_role: Option<String>,
    /// The external id that the owner of the role asks for
    #[arg(long, value_name = "ID", requires = "role")]
    pub external_id: Option<String>,
    /// Where AWS is reached, for a server of your own
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub endpoint_url: Option<String>,
    /// How long AWS may take to answer a request, before it is sent again [default: 60]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=REQUEST_TIMEOUT_MAX))]
    pub request_timeout: Option<u64>,
    /// Listings that are read at once [default: 16]
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=AT_ONCE_MAX as u64))]
    pub at_once: Option<usize>,
    /// Look at the settings of buckets that are new or changed only
    ///
    /// Others are seen as they are known. What changed in their settings meanwhile is only seen by a
    /// scan without this flag: run one now and then.
    #[arg(long)]
    pub incremental: bool,
    /// Scan again and again, at this interval: 90s, 15m, 6h, 1d
    #[arg(long, value_name = "PERIOD", conflicts_with = "dry_run")]
    pub every: Option<String>,
    /// Read recorded answers in place of AWS: ACCOUNT/REGION/SERVICE-OPERATION.xml in this folder
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath, conflicts_with_all = [
        "region", "all_regions", "types", "exclude_type", "profile", "role", "endpoint_url", "request_timeout", "incremental",
    ])]
    pub replay: Option<PathBuf>,
    /// Print what would be asked and the permissions for it, and ask nothing of that
    #[arg(long)]
    pub dry_run: bool,
}

/// `elava check`
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Packs, or single checks by their ids [default: all]
    #[arg(value_name = "PACK|CHECK")]
    pub names: Vec<String>,
    /// Check the state at a point: a revision, head~N, time, duration or tag [default: head]
    #[arg(long, value_name = "POINT", conflicts_with = "between")]
    pub as_of: Option<String>,
    /// Tell when checks were violated from this point ...
    #[arg(long, value_name = "POINT", requires = "and")]
    pub between: Option<String>,
    /// ... to this one
    #[arg(long, value_name = "POINT", requires = "between")]
    pub and: Option<String>,
    /// Only checks that are at least so severe: low, medium, high, critical
    #[arg(long, value_name = "SEVERITY", default_value = "low", hide_default_value = true)]
    pub severity: Severity,
    /// Only what is wrong with resources for which this SQL condition holds
    #[arg(long = "where", value_name = "SQL")]
    pub condition: Option<String>,
    /// End with status 1 if something at least so severe is found, or could not be seen: low, medium, high, critical or never [default: low]
    #[arg(long, value_name = "SEVERITY", default_value = "low", hide_default_value = true, hide_possible_values = true)]
    pub fail_on: FailOn,
    /// A folder of packs of your own, or one pack; may be given several times
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub pack_dir: Vec<PathBuf>,
    /// The value of a parameter of a pack; may be given several times
    #[arg(long, value_name = "PACK.NAME=VALUE")]
    pub parameter: Vec<String>,
    /// List packs and checks, and run none
    #[arg(long, conflicts_with_all = ["as_of", "between", "condition", "no_record", "print_sql"])]
    pub list: bool,
    /// Do not record the run and its findings in the store
    #[arg(long)]
    pub no_record: bool,
    /// Resolve findings of checks that no pack has any more
    #[arg(long, conflicts_with_all = ["as_of", "between", "condition", "list", "no_record", "print_sql"])]
    pub resolve_removed: bool,
    /// Print the SQL of the checks instead of running them
    #[arg(long)]
    pub print_sql: bool,
    /// How the outcome is written [default: table]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<CheckFormat>,
}

/// From which severity on a run fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the severities")]
pub enum FailOn {
    Low,
    Medium,
    High,
    Critical,
    /// Whatever is found.
    Never,
}

/// How the outcome of checks is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// For people: what did not pass, and totals
    Table,
    /// All of the outcome, one JSON object
    Json,
    /// One finding a line, as JSON
    Ndjson,
    /// One finding a line, with a header line
    Csv,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// JUnit XML, for build servers
    Junit,
    /// Markdown, for the comment of a pull request or a wiki
    Markdown,
}

/// `elava export`
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The table: resources, resource_versions, changes, observations, a typed view, ...
    #[arg(long, value_name = "TABLE")]
    pub table: String,
    /// The table as it stood: a revision, head~N, time, duration or tag
    #[arg(long, value_name = "POINT", conflicts_with = "from")]
    pub as_of: Option<String>,
    /// Only what happened after this point (changes, diff, observations)
    #[arg(long, value_name = "POINT")]
    pub from: Option<String>,
    /// The folder to make; with --from, the first --to after it is the end of the range
    #[arg(long, value_name = "DIR", required = true, action = ArgAction::Append)]
    pub to: Vec<String>,
    /// Only rows for which this SQL condition holds
    #[arg(long = "where", value_name = "SQL")]
    pub condition: Option<String>,
    /// A folder per value: provider, account_id, region, resource_type
    #[arg(long, value_name = "COLUMN", value_delimiter = ',', hide_possible_values = true)]
    pub partition_by: Vec<PartitionColumn>,
    /// What to write
    #[arg(long, value_name = "FORMAT", default_value = "parquet")]
    pub format: ExportFormat,
}

/// A column that an export can be split by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names of columns")]
pub enum PartitionColumn {
    Provider,
    AccountId,
    Region,
    ResourceType,
}

/// A format of exported files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// Parquet (zstd)
    Parquet,
    /// Comma-separated with a header line
    Csv,
    /// One JSON object a line
    Ndjson,
    /// An Arrow IPC stream
    Arrow,
}

/// `elava demo`
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// The folder to make
    #[arg(value_name = "DIR", default_value = "elava-demo", value_hint = ValueHint::DirPath)]
    pub folder: PathBuf,
    /// Print the SQL of the tour instead of running it
    #[arg(long)]
    pub print_sql: bool,
}

/// `elava backup`
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// Where the backup is to be: a folder, or a URL such as s3://bucket/prefix
    #[arg(value_name = "TO", value_hint = ValueHint::DirPath)]
    pub to: String,
    /// Remove files from the backup that nothing in it needs any more
    #[arg(long)]
    pub prune: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `elava restore`
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// Where the backup is: a folder, or a URL such as s3://bucket/prefix
    #[arg(value_name = "FROM", value_hint = ValueHint::DirPath)]
    pub from: String,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `elava repair`
#[derive(Debug, Args)]
pub struct RepairArgs {
    /// Fetch what is damaged or missing from a backup
    #[arg(long, value_name = "BACKUP", value_hint = ValueHint::DirPath, conflicts_with_all = ["rebuild_tables", "drop_manifest"])]
    pub from: Option<String>,
    /// Make all tables anew from the log, of which nothing may be missing
    #[arg(long, conflicts_with = "drop_manifest")]
    pub rebuild_tables: bool,
    /// Give a damaged manifest up, and make the tables anew from the one before it
    #[arg(long, value_name = "NUMBER")]
    pub drop_manifest: Option<u64>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `elava completions`
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}
