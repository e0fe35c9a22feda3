//! What reports say of findings and of intervals alike, and how they say it.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::fmt;

use url::Url;

use crate::analysis::intervals::Moment;
use crate::analysis::outcome::{CheckOutcome, Exemption, Extent, Finding, Interval, Outcome, Resource, Since, Status};
use crate::model::TimeSpan;

/// A resource that violates a check, or did.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// The resource.
    pub resource: &'a Resource,
    /// What is wrong with it.
    pub reason: &'a str,
    /// Why it is allowed for now.
    pub exemption: Option<&'a Exemption>,
    /// When.
    pub held: Held<'a>,
}

/// When a violation held.
#[derive(Debug, Clone, Copy)]
pub enum Held<'a> {
    /// At the point, and since when.
    Now(&'a Finding),
    /// In the range.
    Once(&'a Interval),
}

/// What is told of a check: its findings, or its intervals.
pub fn told(check: &CheckOutcome) -> impl Iterator<Item = Told<'_>> {
    let findings = check.findings.iter().map(|finding| Told {
        resource: &finding.resource,
        reason: &finding.reason,
        exemption: finding.exemption.as_ref(),
        held: Held::Now(finding),
    });
    let intervals = check.violations.iter().map(|interval| Told {
        resource: &interval.resource,
        reason: &interval.reason,
        exemption: interval.exemption.as_ref(),
        held: Held::Once(interval),
    });
    findings.chain(intervals)
}

/// The checks that people are shown, the worst first. One that passes is shown if something of it is exempt; one that was
/// skipped is counted only.
pub fn shown(outcome: &Outcome) -> Vec<&CheckOutcome> {
    let is_shown = |check: &&CheckOutcome| match check.status {
        Status::Error | Status::Fail | Status::Incomplete => true,
        Status::Pass => check.exempt() > 0,
        Status::Skipped => false,
    };
    let mut checks: Vec<&CheckOutcome> = outcome.checks.iter().filter(is_shown).collect();
    checks.sort_by_key(|check| (check.status, Reverse(check.check.severity)));
    checks
}

impl Told<'_> {
    /// The resource's name, where it says more than the id.
    pub fn name(&self) -> Option<&str> {
        self.resource.name.as_deref().filter(|name| *name != self.resource.resource_id)
    }
}

impl Held<'_> {
    /// Whether no run before found it.
    pub fn is_new(&self) -> bool {
        matches!(self, Self::Now(finding) if finding.is_new == Some(true))
    }
}

impl fmt::Display for Held<'_> {
    /// `since 2026-10-01T00:00:00Z, new` or `from ... to ..., 2d`; nothing where it is not known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now(finding) => {
                let new = self.is_new().then(|| "new".to_owned());
                let words: Vec<String> = finding.since.and_then(since).into_iter().chain(new).collect();
                f.write_str(&words.join(", "))
            }
            Self::Once(interval) => {
                let opened = format!("{}{}", before(interval.opened_before), moment(interval.opened));
                match interval.closed {
                    Some(closed) => write!(f, "from {opened} to {}", moment(closed))?,
                    None => write!(f, "since {opened}")?,
                }
                write!(f, ", {}", TimeSpan::from_micros(interval.lasted_seconds.saturating_mul(1_000_000)))
            }
        }
    }
}

fn since(since: Since) -> Option<String> {
    let of_revision = since.revision.map(|revision| format!("revision {revision}"));
    let at = since.at.map(|at| at.to_string()).or(of_revision)?;
    Some(format!("since {}{at}", before(since.or_before)))
}

const fn before(or_before: bool) -> &'static str {
    if or_before { "before " } else { "" }
}

/// Why a check came to what it did, where the scopes that were not seen whole do not tell.
pub(super) fn why(check: &CheckOutcome) -> Option<&str> {
    check.why.as_deref().filter(|_| check.status != Status::Incomplete || check.gaps.is_empty())
}

/// A point in words: its time, or the revision that has none.
pub(super) fn moment(moment: Moment) -> String {
    moment.at.map_or_else(|| format!("revision {}", moment.revision), |at| at.to_string())
}

/// What was looked at, in words.
pub(super) fn extent(extent: &Extent) -> String {
    let point = |at: &Moment| match at.at {
        Some(time) => format!("revision {} ({time})", at.revision),
        None => format!("revision {}", at.revision),
    };
    match extent {
        Extent::Point(at) => format!("at {}", point(at)),
        Extent::Range { from, to } => format!("from {} to {}", point(from), point(to)),
    }
}

/// Where more is written, if the text is an address of the web.
pub(super) fn link(docs: &str) -> Option<Url> {
    Url::parse(docs).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// The text on one line without anything that cannot be seen or that XML forbids: control characters and the two that are
/// no characters become escapes (`\n`, `\u{1b}`).
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    let is_hidden = |character: char| character.is_control() || matches!(character, '\u{fffe}' | '\u{ffff}');
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut seen = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_hidden(character) { seen.extend(character.escape_default()) } else { seen.push(character) }
    }
    Cow::Owned(seen)
}
