use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::analysis::intervals::Method;
use crate::analysis::outcome::{CheckAbout, Finding, Gap, Interval, Resource, Since};
use crate::query::Parameters;

fn check(id: &str, severity: Severity, status: Status) -> CheckOutcome {
    let about = CheckAbout {
        id: id.to_owned(),
        packs: vec!["pack".to_owned()],
        title: format!("What {id} is about, in a title that is too long for a line of eighty columns"),
        severity,
        types: vec!["aws_vpc".to_owned()],
        needs: Vec::new(),
        remediation: "Do one thing, and if that cannot be done, then do another, which takes longer to say".to_owned(),
        docs: None,
        controls: Vec::new(),
    };
    CheckOutcome {
        check: about,
        status,
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

fn resource(id: &str) -> Resource {
    Resource::of(format!("aws/111122223333/us-east-1/aws_vpc/{id}"), Some("a name \u{1b}[31m that is long enough to be cut".to_owned()))
        .unwrap()
}

fn finding(id: &str) -> Finding {
    Finding {
        resource: resource(id),
        reason: "is wrong in a way that takes some words, more of them than one line has".to_owned(),
        since: Some(Since { revision: Some(3), at: Some(Timestamp::from_micros(1_700_000_000_000_000)), or_before: id.ends_with('1') }),
        details: Some(json!({})),
        exemption: None,
        is_new: Some(true),
    }
}

fn outcome() -> Outcome {
    let moment = |revision| Moment { revision, at: Some(Timestamp::from_micros(1_700_000_000_000_000)) };
    let mut found = check("found", Severity::Critical, Status::Fail);
    found.findings = (0..15).map(|nth| finding(&format!("vpc-{nth}"))).collect();
    if let Some(first) = found.findings.first_mut() {
        first.exemption = Some(Exemption { reason: "it goes soon".to_owned(), until: Timestamp::from_micros(1_800_000_000_000_000) });
    }
    found.gaps = vec![gap()];
    let mut held = check("held", Severity::Low, Status::Fail);
    held.method = Some(Method::Temporal);
    held.violations = vec![Interval {
        resource: resource("vpc-0123456789abcdef0"),
        reason: "was wrong".to_owned(),
        opened: moment(3),
        opened_before: false,
        closed: Some(moment(9)),
        lasted_seconds: 90_061,
        exemption: None,
    }];
    let mut unseen = check("unseen", Severity::High, Status::Incomplete);
    unseen.why = Some("aws/111122223333/us-east-1/aws_vpc is partial (UnauthorizedOperation), and many more are so too".to_owned());
    let mut skipped = check("skipped", Severity::High, Status::Skipped);
    skipped.lacks = Some("pack.baseline".to_owned());
    let checks = vec![check("passed", Severity::Low, Status::Pass), held, skipped, unseen, found];
    Outcome {
        run_id: "run".to_owned(),
        elava_version: "1".to_owned(),
        is_present: true,
        started_at: None,
        finished_at: None,
        extent: Extent::Point(moment(9)),
        checks,
        removed: BTreeMap::new(),
    }
}

fn gap() -> Gap {
    let text = |text: &str| text.to_owned();
    let (provider, account_id, region, resource_type) = (text("aws"), text("1"), text("r"), text("aws_vpc"));
    Gap { provider, account_id, region, resource_type, status: text("failed"), error_code: None, was_whole: false }
}

fn written(width: Option<usize>, color: bool) -> String {
    of(&outcome(), &Options { width, color, per_check: 10 })
}

#[test]
fn lines_fit_a_terminal_and_say_the_same_with_colour() {
    let plain = written(Some(80), false);
    let widest = plain.lines().max_by_key(|line| display_width(line)).unwrap();
    assert!(display_width(widest) <= 80, "{widest}");
    let mut colored = written(Some(80), true);
    for code in [BOLD, DIM, "1;31", "31", "33", "36", "32"] {
        colored = colored.replace(&format!("\x1b[{code}m"), "");
    }
    assert_eq!(colored.replace("\x1b[0m", ""), plain);
    assert!(!plain.contains('\x1b'), "what the data holds does not reach the terminal");
}

#[test]
fn the_worst_is_told_first_and_what_is_not_shown_is_counted() {
    let text = written(None, false);
    let place = |part: &str| text.find(part).unwrap_or_else(|| panic!("no {part:?} in\n{text}"));
    assert!(place("critical  found") < place("low  held") && place("low  held") < place("incomplete  unseen"));
    assert!(text.contains("    ... and 5 more: elava check found\n"));
    assert!(text.contains("1 scope of its types was not seen in full\n"));
    assert!(text.contains("since 2023-11-14") && text.contains("before 2023-11-14"));
    assert!(text.contains("2023-11-14 22:13 to 2023-11-14 22:13    1d1h  vpc-0123456789abcdef0"));
    assert!(!text.contains("What passed is about") && !text.contains("What skipped is about"));
    assert!(text.contains("5 checks at revision 9 (2023-11-14 22:13)\n  2 fail, 1 incomplete, 1 skipped, 1 pass\n"));
    assert!(text.contains("  found: 14 critical, 1 low, 1 exempt, 15 new (+)\n  skipped for want of a parameter: pack.baseline\n"));
}

#[test]
fn what_is_not_shown_is_asked_for_as_this_was() {
    let text = |outcome: &Outcome| of(outcome, &Options { width: None, color: false, per_check: 10 });
    let moment = |revision| Moment { revision, at: None };
    let past = Outcome { is_present: false, ..outcome() };
    assert!(text(&past).contains("    ... and 5 more: elava check found --as-of 9\n"));
    let range = Outcome { extent: Extent::Range { from: moment(3), to: moment(9) }, ..outcome() };
    assert!(text(&range).contains("    ... and 5 more: elava check found --between 3 --and 9\n"));
    let mut alone = outcome();
    alone.checks.retain(|check| check.check.id == "found");
    assert!(text(&alone).contains("    ... and 5 more: --format csv writes all\n"));
}
