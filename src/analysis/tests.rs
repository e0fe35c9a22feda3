use std::collections::BTreeMap;

use super::coverage::Coverage;
use super::exemptions::{ExemptionRule, exemption};
use super::outcome::{CheckAbout, Exemption, Severity};
use super::parameters::ParameterType;
use crate::model::{TimeSpan, Timestamp};
use crate::query::ParameterValue;

fn toml(text: &str) -> toml::Value {
    let table: BTreeMap<String, toml::Value> = toml::from_str(&format!("x = {text}")).unwrap();
    table["x"].clone()
}

#[test]
fn values_are_read_by_their_type_from_toml_and_from_the_command_line() {
    let list = |items: &[&str]| ParameterValue::List(items.iter().map(|item| (*item).to_owned()).collect());
    let json = ParameterValue::Json(serde_json::json!({"env": ["prod"]}));
    for (kind, written, typed, expected) in [
        (ParameterType::Text, "'a, b'", "a, b", ParameterValue::Text("a, b".to_owned())),
        (ParameterType::Integer, "-3", "-3", ParameterValue::Integer(-3)),
        (ParameterType::Number, "3", "3", ParameterValue::Number(3.0)),
        (ParameterType::Number, "0.5", "0.5", ParameterValue::Number(0.5)),
        (ParameterType::Boolean, "true", "true", ParameterValue::Boolean(true)),
        (ParameterType::Duration, "'36h'", "1d12h", ParameterValue::Duration(TimeSpan::parse("36h").unwrap())),
        (ParameterType::List, "['a', 'b']", "a, b", list(&["a", "b"])),
        (ParameterType::List, "['a, b']", "[\"a, b\"]", list(&["a, b"])),
        (ParameterType::List, "[]", "", list(&[])),
        (ParameterType::Json, "{ env = ['prod'] }", r#"{"env":["prod"]}"#, json.clone()),
        (ParameterType::Json, r#"'{"env":["prod"]}'"#, r#" {"env": ["prod"]} "#, json),
    ] {
        assert_eq!(kind.read(&toml(written)).unwrap(), expected, "{written}");
        assert_eq!(kind.read_text(typed).unwrap(), expected, "{typed}");
    }
}

#[test]
fn values_of_another_type_are_told_with_what_was_expected() {
    for (kind, written, expected) in [
        (ParameterType::Text, "3", "expected a text, found 3"),
        (ParameterType::Integer, "0.5", "expected an integer, found 0.5"),
        (ParameterType::Number, "nan", "expected a number, found nan"),
        (ParameterType::Boolean, "'yes'", "expected true or false, found \"yes\""),
        (ParameterType::Duration, "7", "expected a duration such as 24h or 7d, found 7"),
        (ParameterType::Duration, "'long'", "expected a duration such as 24h or 7d, found \"long\""),
        (ParameterType::List, "[1]", "expected a list of texts, found [1]"),
        (ParameterType::Json, "'{'", "expected JSON, found \"{\""),
    ] {
        assert_eq!(kind.read(&toml(written)).unwrap_err().message(), expected);
    }
    assert_eq!(ParameterType::Integer.read_text("many").unwrap_err().message(), "expected an integer, found \"many\"");
    assert_eq!(ParameterType::Number.read_text("inf").unwrap_err().message(), "expected a number, found \"inf\"");
}

#[test]
fn of_exemptions_the_one_in_force_for_longest_holds() {
    let rule = |check: &str, resource: &str, until: i64| ExemptionRule {
        check: check.to_owned(),
        resource: resource.to_owned(),
        exemption: Exemption { reason: format!("{check} {until}"), until: Timestamp::from_micros(until) },
    };
    let rules = [rule("ports", "aws/1/*", 10), rule("*", "aws/1/us-east-1/*/sg-1", 20), rule("po", "*", 99), rule("ports", "aws/2/*", 99)];
    let found =
        |now: i64| exemption(&rules, "ports", "aws/1/us-east-1/sg/sg-1", Timestamp::from_micros(now)).map(|found| found.reason.as_str());
    assert_eq!(found(0), Some("* 20"));
    assert_eq!(found(19), Some("* 20"));
    assert_eq!(found(20), None, "the moment itself is no more of it");
    assert_eq!(exemption(&rules, "ports", "aws/1/us-east-1/sg/sg-2", Timestamp::from_micros(9)).unwrap().reason, "ports 10");
}

#[test]
fn without_scopes_nothing_was_listed() {
    let about = CheckAbout {
        id: "vpc-empty".to_owned(),
        packs: vec!["orphans".to_owned()],
        title: "VPCs in which nothing is".to_owned(),
        severity: Severity::Low,
        types: vec!["aws_vpc".to_owned(), "aws_ec2_network_interface".to_owned()],
        needs: vec!["aws_ec2_network_interface".to_owned()],
        remediation: "Delete it.".to_owned(),
        docs: None,
        controls: Vec::new(),
    };
    let known = Coverage::default().of(&about);
    assert!(!known.is_listed && known.gaps.is_empty());
    assert_eq!(known.never_listed, about.types);
}
