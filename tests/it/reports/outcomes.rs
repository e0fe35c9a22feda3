//! Outcomes for tests: one by hand, and any.

use std::collections::BTreeMap;

use elava::analysis::intervals::{Method, Moment};
use elava::analysis::outcome::{
    CheckAbout, CheckOutcome, Control, Exemption, Extent, Finding, Gap, Interval, Outcome, Resource, Severity, Since, Status,
};
use elava::model::{ResourceKey, Timestamp};
use elava::query::Parameters;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

pub fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

pub fn moment(revision: i64, text: &str) -> Moment {
    Moment { revision, at: Some(at(text)) }
}

/// A run over a point, without checks.
pub fn outcome() -> Outcome {
    Outcome {
        run_id: "7b0c2a1e-5f7d-4a55-9a3b-0d1f6f1f2a10".to_owned(),
        elava_version: "0.1.0".to_owned(),
        is_present: true,
        started_at: Some(at("2026-11-01T06:00:00Z")),
        finished_at: Some(at("2026-11-01T06:00:01.250Z")),
        extent: Extent::Point(moment(120, "2026-11-01T05:59:00Z")),
        checks: Vec::new(),
        removed: BTreeMap::new(),
    }
}

/// A check of one pack that nothing violates.
pub fn check(id: &str, severity: Severity) -> CheckOutcome {
    CheckOutcome {
        check: CheckAbout {
            id: id.to_owned(),
            packs: vec!["orphans".to_owned()],
            title: "Volumes that no instance uses".to_owned(),
            severity,
            types: vec!["aws_ebs_volume".to_owned()],
            needs: Vec::new(),
            remediation: "Delete the volume, or attach it.".to_owned(),
            docs: Some("https://example.com/volumes".to_owned()),
            controls: Vec::new(),
        },
        status: Status::Pass,
        why: None,
        lacks: None,
        gaps: Vec::new(),
        parameters: Parameters::default(),
        lasting: None,
        findings: Vec::new(),
        more_findings: 0,
        resolved: Vec::new(),
        violations: Vec::new(),
        method: None,
    }
}

pub fn resource(id: &str, name: Option<&str>) -> Resource {
    Resource::of(format!("aws/111122223333/us-east-1/aws_ebs_volume/{id}"), name.map(str::to_owned)).unwrap()
}

pub fn finding(id: &str, reason: &str) -> Finding {
    Finding {
        resource: resource(id, None),
        reason: reason.to_owned(),
        since: Some(Since { revision: Some(7), at: Some(at("2026-10-02T00:00:00Z")), or_before: false }),
        details: None,
        exemption: None,
        is_new: Some(false),
    }
}

pub fn exemption() -> Exemption {
    Exemption { reason: "kept for the auditors".to_owned(), until: at("2026-12-31T00:00:00Z") }
}

pub fn gap() -> Gap {
    Gap {
        provider: "aws".to_owned(),
        account_id: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
        resource_type: "aws_ebs_volume".to_owned(),
        status: "failed".to_owned(),
        error_code: Some("AccessDenied".to_owned()),
        was_whole: true,
    }
}

/// A check of each status.
pub fn of_each_status() -> Outcome {
    let mut failed = check("ebs-volume-unattached", Severity::Medium);
    failed.status = Status::Fail;
    failed.check.packs.push("cis".to_owned());
    failed.check.controls =
        vec![Control { pack: "cis".to_owned(), number: "2.2".to_owned(), title: "No volume is left behind".to_owned() }];
    let named = Finding { resource: resource("vol-2", Some("data | <old> {1}")), ..finding("vol-2", "available, 40 GiB") };
    let details = json!({ "size": 40, "tags": { "owner": "@platform" } });
    failed.findings = vec![
        Finding { is_new: Some(true), ..finding("vol-1", "available, 8 GiB") },
        Finding { details: Some(details), ..named },
        Finding { exemption: Some(exemption()), ..finding("vol-3", "available, 1 GiB") },
    ];
    let mut incomplete = check("eip-unassociated", Severity::Low);
    incomplete.status = Status::Incomplete;
    incomplete.gaps = vec![gap()];
    incomplete.why = Some(gap().to_string());
    let mut error = check("own-rule", Severity::Critical);
    error.status = Status::Error;
    error.why = Some("column \"sise\" does not exist".to_owned());
    let mut skipped = check("rds-unused", Severity::High);
    skipped.status = Status::Skipped;
    skipped.why = Some("no scan has listed aws_rds_db_instance".to_owned());
    let mut lacking = check("tags-required", Severity::Medium);
    lacking.status = Status::Skipped;
    lacking.why = Some("the parameter orphans.required has no value".to_owned());
    lacking.lacks = Some("orphans.required".to_owned());
    let mut exempt = check("snapshot-old", Severity::High);
    exempt.findings = vec![Finding { exemption: Some(exemption()), ..finding("snap-1", "400 days old") }];
    let checks = vec![failed, incomplete, error, skipped, lacking, exempt, check("volume-unencrypted", Severity::High)];
    Outcome { checks, ..outcome() }
}

/// Intervals: one that ended, one that was there before and goes on.
pub fn of_range() -> Outcome {
    let mut failed = check("ebs-volume-unattached", Severity::High);
    failed.status = Status::Fail;
    failed.method = Some(Method::Temporal);
    let interval = |id: &str, opened, opened_before, closed, lasted_seconds| Interval {
        resource: resource(id, None),
        reason: "available".to_owned(),
        opened,
        opened_before,
        closed,
        lasted_seconds,
        exemption: None,
    };
    let (begin, end) = (moment(10, "2026-10-01T00:00:00Z"), moment(20, "2026-10-03T06:00:00Z"));
    failed.violations = vec![interval("vol-1", begin, false, Some(end), 194_400), interval("vol-2", begin, true, None, 2_700_000)];
    let extent = Extent::Range { from: begin, to: moment(120, "2026-11-01T06:00:00Z") };
    Outcome { extent, checks: vec![failed], ..outcome() }
}

/// What breaks documents, and what does not.
const PIECES: [&str; 36] = [
    "<",
    ">",
    "<b>bold</b>",
    "<!--",
    "<https://example.com>",
    "&",
    "&amp;",
    "\"",
    "'",
    "|",
    "`",
    "``",
    "\\",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\u{1b}[31m",
    "]]>",
    "](",
    "[a](1)",
    "{0}",
    "}",
    "*",
    "_",
    "~~gone~~",
    "#",
    " ##",
    "@team",
    "$x$",
    "\u{fffe}",
    "\u{ffff}",
    "\u{85}",
    "\u{202e}",
    "\u{1f980}",
    "plain words",
];

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![3 => select(PIECES.to_vec()).prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)];
    vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn some_moment() -> impl Strategy<Value = Moment> {
    (0..1_000_i64, option::of(0..4_000_000_000_000_000_i64))
        .prop_map(|(revision, micros)| Moment { revision, at: micros.map(Timestamp::from_micros) })
}

fn some_resource() -> impl Strategy<Value = Resource> {
    let part = || text().prop_map(|text| text.replace(|found: char| found == '/' || found.is_control(), "-") + "p");
    (part(), part(), part(), text(), option::of(text())).prop_map(|(account, region, resource_type, id, name)| {
        let key = ResourceKey::new("aws", &account, &region, &resource_type, &format!("id{id}")).unwrap();
        Resource::of(key.as_str().to_owned(), name).unwrap()
    })
}

fn some_exemption() -> impl Strategy<Value = Option<Exemption>> {
    let exemption =
        (text(), 0..4_000_000_000_000_000_i64).prop_map(|(reason, until)| Exemption { reason, until: Timestamp::from_micros(until) });
    option::weighted(0.3, exemption)
}

fn some_finding() -> impl Strategy<Value = Finding> {
    let since = (option::of(any::<i64>()), option::of(0..4_000_000_000_000_000_i64), any::<bool>())
        .prop_map(|(revision, at, or_before)| Since { revision, at: at.map(Timestamp::from_micros), or_before });
    let details = option::of(text().prop_map(|text| json!({ text.as_str(): [text.as_str(), null, 1.5] })));
    (some_resource(), text(), option::of(since), details, some_exemption(), option::weighted(0.9, any::<bool>()))
        .prop_map(|(resource, reason, since, details, exemption, is_new)| Finding { resource, reason, since, details, exemption, is_new })
}

fn some_interval() -> impl Strategy<Value = Interval> {
    (some_resource(), text(), some_moment(), any::<bool>(), option::of(some_moment()), any::<i64>(), some_exemption()).prop_map(
        |(resource, reason, opened, opened_before, closed, lasted_seconds, exemption)| Interval {
            resource,
            reason,
            opened,
            opened_before,
            closed,
            lasted_seconds,
            exemption,
        },
    )
}

fn some_about() -> impl Strategy<Value = CheckAbout> {
    let docs = option::of(prop_oneof![Just("https://example.com/a_b?c=d#e".to_owned()), text()]);
    let control = (text(), text(), text()).prop_map(|(pack, number, title)| Control { pack, number, title });
    (text(), vec(text(), 1..3), text(), select(Severity::ALL.to_vec()), vec(text(), 0..3), text(), docs, vec(control, 0..3)).prop_map(
        |(id, mut packs, title, severity, types, remediation, docs, controls)| {
            packs.dedup();
            CheckAbout { id, packs, title, severity, types, needs: Vec::new(), remediation, docs, controls }
        },
    )
}

fn some_gap() -> impl Strategy<Value = Gap> {
    (text(), text(), text(), text(), text(), option::of(text()), any::<bool>()).prop_map(
        |(provider, account_id, region, resource_type, status, error_code, was_whole)| Gap {
            provider,
            account_id,
            region,
            resource_type,
            status,
            error_code,
            was_whole,
        },
    )
}

/// What a check came to; a status that its findings contradict becomes the one that they make.
fn some_check(is_range: bool) -> impl Strategy<Value = CheckOutcome> {
    let found = (vec(some_finding(), 0..4), prop_oneof![3 => Just(0_usize), 1 => 0..3_usize], vec(some_interval(), 0..4));
    (some_about(), select(Status::ALL.to_vec()), option::of(text()), vec(some_gap(), 0..3), found).prop_map(
        move |(about, status, why, gaps, (findings, more, violations))| {
            let base = CheckOutcome { check: about, why, gaps, ..check("", Severity::Low) };
            let mut check = match (is_range, status) {
                (_, Status::Error | Status::Skipped) => base,
                (true, _) => CheckOutcome { violations, ..base },
                (false, _) => CheckOutcome { findings, more_findings: more, ..base },
            };
            check.status = match status {
                _ if check.open() > 0 => Status::Fail,
                Status::Fail => Status::Pass,
                status => status,
            };
            check
        },
    )
}

/// Any outcome. The ids of its checks differ.
pub fn any_outcome() -> impl Strategy<Value = Outcome> {
    let extent = prop_oneof![
        some_moment().prop_map(Extent::Point),
        (some_moment(), some_moment()).prop_map(|(from, to)| Extent::Range { from, to })
    ];
    extent.prop_flat_map(|extent| {
        let checks = vec(some_check(matches!(extent, Extent::Range { .. })), 0..5);
        (Just(extent), text(), text(), checks).prop_map(|(extent, run_id, elava_version, mut checks)| {
            for (index, check) in checks.iter_mut().enumerate() {
                check.check.id.push_str(&index.to_string());
            }
            Outcome { run_id, elava_version, extent, checks, ..outcome() }
        })
    })
}
