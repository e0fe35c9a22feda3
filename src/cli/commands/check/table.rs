//! An outcome for people: what did not pass, the worst first, and totals.

use std::collections::BTreeSet;

use crate::analysis::intervals::Moment;
use crate::analysis::outcome::{CheckOutcome, Exemption, Extent, Outcome, Severity, Status};
use crate::analysis::report::told::{Held, Told, shown, told};
use crate::cli::output::{display_width, printable, truncated};
use crate::model::{TimeSpan, Timestamp};

/// How many findings of a check are shown where many checks are.
pub const PER_CHECK: usize = 10;
/// The most that a resource's id and name take of a line.
const RESOURCE_WIDTH_MAX: usize = 44;
/// The least that is left for a reason before it goes on a line of its own.
const REASON_WIDTH_MIN: usize = 24;
/// What stands around when a finding began and its resource.
const ENTRY_FRAME: usize = 8;
/// Spaces before a finding.
const INDENT: usize = 4;
const BOLD: &str = "1";
const DIM: &str = "2";

/// How it is written.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Columns of the terminal, if it goes to one.
    pub width: Option<usize>,
    /// Whether there may be colour.
    pub color: bool,
    /// How many findings of a check are shown.
    pub per_check: usize,
}

/// An outcome as text.
pub fn of(outcome: &Outcome, options: &Options) -> String {
    let page = Page { options, lines: Vec::new(), again: again(outcome) };
    page.write(outcome)
}

struct Page<'a> {
    options: &'a Options,
    lines: Vec<String>,
    /// The options by which the same is asked of one check; none if one was asked.
    again: Option<String>,
}

fn again(outcome: &Outcome) -> Option<String> {
    let options = match outcome.extent {
        Extent::Point(_) if outcome.is_present => String::new(),
        Extent::Point(at) => format!(" --as-of {}", at.revision),
        Extent::Range { from, to } => format!(" --between {} --and {}", from.revision, to.revision),
    };
    (outcome.checks.len() > 1).then_some(options)
}

/// One line of a finding or an interval.
struct Entry<'a> {
    told: Told<'a>,
    when: String,
}

impl<'a> Entry<'a> {
    fn of(told: Told<'a>) -> Self {
        let when = match told.held {
            Held::Now(finding) => match finding.since.and_then(|since| Some((since.at?, since.or_before))) {
                Some((at, false)) => format!("since {}", day(at)),
                Some((at, true)) => format!("before {}", day(at)),
                None => String::new(),
            },
            Held::Once(interval) => {
                let begin = if interval.opened_before { "..".to_owned() } else { moment(interval.opened) };
                let end = interval.closed.map_or_else(|| "..".to_owned(), moment);
                let lasted = TimeSpan::from_micros(interval.lasted_seconds.saturating_mul(1_000_000));
                format!("{begin:<16} to {end:<16} {:>7}", short(lasted))
            }
        };
        Self { told, when }
    }

    fn label(&self) -> String {
        let id = printable(&self.told.resource.resource_id).into_owned();
        self.told.name().map_or(id.clone(), |name| format!("{id} ({})", printable(name)))
    }
}

impl Page<'_> {
    fn write(mut self, outcome: &Outcome) -> String {
        for check in shown(outcome) {
            self.check(check);
            self.lines.push(String::new());
        }
        self.totals(outcome);
        self.lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
    }

    fn check(&mut self, check: &CheckOutcome) {
        let about = &check.check;
        let (color, label) = match check.status {
            Status::Fail | Status::Pass => (severity_color(about.severity), about.severity.as_str()),
            status => (status_color(status), status.as_str()),
        };
        let controls: Vec<String> = about.controls.iter().map(|control| format!("{} {}", control.pack, control.number)).collect();
        let controls = if controls.is_empty() { String::new() } else { format!(" ({})", controls.join(", ")) };
        let head = format!("{}  {}  ", self.paint(color, label), self.paint(BOLD, &about.id));
        self.hanging(&head, label.len() + about.id.len() + 4, &format!("{}{controls}", printable(&about.title)));
        if let Some(why) = &check.why {
            self.wrapped(INDENT, &printable(why));
        }
        let mut entries: Vec<Entry<'_>> = told(check).map(Entry::of).collect();
        entries.sort_by_key(|entry| entry.told.exemption.map(|exemption| (exemption.until, &exemption.reason)));
        self.entries(&entries);
        let more = entries.len().saturating_sub(self.options.per_check) + check.more_findings;
        if more > 0 {
            let how = self.again.as_ref().map_or("--format csv writes all".to_owned(), |again| format!("elava check {}{again}", about.id));
            self.lines.push(format!("{:INDENT$}... and {more} more: {how}", ""));
        }
        if check.status == Status::Fail {
            if !check.gaps.is_empty() {
                self.wrapped(INDENT, &unseen(check.gaps.len()));
            }
            self.hanging(&format!("{:INDENT$}{}", "", self.paint(DIM, "to mend it: ")), INDENT + 12, &printable(&about.remediation));
        }
    }

    /// Findings, by account and region; what is exempt stands beneath, by why it is.
    fn entries(&mut self, entries: &[Entry<'_>]) {
        let shown = entries.get(..self.options.per_check.min(entries.len())).unwrap_or(entries);
        let when = shown.iter().map(|entry| entry.when.len()).max().unwrap_or_default();
        let room = self.options.width.map_or(RESOURCE_WIDTH_MAX, |width| width.saturating_sub(when + ENTRY_FRAME).min(RESOURCE_WIDTH_MAX));
        let label = shown.iter().map(|entry| display_width(&entry.label())).max().unwrap_or_default().min(room);
        let (mut place, mut why) = (None, None);
        for entry in shown {
            let Told { resource, exemption, .. } = entry.told;
            if why != exemption {
                (place, why) = (None, exemption);
                self.exemption(exemption);
            }
            let (account, region) = (&resource.account_id, &resource.region);
            if place.replace((account, region)) != Some((account, region)) {
                self.lines.push(format!("  {} {}", printable(account), printable(region)));
            }
            self.entry(entry, when, label);
        }
    }

    fn entry(&mut self, entry: &Entry<'_>, when: usize, label: usize) {
        let name = if self.options.width.is_some() { truncated(&entry.label(), label).into_owned() } else { entry.label() };
        let space = " ".repeat(label.saturating_sub(display_width(&name)));
        let mark = if entry.told.held.is_new() { "+" } else { " " };
        let head = format!("{:>3} {:<when$}  {name}{space}  ", mark, entry.when);
        self.hanging(&head, display_width(&head), &printable(entry.told.reason));
    }

    /// What begins a line and takes so many columns, and a text behind it, which goes on below its own beginning.
    fn hanging(&mut self, head: &str, used: usize, text: &str) {
        let room = self.options.width.map_or(usize::MAX, |width| width.saturating_sub(used));
        if room < REASON_WIDTH_MIN {
            self.lines.push(head.to_owned());
            return self.wrapped(INDENT * 2, text);
        }
        let mut pieces = wrap(text, room).into_iter();
        self.lines.push(format!("{head}{}", pieces.next().unwrap_or_default()));
        self.lines.extend(pieces.map(|piece| format!("{:used$}{piece}", "")));
    }

    fn exemption(&mut self, exemption: Option<&Exemption>) {
        if let Some(exemption) = exemption {
            self.wrapped(2, &format!("exempt until {}: {}", minute(exemption.until), printable(&exemption.reason)));
        }
    }

    fn totals(&mut self, outcome: &Outcome) {
        let counts = Status::ALL.iter().map(|status| (*status, outcome.count(*status))).filter(|(_, count)| *count > 0);
        let counts: Vec<String> =
            counts.map(|(status, count)| format!("{count} {}", self.paint(status_color(status), status.as_str()))).collect();
        let checks = outcome.checks.len();
        self.wrapped(0, &format!("{checks} {} {}", if checks == 1 { "check" } else { "checks" }, extent(&outcome.extent)));
        self.lines.push(format!("  {}", counts.join(", ")));
        let open = |severity: Severity| {
            let checks = outcome.checks.iter().filter(|check| check.check.severity == severity);
            checks.map(CheckOutcome::open).sum::<usize>()
        };
        let found = Severity::ALL.iter().rev().map(|severity| (*severity, open(*severity))).filter(|(_, count)| *count > 0);
        let mut found: Vec<String> =
            found.map(|(severity, count)| format!("{count} {}", self.paint(severity_color(severity), severity.as_str()))).collect();
        let exempt: usize = outcome.checks.iter().map(CheckOutcome::exempt).sum();
        found.extend((exempt > 0).then(|| format!("{exempt} exempt")));
        let new = outcome.checks.iter().flat_map(|check| &check.findings).filter(|finding| finding.is_new == Some(true)).count();
        found.extend((new > 0).then(|| format!("{new} new (+)")));
        if !found.is_empty() {
            self.lines.push(format!("  found: {}", found.join(", ")));
        }
        if outcome.resolved() > 0 {
            self.lines.push(format!("  resolved since the run before: {}", outcome.resolved()));
        }
        let lacking: BTreeSet<&str> = outcome.checks.iter().filter_map(|check| check.lacks.as_deref()).collect();
        if !lacking.is_empty() {
            let lacking = lacking.into_iter().collect::<Vec<_>>().join(", ");
            self.hanging("  skipped for want of a parameter: ", 35, &lacking);
        }
    }

    fn wrapped(&mut self, indent: usize, text: &str) {
        let room = self.options.width.map_or(usize::MAX, |width| width.saturating_sub(indent).max(REASON_WIDTH_MIN));
        self.lines.extend(wrap(text, room).into_iter().map(|line| format!("{:indent$}{line}", "")));
    }

    fn paint(&self, color: &str, text: &str) -> String {
        if self.options.color { format!("\x1b[{color}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

fn unseen(scopes: usize) -> String {
    if scopes == 1 {
        "1 scope of its types was not seen in full".to_owned()
    } else {
        format!("{scopes} scopes of its types were not seen in full")
    }
}

fn severity_color(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "1;31",
        Severity::High => "31",
        Severity::Medium => "33",
        Severity::Low => "36",
    }
}

fn status_color(status: Status) -> &'static str {
    match status {
        Status::Error | Status::Fail => "31",
        Status::Incomplete => "33",
        Status::Skipped => "2",
        Status::Pass => "32",
    }
}

fn extent(extent: &Extent) -> String {
    let told = |at: &Moment| at.at.map_or_else(|| at.revision.to_string(), |time| format!("{} ({})", at.revision, minute(time)));
    match extent {
        Extent::Point(at) => format!("at revision {}", told(at)),
        Extent::Range { from, to } => format!("from revision {} to {}", told(from), told(to)),
    }
}

fn moment(moment: Moment) -> String {
    moment.at.map_or_else(|| format!("revision {}", moment.revision), minute)
}

/// A time to the minute, UTC.
fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    let cut = text.get(..16).map(|text| text.replace('T', " "));
    cut.unwrap_or(text)
}

fn day(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(..10).map_or(text.clone(), ToOwned::to_owned)
}

/// A length of time in its two largest units.
fn short(span: TimeSpan) -> String {
    let text = span.to_string();
    let units = text.match_indices(|letter: char| letter.is_ascii_alphabetic()).map(|(place, _)| place + 1).nth(1);
    text.get(..units.unwrap_or(text.len())).unwrap_or(&text).to_owned()
}

/// A text in lines of at most so many columns, broken between words.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let used = lines.last().map_or(0, |line| display_width(line));
        match lines.last_mut() {
            Some(line) if used == 0 => line.push_str(word),
            Some(line) if used + 1 + display_width(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests;
