//! What can be typed after commands that look after the store.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

/// `elava retain`
#[derive(Debug, Args)]
pub struct RetainArgs {
    /// Keep the states of so long a time: 400d, 52w
    #[arg(long, value_name = "PERIOD", group = "kept")]
    pub keep: Option<String>,
    /// Keep so many revisions below the newest
    #[arg(long, value_name = "N", group = "kept")]
    pub keep_revisions: Option<u64>,
    /// Keep what there is from this point on: a revision, head~N, time, duration or tag
    #[arg(long, value_name = "AT", group = "kept")]
    pub before: Option<String>,
    /// Print what would go, and leave it
    #[arg(long)]
    pub dry_run: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `elava redact`
#[derive(Debug, Args)]
pub struct RedactArgs {
    /// A resource: its key, ARN, id or name, or TYPE/NAME
    #[arg(value_name = "RESOURCE")]
    pub resource: String,
    /// Why, for the log; without the content
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub reason: String,
    /// Interrupt readers and writers that are at work, instead of waiting for them
    #[arg(long)]
    pub now: bool,
    /// Print what would be done, and leave it
    #[arg(long)]
    pub dry_run: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `elava verify`
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Read contents too, and compare the tables with each other row by row
    #[arg(long)]
    pub deep: bool,
    /// A hash that an earlier verification printed: is all before it as it was?
    #[arg(long, value_name = "HASH")]
    pub head: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `elava status`
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}
