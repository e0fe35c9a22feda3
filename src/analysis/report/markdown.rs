//! Markdown for the comment of a pull request or a wiki: what did not pass, and then each of it with what was found.
//!
//! Words of a cloud stand only where they cannot begin a line, and are escaped: they make no markup, no HTML, no row, and call
//! nobody.

use std::io::{self, Write};

use super::told::{Told, extent, link, shown, told, visible, why};
use crate::analysis::outcome::{CheckAbout, CheckOutcome, Outcome, Status};

/// The most findings of a check that are shown.
const FINDINGS_PER_CHECK: usize = 10;
/// The most findings that are shown altogether: a comment on GitHub holds 65,536 characters, of which they take less than half.
const FINDINGS_MAX: usize = 100;
/// The most scopes that were not seen whole that are shown of a check.
const GAPS_MAX: usize = 5;

/// Writes an outcome as a document.
///
/// # Errors
/// Those of `out`.
pub(super) fn write(outcome: &Outcome, out: &mut impl Write) -> io::Result<()> {
    let checks = shown(outcome);
    let mut text = head(outcome);
    text.push_str(&summary(&checks));
    let mut room = FINDINGS_MAX;
    for check in checks {
        text.push_str(&section(check, &mut room));
    }
    out.write_all(text.as_bytes())
}

fn head(outcome: &Outcome) -> String {
    let counts = Status::ALL.iter().map(|status| (*status, outcome.count(*status))).filter(|(_, count)| *count > 0);
    let counts: Vec<String> = counts.map(|(status, count)| format!("{count} {status}")).collect();
    let counts = if counts.is_empty() { "none was run".to_owned() } else { counts.join(", ") };
    let (version, extent) = (escaped(&outcome.elava_version), escaped(&extent(&outcome.extent)));
    let resolved = match outcome.resolved() {
        0 => String::new(),
        count => format!(" Resolved since the run before: {count}."),
    };
    format!("## Elava checks: {counts}\n\nElava {version}, {extent}.{resolved}\n\n")
}

fn summary(checks: &[&CheckOutcome]) -> String {
    if checks.is_empty() {
        return String::new();
    }
    let rows = checks.iter().map(|check| {
        let (about, open, exempt) = (&check.check, check.open(), check.exempt());
        [check.status.to_string(), about.severity.to_string(), check_name(about), open.to_string(), exempt.to_string()]
    });
    table(["status", "severity", "check", "found", "exempt"], rows)
}

fn check_name(check: &CheckAbout) -> String {
    format!("{} {}", code(&check.id), escaped(&check.title))
}

/// What one check came to. `room` is how many findings may still be shown.
fn section(check: &CheckOutcome, room: &mut usize) -> String {
    let mut text = format!("### {}: {}\n\n", check.status, check_name(&check.check));
    for line in paragraphs(check) {
        text.push_str(&line);
        text.push_str("\n\n");
    }
    let shown = (*room).min(FINDINGS_PER_CHECK);
    let rows: Vec<[String; 3]> = told(check).take(shown).map(row).collect();
    *room -= rows.len();
    let more = check.findings.len() + check.violations.len() + check.more_findings - rows.len();
    if !rows.is_empty() {
        text.push_str(&table(["resource", "reason", "when"], rows.into_iter()));
    }
    if more > 0 {
        text.push_str(&format!("and {more} more\n\n"));
    }
    text
}

fn paragraphs(check: &CheckOutcome) -> Vec<String> {
    let mut lines = vec![help(&check.check)];
    lines.extend(why(check).map(|why| format!("Why: {}", escaped(why))));
    if !check.gaps.is_empty() {
        let gaps: Vec<String> = check.gaps.iter().take(GAPS_MAX).map(|gap| escaped(&gap.to_string())).collect();
        let more = check.gaps.len().saturating_sub(GAPS_MAX);
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        lines.push(format!("Not seen whole: {}{more}", gaps.join(", ")));
    }
    lines
}

/// What to do about a check, and where more is written about it.
pub(super) fn help(check: &CheckAbout) -> String {
    let mut text = format!("What to do: {}", escaped(&check.remediation));
    if let Some(docs) = &check.docs {
        let docs = link(docs).map_or_else(|| escaped(docs), |url| format!("<{url}>"));
        text.push_str(&format!(" See {docs}"));
    }
    for control in &check.controls {
        text.push_str(&format!(" ({} {}: {})", escaped(&control.pack), escaped(&control.number), escaped(&control.title)));
    }
    text
}

fn row(told: Told<'_>) -> [String; 3] {
    let name = told.name().map_or_else(String::new, |name| format!(" ({})", escaped(name)));
    let exempt = told.exemption.map_or_else(String::new, |exemption| {
        format!(" (exempt until {}: {})", escaped(&exemption.until.to_string()), escaped(&exemption.reason))
    });
    let resource = format!("{}{name}", code(&told.resource.resource_key));
    [resource, format!("{}{exempt}", escaped(told.reason)), escaped(&told.held.to_string())]
}

fn table<const N: usize>(names: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let mut text = format!("| {} |\n|{}\n", names.join(" | "), " --- |".repeat(N));
    for row in rows {
        text.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    text.push('\n');
    text
}

/// A text in a code span, where nothing has a meaning; but for what could end the span or the cell around it.
fn code(text: &str) -> String {
    if text.is_empty() || text.contains(['`', '|']) { escaped(text) } else { format!("`{}`", visible(text)) }
}

/// A text that is nothing but itself. What would call somebody or name an issue is cut by a space of no width; what would be
/// taken for an address of the web is cut too, since an address ends where no escape counts.
fn escaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in visible(text).chars() {
        if "\\`*_[<&|~$#@".contains(character) {
            plain.push('\\');
        }
        plain.push(character);
        if matches!(character, '#' | '@') {
            plain.push_str("&#8203;");
        }
    }
    plain.replace("://", "\\://").replace("www.", "www\\.")
}
