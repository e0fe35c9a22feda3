//! SARIF 2.1.0, as code scanning reads it.
//!
//! A check is a rule, a finding or an interval is a result. A resource is no file: its key is the logical location, and, since
//! readers show only results that have a file, a relative address too. A check that could not be decided is one result of the
//! kind `open`, at the first scope that was not seen whole: else the check's older results would be taken for fixed. A check
//! that was skipped is told of by a notification only, as one that was not run is: readers take every result for a problem.
//! Results that are exempt are suppressed.

use std::io::{self, Write};

use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::markdown;
use super::told::{Held, Told, link, told};
use crate::analysis::outcome::{CheckAbout, CheckOutcome, Exemption, Outcome, Severity, Status};
use crate::model::Timestamp;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Writes an outcome as one line of JSON.
///
/// # Errors
/// Those of `out`.
pub(super) fn write(outcome: &Outcome, out: &mut impl Write) -> io::Result<()> {
    let log = Log { schema: SCHEMA, version: "2.1.0", runs: [run(outcome)] };
    serde_json::to_writer(&mut *out, &log)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Value,
    /// What stands before the slash names the series of runs that this is one of.
    automation_details: Value,
    invocations: [Invocation; 1],
    results: Results<'a>,
    properties: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time_utc: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time_utc: Option<Timestamp>,
    tool_execution_notifications: Vec<Value>,
    tool_configuration_notifications: Vec<Value>,
}

fn run(outcome: &Outcome) -> Run<'_> {
    let rules: Vec<Value> = outcome.checks.iter().map(|check| rule(&check.check)).collect();
    let notices: Vec<Value> = Notice::ALL.iter().map(|notice| notice.descriptor()).collect();
    Run {
        tool: json!({ "driver": {
            "name": "Elava",
            "version": outcome.elava_version,
            "semanticVersion": outcome.elava_version,
            "rules": rules,
            "notifications": notices,
        } }),
        automation_details: json!({ "id": format!("elava-check/{}", outcome.run_id) }),
        invocations: [invocation(outcome)],
        results: Results { outcome, has_baseline: has_baseline(outcome) },
        properties: json!({ "run_id": outcome.run_id, "extent": outcome.extent }),
    }
}

fn rule(check: &CheckAbout) -> Value {
    let mut rule = json!({
        "id": check.id,
        "name": pascal_case(&check.id),
        "shortDescription": { "text": message(&check.title) },
        "fullDescription": { "text": message(&format!("{}. It looks at {}.", check.title, check.types.join(", "))) },
        "help": { "text": message(&help(check)), "markdown": message(&markdown::help(check)) },
        "defaultConfiguration": { "level": level(check.severity) },
        "properties": { "security-severity": score(check.severity), "tags": tags(check) },
    });
    if let (Some(docs), Some(rule)) = (check.docs.as_deref().and_then(link), rule.as_object_mut()) {
        rule.insert("helpUri".to_owned(), docs.as_str().into());
    }
    rule
}

/// `ebs-volume-unattached` as `EbsVolumeUnattached`.
fn pascal_case(id: &str) -> String {
    let words = id.split('-').map(|word| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    });
    words.collect()
}

fn help(check: &CheckAbout) -> String {
    let docs = check.docs.iter().cloned();
    let controls = check.controls.iter().map(|control| format!("{} {}: {}", control.pack, control.number, control.title));
    [check.remediation.clone()].into_iter().chain(docs).chain(controls).collect::<Vec<_>>().join("\n")
}

/// Its packs, and its controls as `pack/number`; each once.
fn tags(check: &CheckAbout) -> Vec<String> {
    let controls = check.controls.iter().map(|control| format!("{}/{}", control.pack, control.number));
    let mut tags: Vec<String> = Vec::new();
    for tag in check.packs.iter().cloned().chain(controls) {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "note",
        Severity::Medium => "warning",
        Severity::High | Severity::Critical => "error",
    }
}

/// The middle of the band of scores for which code scanning says the same word.
const fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "2.0",
        Severity::Medium => "5.5",
        Severity::High => "8.0",
        Severity::Critical => "9.5",
    }
}

/// A text as the standard wants messages to be: braces, which would be places of arguments, are doubled; what would be a
/// link is none.
fn message(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}").replace("](", "\\](")
}

/// What is told of a check beside its results.
#[derive(Clone, Copy)]
enum Notice {
    NotRun,
    NotSeen,
    LeftOut,
    Lacks,
    Skipped,
}

impl Notice {
    const ALL: [Self; 5] = [Self::NotRun, Self::NotSeen, Self::LeftOut, Self::Lacks, Self::Skipped];

    const fn id(self) -> &'static str {
        match self {
            Self::NotRun => "check-not-run",
            Self::NotSeen => "resources-not-seen",
            Self::LeftOut => "findings-left-out",
            Self::Lacks => "parameter-missing",
            Self::Skipped => "check-skipped",
        }
    }

    const fn about(self) -> &'static str {
        match self {
            Self::NotRun => "A check could not be run.",
            Self::NotSeen => "Not all resources that a check looks at were seen.",
            Self::LeftOut => "A check found more than the report holds.",
            Self::Lacks => "A check was not run since a parameter has no value.",
            Self::Skipped => "A check had nothing to look at.",
        }
    }

    const fn level(self) -> &'static str {
        match self {
            Self::NotRun => "error",
            Self::NotSeen | Self::LeftOut | Self::Lacks => "warning",
            Self::Skipped => "note",
        }
    }

    fn descriptor(self) -> Value {
        let (id, about) = (self.id(), self.about());
        json!({ "id": id, "shortDescription": { "text": about }, "defaultConfiguration": { "level": self.level() } })
    }

    fn of(self, index: usize, check: &CheckOutcome, text: &str) -> Value {
        json!({
            "descriptor": { "id": self.id(), "index": self as usize },
            "associatedRule": { "id": check.check.id, "index": index },
            "level": self.level(),
            "message": { "text": message(&format!("{}: {text}", check.check.id)) },
        })
    }
}

fn invocation(outcome: &Outcome) -> Invocation {
    let checks = || outcome.checks.iter().enumerate();
    let skipped = checks().filter(|(_, check)| check.status == Status::Skipped);
    let skipped = skipped.map(|(index, check)| {
        let notice = if check.lacks.is_some() { Notice::Lacks } else { Notice::Skipped };
        notice.of(index, check, check.why.as_deref().unwrap_or("it was skipped"))
    });
    Invocation {
        execution_successful: outcome.count(Status::Error) == 0,
        start_time_utc: outcome.started_at,
        end_time_utc: outcome.finished_at,
        tool_execution_notifications: checks().flat_map(|(index, check)| execution_notices(index, check)).collect(),
        tool_configuration_notifications: skipped.collect(),
    }
}

fn execution_notices(index: usize, check: &CheckOutcome) -> Vec<Value> {
    let mut notices = Vec::new();
    let scopes = || format!("{} of its scopes were not seen whole", check.gaps.len());
    match (check.status, &check.why) {
        (Status::Error, why) => notices.push(Notice::NotRun.of(index, check, why.as_deref().unwrap_or("it could not be run"))),
        (Status::Incomplete | Status::Pass, Some(why)) => notices.push(Notice::NotSeen.of(index, check, why)),
        (Status::Skipped, _) => (),
        _ if check.gaps.is_empty() => (),
        _ => notices.push(Notice::NotSeen.of(index, check, &scopes())),
    }
    if check.more_findings > 0 {
        notices.push(Notice::LeftOut.of(index, check, &format!("{} more findings are left out", check.more_findings)));
    }
    notices
}

/// Whether it is known of every result if it was there before. The standard wants that of all results or of none.
fn has_baseline(outcome: &Outcome) -> bool {
    let is_known = |check: &CheckOutcome| {
        check.status != Status::Incomplete && check.violations.is_empty() && check.findings.iter().all(|finding| finding.is_new.is_some())
    };
    outcome.checks.iter().all(is_known)
}

/// The results, which are made one by one as they are written.
struct Results<'a> {
    outcome: &'a Outcome,
    has_baseline: bool,
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let checks = self.outcome.checks.iter().enumerate();
        serializer.collect_seq(checks.flat_map(|(index, check)| {
            let told = told(check).map(move |told| self.violation(index, check, told));
            told.chain((check.status == Status::Incomplete).then(|| undecided(index, check)))
        }))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult<'a> {
    rule_id: &'a str,
    rule_index: usize,
    kind: &'static str,
    level: &'static str,
    message: Value,
    locations: Vec<Value>,
    partial_fingerprints: Value,
    /// Empty, not absent, where nothing is: the standard wants that of all results or of none.
    suppressions: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline_state: Option<&'static str>,
    properties: Value,
}

impl Results<'_> {
    fn violation<'a>(&self, index: usize, check: &'a CheckOutcome, told: Told<'_>) -> SarifResult<'a> {
        let resource = told.resource;
        let name = told.name().map_or_else(String::new, |name| format!(" ({name})"));
        let is_new = match told.held {
            Held::Now(finding) if self.has_baseline => finding.is_new,
            Held::Now(_) | Held::Once(_) => None,
        };
        SarifResult {
            rule_id: &check.check.id,
            rule_index: index,
            kind: "fail",
            level: level(check.check.severity),
            message: json!({ "text": message(&format!("{}{name}: {}", resource.resource_id, told.reason)) }),
            locations: vec![location(&resource.resource_key, "resource")],
            partial_fingerprints: fingerprints(&check.check.id, &resource.resource_key),
            suppressions: told.exemption.map(suppression).into_iter().collect(),
            baseline_state: is_new.map(|is_new| if is_new { "new" } else { "unchanged" }),
            properties: properties(told),
        }
    }
}

/// What a check is told by that found nothing, but could not see all.
fn undecided(index: usize, check: &CheckOutcome) -> SarifResult<'_> {
    let why = check.why.as_deref().unwrap_or("not all that it looks at was seen");
    SarifResult {
        rule_id: &check.check.id,
        rule_index: index,
        kind: "open",
        level: "none",
        message: json!({ "text": message(&format!("Nothing that was seen violates it, but {why}")) }),
        locations: check.gaps.first().map(|gap| location(&gap.scope(), "namespace")).into_iter().collect(),
        partial_fingerprints: fingerprints(&check.check.id, ""),
        suppressions: Vec::new(),
        baseline_state: None,
        properties: json!({ "gaps": check.gaps }),
    }
}

fn location(name: &str, kind: &str) -> Value {
    json!({
        "physicalLocation": { "artifactLocation": { "uri": relative_uri(name) }, "region": { "startLine": 1 } },
        "logicalLocations": [{ "fullyQualifiedName": name, "kind": kind }],
    })
}

/// A key as a path: what a path may not hold is escaped.
fn relative_uri(key: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte);
    key.bytes().map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// What stays the same from run to run of what a check says of a resource, by the name that is Elava's and by the only one
/// that GitHub looks for.
fn fingerprints(check: &str, resource: &str) -> Value {
    let mut hasher = Sha256::new();
    for part in [check, "\0", resource] {
        hasher.update(part);
    }
    let hash: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    json!({ "checkAndResource/v1": hash, "primaryLocationLineHash": format!("{hash}:1") })
}

fn suppression(exemption: &Exemption) -> Value {
    let justification = format!("{} (until {})", exemption.reason, exemption.until);
    json!({ "kind": "external", "status": "accepted", "justification": justification })
}

/// The columns of the resource, and when the violation held.
fn properties(told: Told<'_>) -> Value {
    let resource = told.resource;
    match told.held {
        Held::Now(finding) => json!({ "resource": resource, "since": finding.since, "details": finding.details }),
        Held::Once(interval) => json!({
            "resource": resource,
            "opened": interval.opened,
            "opened_before": interval.opened_before,
            "closed": interval.closed,
            "lasted_seconds": interval.lasted_seconds,
        }),
    }
}
