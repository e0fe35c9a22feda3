//! What can be typed after the git-like verbs. Value names tell what is completed in the user's shell.

use clap::{Args, ValueEnum};

use super::FormatArgs;
use crate::cli::output::OutputFormat;

/// The longest time between two looks of `elava watch`: a day.
const INTERVAL_SECONDS_MAX: u64 = 86_400;

/// Which changes are told of.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Filters")]
pub struct FilterArgs {
    /// Only resources of this type; may be given several times, and `*` in it stands for any text
    #[arg(long = "type", value_name = "TYPE")]
    pub types: Vec<String>,
    /// Only resources of this account; may be given several times
    #[arg(long = "account", value_name = "ACCOUNT")]
    pub accounts: Vec<String>,
    /// Only resources of this region; may be given several times
    #[arg(long = "region", value_name = "REGION")]
    pub regions: Vec<String>,
    /// Only such changes; may be given several times
    #[arg(long = "change", value_name = "CHANGE")]
    pub changes: Vec<ChangeWord>,
    /// Only changes of this attribute, or in it: a JSON Pointer, such as /properties/InstanceType or /tags
    #[arg(long, value_name = "POINTER")]
    pub path: Option<String>,
    /// Only rows for which this SQL condition holds
    #[arg(long = "where", value_name = "SQL")]
    pub condition: Option<String>,
}

/// Whether a page is written, or rows.
#[derive(Debug, Clone, Default, Args)]
pub struct PageFormatArgs {
    /// Write rows, in this format, in place of a page for people
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<OutputFormat>,
}

/// What a change did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the words of the column")]
pub enum ChangeWord {
    Created,
    Updated,
    Deleted,
}

/// `elava log`
#[derive(Debug, Args)]
pub struct LogArgs {
    /// A resource: its key, ARN, id or name [default: all]
    #[arg(value_name = "RESOURCE")]
    pub resource: Option<String>,
    /// Only what happened after this point
    #[arg(long, value_name = "POINT")]
    pub since: Option<String>,
    /// Only what happened up to this point
    #[arg(long, value_name = "POINT")]
    pub until: Option<String>,
    /// Most rows [default: 20 where people read them, else all]
    #[arg(short = 'n', long, value_name = "N")]
    pub limit: Option<u64>,
    /// One line each
    #[arg(long, conflicts_with = "format")]
    pub oneline: bool,
    /// How much each scan changed, by resource type
    #[arg(long, conflicts_with_all = ["oneline", "resource"])]
    pub stat: bool,
    /// Format.
    #[command(flatten)]
    pub format: FormatArgs,
    /// Print the SQL instead of running it
    #[arg(long)]
    pub print_sql: bool,
    /// Filters.
    #[command(flatten)]
    pub filter: FilterArgs,
}

/// `elava show`
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// A resource: its key, ARN, id or name
    #[arg(value_name = "RESOURCE")]
    pub resource: String,
    /// The point: a revision, head~N, time, duration or tag
    #[arg(value_name = "AT", default_value = "head")]
    pub at: String,
    /// Format.
    #[command(flatten)]
    pub format: PageFormatArgs,
    /// Print the SQL instead of running it
    #[arg(long)]
    pub print_sql: bool,
}

/// `elava diff`
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The one point: a revision, head~N, time, duration or tag
    #[arg(value_name = "A")]
    pub from: String,
    /// The other point
    #[arg(value_name = "B", default_value = "head")]
    pub to: String,
    /// How much changed, by resource type
    #[arg(long)]
    pub stat: bool,
    /// Only the keys of what differs
    #[arg(long, conflicts_with = "stat")]
    pub name_only: bool,
    /// Exit with 1 if anything differs, as diff does
    #[arg(long)]
    pub exit_code: bool,
    /// Format.
    #[command(flatten)]
    pub format: PageFormatArgs,
    /// Print the SQL instead of running it
    #[arg(long)]
    pub print_sql: bool,
    /// Filters.
    #[command(flatten)]
    pub filter: FilterArgs,
}

/// `elava blame`
#[derive(Debug, Args)]
pub struct BlameArgs {
    /// A resource: its key, ARN, id or name
    #[arg(value_name = "RESOURCE")]
    pub resource: String,
    /// The point: a revision, head~N, time, duration or tag
    #[arg(value_name = "AT", default_value = "head")]
    pub at: String,
    /// Only this attribute, or those in it: a JSON Pointer, such as /properties/State or /tags
    #[arg(long, value_name = "POINTER")]
    pub path: Option<String>,
    /// Format.
    #[command(flatten)]
    pub format: PageFormatArgs,
    /// Print the SQL instead of running it
    #[arg(long)]
    pub print_sql: bool,
}

/// `elava bisect`
#[derive(Debug, Args)]
pub struct BisectArgs {
    /// A query, which holds where it returns a row
    #[arg(value_name = "SQL")]
    pub sql: String,
    /// Look after this point [default: the beginning]
    #[arg(long, value_name = "POINT")]
    pub from: Option<String>,
    /// Look up to this point
    #[arg(long, value_name = "POINT", default_value = "head")]
    pub to: String,
    /// Find every change that shows at the end of a scan, not one
    #[arg(long)]
    pub all: bool,
    /// Format.
    #[command(flatten)]
    pub format: PageFormatArgs,
    /// Look, and print the SQL of what was found in place of its rows
    #[arg(long)]
    pub print_sql: bool,
}

/// `elava tag`
#[derive(Debug, Args)]
pub struct TagArgs {
    /// The name [default: list all]
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// The point to name: a revision, head~N, time, duration or tag [default: head]
    #[arg(value_name = "AT", requires = "name")]
    pub at: Option<String>,
    /// Let the tag, a new one or one that is there, keep what it names from retention
    #[arg(long, requires = "name")]
    pub hold: bool,
    /// Let the tag keep it no more
    #[arg(long, requires = "name", conflicts_with_all = ["hold", "at"])]
    pub release: bool,
    /// Format of the list.
    #[command(flatten)]
    pub format: FormatArgs,
    /// Print the SQL of the list instead of running it
    #[arg(long, conflicts_with = "name")]
    pub print_sql: bool,
}

/// `elava watch`
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// Begin after this point
    #[arg(long, value_name = "POINT", default_value = "head")]
    pub from: String,
    /// End once all up to this point is printed; a revision may be one that is yet to come
    #[arg(long, value_name = "POINT")]
    pub until: Option<String>,
    /// How often to look for what is new
    #[arg(long, value_name = "SECONDS", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=INTERVAL_SECONDS_MAX))]
    pub interval: u64,
    /// Write tags and properties as JSON, not as text
    #[arg(long)]
    pub nested: bool,
    /// One line for people, in place of a JSON object
    #[arg(long, conflicts_with = "nested")]
    pub oneline: bool,
    /// Print the SQL instead of running it
    #[arg(long)]
    pub print_sql: bool,
    /// Filters.
    #[command(flatten)]
    pub filter: FilterArgs,
}
