//! JUnit XML, as build servers read it: a suite for each pack, a case for each of its checks.
//!
//! A check that is violated fails; one that could not be run, or could not be decided because not all was seen, is an error:
//! the one of the type `error`, the other `incomplete`. So neither looks like a pass. All findings of a check are in one
//! element, since readers show only the first.

use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::told::{Told, extent, told, visible, why};
use crate::analysis::outcome::{CheckOutcome, Outcome, Status};

/// The most findings of a check that are written out: more than anyone reads in a build's log.
const FINDINGS_MAX: usize = 1_000;

/// Writes an outcome as a document.
///
/// # Errors
/// Those of `out`.
pub(super) fn write(outcome: &Outcome, out: &mut impl Write) -> io::Result<()> {
    let suites = suites(outcome);
    let count = |status| suites.iter().map(|suite| suite.count(status)).sum::<usize>();
    let mut attributes = vec![
        ("name", "elava check".to_owned()),
        ("tests", suites.iter().map(|suite| suite.checks.len()).sum::<usize>().to_string()),
        ("failures", count(Status::Fail).to_string()),
        ("errors", (count(Status::Error) + count(Status::Incomplete)).to_string()),
    ];
    attributes.extend(seconds(outcome).map(|seconds| ("time", seconds)));
    let mut xml = Writer::new_with_indent(&mut *out, b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let root = xml.create_element("testsuites").with_attributes(borrowed(&attributes));
    root.write_inner_content(|xml| suites.iter().try_for_each(|suite| write_suite(outcome, suite, xml)))?;
    out.write_all(b"\n")
}

/// A pack and its checks that were run.
struct Suite<'a> {
    pack: &'a str,
    checks: Vec<&'a CheckOutcome>,
}

impl Suite<'_> {
    fn count(&self, status: Status) -> usize {
        self.checks.iter().filter(|check| check.status == status).count()
    }
}

/// The packs in the order in which the checks name them. A check that several have is in each.
fn suites(outcome: &Outcome) -> Vec<Suite<'_>> {
    let mut suites: Vec<Suite<'_>> = Vec::new();
    for check in &outcome.checks {
        for pack in &check.check.packs {
            match suites.iter_mut().find(|suite| suite.pack == pack) {
                Some(suite) => suite.checks.push(check),
                None => suites.push(Suite { pack, checks: vec![check] }),
            }
        }
    }
    suites
}

/// How long the run took, if it is known.
fn seconds(outcome: &Outcome) -> Option<String> {
    let micros = outcome.finished_at?.micros().saturating_sub(outcome.started_at?.micros()).max(0);
    Some(format!("{}.{:03}", micros / 1_000_000, micros / 1_000 % 1_000))
}

fn borrowed<'a>(attributes: &'a [(&'a str, String)]) -> impl Iterator<Item = (&'a str, &'a str)> {
    attributes.iter().map(|(name, value)| (*name, value.as_str()))
}

fn write_suite<W: Write>(outcome: &Outcome, suite: &Suite<'_>, xml: &mut Writer<W>) -> io::Result<()> {
    let mut attributes = vec![
        ("name", visible(suite.pack).into_owned()),
        ("tests", suite.checks.len().to_string()),
        ("failures", suite.count(Status::Fail).to_string()),
        ("errors", (suite.count(Status::Error) + suite.count(Status::Incomplete)).to_string()),
        ("skipped", suite.count(Status::Skipped).to_string()),
    ];
    attributes.extend(outcome.started_at.map(|at| ("timestamp", at.to_string())));
    let element = xml.create_element("testsuite").with_attributes(borrowed(&attributes));
    element.write_inner_content(|xml| {
        write_properties(outcome, xml)?;
        suite.checks.iter().try_for_each(|check| write_case(suite.pack, check, xml))
    })?;
    Ok(())
}

fn write_properties<W: Write>(outcome: &Outcome, xml: &mut Writer<W>) -> io::Result<()> {
    let extent = extent(&outcome.extent);
    let properties = [("run_id", &outcome.run_id), ("elava_version", &outcome.elava_version), ("extent", &extent)];
    let write_all = |xml: &mut Writer<W>| {
        for (name, value) in properties {
            xml.create_element("property").with_attributes([("name", name), ("value", visible(value).as_ref())]).write_empty()?;
        }
        Ok(())
    };
    xml.create_element("properties").write_inner_content(write_all)?;
    Ok(())
}

fn write_case<W: Write>(pack: &str, check: &CheckOutcome, xml: &mut Writer<W>) -> io::Result<()> {
    let (id, pack) = (visible(&check.check.id), visible(pack));
    let case = xml.create_element("testcase").with_attributes([("name", id.as_ref()), ("classname", pack.as_ref())]);
    let why = check.why.as_deref().unwrap_or_default();
    let severity = check.check.severity.as_str();
    let content = match check.status {
        Status::Fail => Some(("failure", Some(severity), format!("{}: {}", counted(check.open()), check.check.title))),
        Status::Error => Some(("error", Some("error"), why.to_owned())),
        Status::Incomplete => Some(("error", Some("incomplete"), format!("nothing that was seen violates it, but {why}"))),
        Status::Skipped => Some(("skipped", None, why.to_owned())),
        Status::Pass => None,
    };
    let text = text(check);
    match content {
        Some((element, kind, message)) => case.write_inner_content(|xml| {
            let message = visible(&message);
            let kind = kind.map(|kind| ("type", kind));
            let element = xml.create_element(element).with_attributes([("message", message.as_ref())].into_iter().chain(kind));
            element.write_text_content(BytesText::new(&text)).map(drop)
        }),
        None if check.exempt() == 0 && why.is_empty() => case.write_empty(),
        None => case.write_inner_content(|xml| xml.create_element("system-out").write_text_content(BytesText::new(&text)).map(drop)),
    }
    .map(drop)
}

fn counted(violations: usize) -> String {
    if violations == 1 { "1 violation".to_owned() } else { format!("{violations} violations") }
}

/// All there is to say of a check, a line for each thing.
fn text(check: &CheckOutcome) -> String {
    let mut lines: Vec<String> = told(check).take(FINDINGS_MAX).map(line).collect();
    let more = (check.findings.len() + check.violations.len()).saturating_sub(FINDINGS_MAX) + check.more_findings;
    lines.extend((more > 0).then(|| format!("and {more} more")));
    lines.extend(why(check).map(str::to_owned));
    lines.extend(check.gaps.iter().take(FINDINGS_MAX).map(|gap| format!("not seen whole: {gap}")));
    lines.push(format!("{}: {}", check.check.severity, check.check.title));
    lines.push(format!("what to do: {}", check.check.remediation));
    lines.extend(check.check.docs.clone());
    lines.extend(check.check.controls.iter().map(|control| format!("{} {}: {}", control.pack, control.number, control.title)));
    lines.iter().map(|line| format!("{}\n", visible(line))).collect()
}

/// `KEY (name): reason (since ...)`, and why it is allowed.
fn line(told: Told<'_>) -> String {
    let name = told.name().map_or_else(String::new, |name| format!(" ({name})"));
    let held = match told.held.to_string() {
        held if held.is_empty() => held,
        held => format!(" ({held})"),
    };
    let exempt = told.exemption.map_or_else(String::new, |exempt| format!(" [exempt until {}: {}]", exempt.until, exempt.reason));
    format!("{}{name}: {}{held}{exempt}", told.resource.resource_key, told.reason)
}
