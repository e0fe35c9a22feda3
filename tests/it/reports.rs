//! Reports as others read them: the schemas of SARIF and of Jenkins, and GitHub's own reader of Markdown, each in Python.

mod outcomes;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use elava::analysis::outcome::{CheckOutcome, Exemption, Extent, Finding, Interval, Outcome, Resource, Severity, Status};
use elava::analysis::report::{Format, write};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use outcomes::{any_outcome, check, finding, of_each_status, of_range, outcome};

const READER: &str = include_str!("reports/reader.py");

/// The program that reads reports.
struct Reader {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Reader {
    fn start() -> Self {
        let python = std::env::var("ELAVA_TEST_PYTHON").expect("ELAVA_TEST_PYTHON names a Python with the schemas; tests/run.sh makes one");
        let mut command = Command::new(python);
        let mut child = command.args(["-c", READER]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (questions, answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, questions, answers }
    }

    /// What is in the three documents of an outcome.
    fn read(&mut self, outcome: &Outcome) -> Read {
        let [sarif, junit, markdown] = [Format::Sarif, Format::Junit, Format::Markdown].map(|format| document(outcome, format));
        let question = json!({ "sarif": sarif, "junit": junit, "markdown": markdown });
        writeln!(self.questions, "{question}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        let mut answer: Value = serde_json::from_str(&answer).expect("the reader answers");
        assert_eq!(answer["wrong"], Value::Null, "{}\n{sarif}\n{junit}\n{markdown}", answer["wrong"]);
        let [sarif, junit, markdown] = ["sarif", "junit", "markdown"].map(|name| answer[name].take());
        Read { sarif, junit, markdown }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Read {
    sarif: Value,
    junit: Value,
    markdown: Value,
}

impl Read {
    fn results(&self) -> Vec<&Value> {
        list(&self.sarif["runs"][0]["results"])
    }

    /// The cases of all suites.
    fn cases(&self) -> Vec<&Value> {
        list(&self.junit["suites"]).into_iter().flat_map(|suite| list(&suite[1])).collect()
    }

    fn tables(&self) -> Vec<&Value> {
        list(&self.markdown["tables"])
    }
}

fn list(value: &Value) -> Vec<&Value> {
    value.as_array().unwrap_or_else(|| panic!("expected a list, found {value}")).iter().collect()
}

fn document(outcome: &Outcome, format: Format) -> String {
    let mut bytes = Vec::new();
    write(outcome, format, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// What JUnit XML and Markdown show of a text.
fn shown(text: &str) -> String {
    let is_hidden = |found: char| found < ' ' || ('\u{7f}'..'\u{a0}').contains(&found) || found == '\u{fffe}' || found == '\u{ffff}';
    text.chars().map(|found| if is_hidden(found) { found.escape_default().to_string() } else { found.to_string() }).collect()
}

/// A text without the spaces that a page does not keep.
fn bare(text: &str) -> String {
    text.chars().filter(|found| !found.is_whitespace() && *found != '\u{200b}').collect()
}

/// What is told of a check: the resource, the reason, until when it is allowed and why, and what else is known.
struct Told<'a>(&'a Resource, &'a str, Option<&'a Exemption>, Value);

fn told(check: &CheckOutcome) -> Vec<Told<'_>> {
    let of_finding = |finding: &Finding| json!({ "since": finding.since, "details": finding.details });
    let of_interval = |interval: &Interval| {
        let Interval { opened, opened_before, closed, lasted_seconds, .. } = interval;
        json!({ "opened": opened, "opened_before": opened_before, "closed": closed, "lasted_seconds": lasted_seconds })
    };
    let findings = check.findings.iter();
    let findings = findings.map(|found| Told(&found.resource, &found.reason, found.exemption.as_ref(), of_finding(found)));
    let intervals = check.violations.iter();
    let intervals = intervals.map(|found| Told(&found.resource, &found.reason, found.exemption.as_ref(), of_interval(found)));
    findings.chain(intervals).collect()
}

/// A name that says more than the id, in brackets.
fn name_of(resource: &Resource) -> String {
    let name = resource.name.as_ref().filter(|name| **name != resource.resource_id);
    name.map_or_else(String::new, |name| format!(" ({name})"))
}

fn sarif_has_the_same(outcome: &Outcome, read: &Read) {
    let results = read.results();
    let mut rest = results.iter();
    for (index, check) in outcome.checks.iter().enumerate() {
        for Told(resource, reason, exemption, mut properties) in told(check) {
            let result = rest.next().expect("a result for each finding");
            let location = &result["locations"][0]["logicalLocations"][0];
            assert_eq!((&result["ruleId"], &result["ruleIndex"]), (&json!(check.check.id), &json!(index)));
            assert_eq!(location["fullyQualifiedName"], json!(resource.resource_key));
            let message = format!("{}{}: {reason}", resource.resource_id, name_of(resource));
            assert_eq!(result["message"]["text"], json!(message.replace('{', "{{").replace('}', "}}").replace("](", "\\](")));
            properties["resource"] = json!(resource);
            assert_eq!(result["properties"], properties);
            let justified = exemption.map(|exemption| format!("{} (until {})", exemption.reason, exemption.until));
            let justifications = list(&result["suppressions"]).into_iter().map(|suppression| suppression["justification"].clone());
            assert_eq!(justifications.collect::<Vec<_>>(), justified.map(Value::from).into_iter().collect::<Vec<_>>());
            assert_eq!((&result["kind"], result["level"] == "none"), (&json!("fail"), false));
        }
        if check.status == Status::Incomplete {
            let result = rest.next().expect("a result for what is not decided");
            assert_eq!((&result["kind"], &result["level"], &result["ruleId"]), (&json!("open"), &json!("none"), &json!(check.check.id)));
        }
    }
    assert!(rest.next().is_none());
    standard_is_kept(&read.sarif["runs"][0], &results);
}

/// What the standard says and its schema does not.
fn standard_is_kept(run: &Value, results: &[&Value]) {
    let driver = &run["tool"]["driver"];
    let with_baseline = results.iter().filter(|result| result.get("baselineState").is_some()).count();
    assert!([0, results.len()].contains(&with_baseline), "of all results or of none");
    for result in results {
        assert_eq!(driver["rules"][usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()]["id"], result["ruleId"]);
    }
    let invocation = &run["invocations"][0];
    let notifications = ["toolExecutionNotifications", "toolConfigurationNotifications"].map(|name| list(&invocation[name]));
    for notification in notifications.iter().flatten() {
        let at = |reference: &Value| usize::try_from(reference["index"].as_u64().unwrap()).unwrap();
        let (descriptor, rule) = (&notification["descriptor"], &notification["associatedRule"]);
        assert_eq!(driver["notifications"][at(descriptor)]["id"], descriptor["id"]);
        assert_eq!(driver["rules"][at(rule)]["id"], rule["id"]);
    }
    let failed = notifications.iter().flatten().any(|notification| notification["level"] == "error");
    assert_eq!(invocation["executionSuccessful"], json!(!failed));
}

fn junit_has_the_same(outcome: &Outcome, read: &Read) {
    let mut expected: Vec<(String, String, &CheckOutcome)> = Vec::new();
    for check in &outcome.checks {
        expected.extend(check.check.packs.iter().map(|pack| (shown(pack), shown(&check.check.id), check)));
    }
    let cases = read.cases();
    assert_eq!(cases.len(), expected.len());
    for case in &cases {
        let is_it = |(pack, id, _): &&(String, String, &CheckOutcome)| case[0] == json!(pack) && case[1] == json!(id);
        let (_, _, check) = expected.iter().find(is_it).unwrap_or_else(|| panic!("{case} is of no check"));
        let inside = list(&case[2]);
        let expected = match check.status {
            Status::Fail => json!(["failure", check.check.severity.as_str()]),
            Status::Error => json!(["error", "error"]),
            Status::Incomplete => json!(["error", "incomplete"]),
            Status::Skipped => json!(["skipped", null]),
            Status::Pass => json!(inside.first().map_or(json!(null), |_| json!(["system-out", null]))),
        };
        let found = inside.first().map_or(json!(null), |element| json!([element[0], element[1]]));
        assert_eq!((found, inside.len() <= 1), (expected, true));
        let text = inside.first().map_or("", |element| element[3].as_str().unwrap());
        let mut lines = text.lines();
        for Told(resource, reason, exemption, _) in told(check) {
            let line = lines.next().expect("a line for each finding");
            let start = shown(&format!("{}{}: {reason}", resource.resource_key, name_of(resource)));
            let end = exemption.map_or_else(String::new, |exempt| format!(" [exempt until {}: {}]", exempt.until, exempt.reason));
            assert!(line.starts_with(&start) && line.ends_with(&shown(&end)), "{line:?}: {start:?}, {end:?}");
        }
    }
    counts_are_those_of_the_cases(read);
}

fn counts_are_those_of_the_cases(read: &Read) {
    let with = |cases: &[&Value], tag: &str| cases.iter().filter(|case| case[2][0][0] == tag).count().to_string();
    let counted = |counts: &Value, cases: &[&Value]| {
        assert_eq!(counts["tests"], json!(cases.len().to_string()));
        assert_eq!(counts["failures"], json!(with(cases, "failure")));
        assert_eq!(counts["errors"], json!(with(cases, "error")));
    };
    counted(&read.junit["counts"], &read.cases());
    for suite in list(&read.junit["suites"]) {
        let cases = list(&suite[1]);
        counted(&suite[0], &cases);
        assert_eq!(suite[0]["skipped"], json!(with(&cases, "skipped")));
    }
}

/// The elements that a report is made of: whatever a text holds makes no other.
const ELEMENTS: [&str; 11] = ["a", "code", "h2", "h3", "p", "table", "tbody", "td", "th", "thead", "tr"];

fn markdown_has_the_same(outcome: &Outcome, read: &Read) {
    for element in list(&read.markdown["elements"]) {
        assert!(ELEMENTS.contains(&element.as_str().unwrap()), "a text has made an element {element}");
    }
    let is_shown = |check: &&CheckOutcome| !matches!(check.status, Status::Skipped | Status::Pass) || check.exempt() > 0;
    let mut expected: Vec<&CheckOutcome> = outcome.checks.iter().filter(is_shown).collect();
    expected.sort_by_key(|check| (check.status, std::cmp::Reverse(check.check.severity)));
    let headings: Vec<String> =
        list(&read.markdown["headings"]).into_iter().skip(1).map(|heading| bare(heading.as_str().unwrap())).collect();
    let told_of = |check: &&CheckOutcome| bare(&shown(&format!("{}: {} {}", check.status, check.check.id, check.check.title)));
    assert_eq!(headings, expected.iter().map(told_of).collect::<Vec<_>>());
    let mut tables = read.tables().into_iter();
    let summary = tables.next().map_or(0, |table| list(table).len() - 1);
    assert_eq!(summary, expected.len());
    for check in expected {
        let text = bare(read.markdown["text"].as_str().unwrap());
        assert!(text.contains(&bare(&shown(&check.check.remediation))), "{text:?}: {:?}", check.check.remediation);
        let told = told(check);
        let rows = if told.is_empty() { Vec::new() } else { list(tables.next().expect("a table for each check with findings")) };
        assert_eq!(rows.len().saturating_sub(1), told.len());
        for (row, Told(resource, reason, exemption, _)) in rows.into_iter().skip(1).zip(told) {
            let exempt = exemption.map_or_else(String::new, |exempt| format!(" (exempt until {}: {})", exempt.until, exempt.reason));
            let expected = [format!("{}{}", resource.resource_key, name_of(resource)), format!("{reason}{exempt}")];
            let found = [0, 1].map(|cell| bare(row[cell].as_str().unwrap()));
            assert_eq!(found, expected.map(|text| bare(&shown(&text))));
        }
    }
    assert!(tables.next().is_none());
}

#[test]
fn any_outcome_is_valid_and_reads_back_as_what_it_is() {
    let mut reader = Reader::start();
    let reader = std::cell::RefCell::new(&mut reader);
    let mut runner = TestRunner::new(Config { failure_persistence: None, max_shrink_iters: 400, ..Config::with_cases(192) });
    let holds = |outcome: Outcome| {
        let read = reader.borrow_mut().read(&outcome);
        sarif_has_the_same(&outcome, &read);
        junit_has_the_same(&outcome, &read);
        markdown_has_the_same(&outcome, &read);
        Ok(())
    };
    runner.run(&any_outcome(), holds).unwrap();
}

#[test]
fn each_status_is_told_as_what_it_is() {
    let outcome = of_each_status();
    for (name, format) in [("report-sarif", Format::Sarif), ("report-junit", Format::Junit), ("report-markdown", Format::Markdown)] {
        snapshot(name, &document(&outcome, format));
    }
    Reader::start().read(&outcome);
}

#[test]
fn intervals_of_a_range_are_told_with_their_times() {
    let outcome = of_range();
    let names = [("report-range-sarif", Format::Sarif), ("report-range-junit", Format::Junit), ("report-range-markdown", Format::Markdown)];
    for (name, format) in names {
        snapshot(name, &document(&outcome, format));
    }
    Reader::start().read(&outcome);
}

/// JSON is shown with a member on each line.
fn snapshot(name: &str, document: &str) {
    let pretty = serde_json::from_str::<Value>(document).map(|value| serde_json::to_string_pretty(&value).unwrap());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, pretty.as_deref().unwrap_or(document)));
}

/// Code scanning knows a finding again by its fingerprint: whatever else is said of it changes.
#[test]
fn the_fingerprint_of_a_finding_is_its_check_and_its_resource() {
    let fingerprint = |id: &str, finding: Finding, extent: Extent| {
        let checks = vec![CheckOutcome { status: Status::Fail, findings: vec![finding], ..check(id, Severity::Low) }];
        let outcome = Outcome { checks, extent, run_id: String::new(), ..outcome() };
        let document: Value = serde_json::from_str(&document(&outcome, Format::Sarif)).unwrap();
        document["runs"][0]["results"][0]["partialFingerprints"].clone()
    };
    let (now, later) = (outcome().extent, Extent::Point(outcomes::moment(300, "2026-12-01T00:00:00Z")));
    let first = fingerprint("a", finding("vol-1", "8 GiB"), now);
    assert_eq!(first, fingerprint("a", Finding { since: None, is_new: None, ..finding("vol-1", "16 GiB") }, later));
    assert_ne!(first, fingerprint("b", finding("vol-1", "8 GiB"), now));
    assert_ne!(first, fingerprint("a", finding("vol-2", "8 GiB"), now));
    assert_ne!(first["primaryLocationLineHash"], Value::Null, "GitHub reads no other");
}

/// The standard wants to know of all results if they are new, or of none.
#[test]
fn what_is_new_is_told_where_it_is_known_of_all() {
    let states = |outcome: &Outcome| -> Vec<Value> {
        let document: Value = serde_json::from_str(&document(outcome, Format::Sarif)).unwrap();
        list(&document["runs"][0]["results"]).into_iter().map(|result| result["baselineState"].clone()).collect()
    };
    let findings = vec![Finding { is_new: Some(true), ..finding("vol-1", "8 GiB") }, finding("vol-2", "8 GiB")];
    let failed = CheckOutcome { status: Status::Fail, findings, ..check("a", Severity::Low) };
    let known = Outcome { checks: vec![failed.clone()], ..outcome() };
    assert_eq!(states(&known), [json!("new"), json!("unchanged")]);
    let undecided = CheckOutcome { status: Status::Incomplete, gaps: vec![outcomes::gap()], ..check("b", Severity::Low) };
    let partly = Outcome { checks: vec![failed, undecided], ..outcome() };
    assert_eq!(states(&partly), [Value::Null, Value::Null, Value::Null]);
}

#[test]
fn long_lists_are_cut_and_say_so() {
    let findings: Vec<Finding> = (0..3_000).map(|number| finding(&format!("vol-{number:04}"), "available, 8 GiB")).collect();
    let checks = (0..60).map(|number| CheckOutcome {
        status: Status::Fail,
        findings: findings.clone(),
        more_findings: 7,
        ..check(&format!("check-{number}"), Severity::Low)
    });
    let outcome = Outcome { checks: checks.collect(), ..outcome() };
    let [junit, markdown] = [Format::Junit, Format::Markdown].map(|format| document(&outcome, format));
    assert_eq!(junit.matches("3007 violations").count(), 60);
    assert_eq!(junit.matches("\nand 2007 more\n").count(), 60);
    assert_eq!(junit.matches("available, 8 GiB").count(), 60 * 1_000);
    assert!(markdown.len() < 65_536, "a comment on GitHub");
    assert_eq!((markdown.matches("and 2997 more").count(), markdown.matches("and 3007 more").count()), (10, 50));
    let sarif: Value = serde_json::from_str(&document(&outcome, Format::Sarif)).unwrap();
    let run = &sarif["runs"][0];
    assert_eq!(list(&run["results"]).len(), 60 * 3_000);
    let notices = list(&run["invocations"][0]["toolExecutionNotifications"]);
    assert!(notices.iter().all(|notice| notice["message"]["text"].as_str().unwrap().ends_with("7 more findings are left out")));
    assert_eq!(notices.len(), 60);
}

#[test]
fn an_outcome_without_checks_is_a_report_too() {
    let read = Reader::start().read(&outcome());
    assert_eq!((read.results().len(), read.cases().len(), read.tables().len()), (0, 0, 0));
}
