//! What one line may hold.

use std::sync::Arc;

use hashbrown::DefaultHashBuilder;
use proptest::prelude::*;

use super::super::canonical::{Canonical, Members};
use super::super::line::{Line, LineParser, Seen};
use super::super::rules::Rules;
use crate::model::{Content, Observation, Sighting, TypeRulesSet, parse_json};

fn parse_as(redact: bool, line: &str) -> Result<Line, String> {
    let rules = Rules { types: TypeRulesSet::default(), redact, hasher: DefaultHashBuilder::default() };
    let text = Arc::new(line.to_owned());
    LineParser::new(&rules).parse(&text, &text)
}

fn parse(line: &str) -> Result<Line, String> {
    parse_as(true, line)
}

fn refused(line: &str) -> String {
    match parse(line) {
        Err(reason) => reason,
        Ok(line) => panic!("taken: {line:?}"),
    }
}

/// An observation of a type, with more fields.
fn line(resource_type: &str, more: &str) -> String {
    format!(r#"{{"provider":"aws","account_id":"1","region":"eu","resource_type":"{resource_type}","resource_id":"a"{more}}}"#)
}

fn observed(line: &str) -> Observation {
    match parse(line) {
        Ok(Line::Observation(Seen { observation, .. })) => observation,
        other => panic!("{line}: {other:?}"),
    }
}

fn content(line: &str) -> Content {
    match observed(line).sighting {
        Sighting::Present(content, _) => (*content).clone(),
        Sighting::Deleted => panic!("deleted"),
    }
}

#[test]
fn only_the_five_key_fields_are_required() {
    let content = content(&line("aws_vpc", ""));
    assert_eq!((content.name, content.tags, content.properties.as_str()), (None, None, "{}"));
    for field in ["provider", "account_id", "region", "resource_type", "resource_id"] {
        let without = line("aws_vpc", "").replace(&format!("\"{field}\":"), "\"name\":");
        assert_eq!(refused(&without), format!("field {field:?} is missing"), "{without}");
    }
}

#[test]
fn what_is_wrong_with_a_line_is_said() {
    let cases = [
        (r#"{"provider":"aws""#.to_owned(), "not JSON"),
        ("[1]".to_owned(), "expected a JSON object, found an array"),
        ("{} {}".to_owned(), "not JSON"),
        (line("aws_vpc", r#","nmae":"x""#), "unknown field \"nmae\""),
        (line("aws_vpc", r#","scan_id":"x""#), "unknown field \"scan_id\" in an observation"),
        (line("aws_vpc", r#","name":"x","name":"x""#), "field \"name\" stands twice"),
        (line("aws_vpc", r#","name":7"#), "expected field \"name\" to be a string, found a number"),
        (line("aws_vpc", r#","tags":["x"]"#), "expected field \"tags\" to be an object, found an array"),
        (line("aws_vpc", r#","tags":{"a":1}"#), "expected member \"a\" to be a string, found a number"),
        (line("aws_vpc", r#","tags":{"a":null}"#), "expected member \"a\" to be a string, found null"),
        (line("aws_vpc", r#","tags":{"a":"1","a":"2"}"#), "member \"a\" stands twice"),
        (line("aws_vpc", r#","properties":"{}""#), "expected field \"properties\" to be an object, found a string"),
        (line("aws_vpc", r#","properties":{"b":1,"a":2,"b":1}"#), "member \"b\" stands twice"),
        (line("aws_vpc", r#","properties":{"b":1.}"#), "invalid number"),
        (line("aws_vpc", r#","properties":{"b":NaN}"#), "not JSON"),
        (line("aws_vpc", r#","properties":{"b":"\ud800"}"#), "not JSON"),
        (line("aws_vpc", r#","change":"created""#), "expected \"change\" to be deleted"),
        (line("aws_vpc", r#","created_at":"yesterday""#), "field \"created_at\": expected an RFC 3339 time"),
        (line("aws_vpc", r#","observed_at":"2026-11-01""#), "field \"observed_at\": expected an RFC 3339 time"),
        (line("", ""), "resource_type is empty"),
        (line("a/b", ""), "resource_type must not hold `/`"),
        (line("aws_vpc", "").replace("\"a\"}", "\"\"}"), "resource_id is empty"),
        (r#"{"scan":"begun"}"#.to_owned(), "expected \"scan\" to be started, scope or completed"),
        (r#"{"scan":null}"#.to_owned(), "field \"scan\" is missing"),
        (r#"{"scan":"started","scan_id":""}"#.to_owned(), "field \"scan_id\" is empty"),
        (r#"{"scan":"started","region":"eu"}"#.to_owned(), "unknown field \"region\" in a `started` line"),
        (r#"{"scan":"completed","scan_id":"x"}"#.to_owned(), "unknown field \"scan_id\" in a `completed` line"),
        (
            r#"{"scan":"scope","provider":"aws","account_id":"1","region":"eu","resource_type":"t"}"#.to_owned(),
            "field \"status\" is missing",
        ),
        (
            r#"{"scan":"scope","provider":"aws","account_id":"1","region":"eu","resource_type":"t","status":"ok"}"#.to_owned(),
            "expected complete, partial, failed, skipped or suspect, found \"ok\"",
        ),
    ];
    for (line, expected) in cases {
        let reason = refused(&line);
        assert!(reason.contains(expected), "{line}\n{reason}");
    }
    let deep = line("aws_vpc", &format!(",\"properties\":{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200)));
    assert!(refused(&deep).contains("deeper than 128 levels"));
}

#[test]
fn keys_may_hold_slashes_spaces_quotes_and_line_ends() {
    let odd = line("aws_vpc", "").replace(":\"a\"", r#":"arn:x/y z\"q\"\n\u00e9""#);
    assert_eq!(observed(&odd).key.as_str(), "aws/1/eu/aws_vpc/arn:x/y z\"q\"\n\u{e9}");
}

#[test]
fn numbers_keep_their_digits_and_members_are_sorted() {
    let given = line("aws_vpc", r#","tags":{"b":"2","a":"1"},"properties":{ "z": 9007199254740993, "a": {"y":1.0,"x":[1e2, null]} }"#);
    let content = content(&given);
    assert_eq!(content.properties.as_str(), r#"{"a":{"x":[1e2,null],"y":1.0},"z":9007199254740993}"#);
    assert_eq!(content.tags.unwrap().as_str(), r#"{"a":"1","b":"2"}"#);
}

#[test]
fn null_is_as_if_it_were_not_there() {
    let given = line("aws_vpc", r#","name":null,"tags":null,"properties":null,"change":null,"observed_at":null,"created_at":null"#);
    assert_eq!(observed(&given), observed(&line("aws_vpc", "")));
}

#[test]
fn a_deletion_needs_its_key_alone() {
    assert_eq!(observed(&line("aws_vpc", r#","change":"deleted""#)).sighting, Sighting::Deleted);
}

#[test]
fn secrets_are_replaced_unless_that_is_turned_off() {
    let secret = line("aws_ec2_instance", r#","properties":{"UserData":"cGFzc3dvcmQ=","InstanceId":"i-1"}"#);
    assert_eq!(content(&secret).properties.as_str(), r#"{"InstanceId":"i-1","UserData":"<redacted>"}"#);
    let Ok(Line::Observation(seen)) = parse_as(false, &secret) else { panic!("refused") };
    let Sighting::Present(content, _) = seen.observation.sighting else { panic!("deleted") };
    assert!(content.properties.as_str().contains("cGFzc3dvcmQ="));
}

#[test]
fn the_hash_is_that_of_the_model_under_the_types_rules() {
    let types = TypeRulesSet::default();
    for resource_type in ["aws_vpc", "aws_ec2_instance", "aws_vpc_subnet", "aws_rds_db_instance"] {
        let properties = r#","properties":{"AvailableIpAddressCount":3,"SecurityGroups":[{"b":1},{"a":2}],"LatestRestorableTime":"x"}"#;
        let Sighting::Present(content, hash) = observed(&line(resource_type, properties)).sighting else { panic!("deleted") };
        assert_eq!(hash, content.hash(types.comparing(resource_type)), "{resource_type}");
    }
    let hash =
        |groups: &str| match observed(&line("aws_ec2_instance", &format!(",\"properties\":{{\"SecurityGroups\":{groups}}}"))).sighting {
            Sighting::Present(_, hash) => hash,
            Sighting::Deleted => panic!("deleted"),
        };
    assert_eq!(hash(r#"["a","b"]"#), hash(r#"["b","a"]"#));
}

/// JSON text as people and programs write it, and some that is broken.
fn json_text() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec!["a", "b", "B", "aa", "\u{e9}", "\\u0061", "\\n", "\\\"", "\\/", "", "a b"]);
    let leaf = prop_oneof![
        prop::sample::select(vec![
            "null",
            "true",
            "false",
            "0",
            "-0",
            "1.0",
            "1e5",
            "1E+5",
            "12345678901234567890",
            "01",
            "1.",
            "-",
            "nul"
        ])
        .prop_map(str::to_owned),
        name.clone().prop_map(|name| format!("\"{name}\"")),
        Just("\"\\u0001\\ud83d\\ude00\"".to_owned()),
        Just("\"\\ud83d\"".to_owned()),
    ];
    leaf.prop_recursive(4, 32, 5, move |inner| {
        let space = prop::sample::select(vec!["", " ", "\t"]);
        let members = prop::collection::vec((name.clone(), inner.clone(), space), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|values| format!("[{}]", values.join(", "))),
            members.prop_map(|members| {
                let members: Vec<String> =
                    members.into_iter().map(|(name, value, space)| format!("{space}\"{name}\":{space}{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn canonical_text_in_one_pass_is_that_of_the_model(value in json_text()) {
        let object = format!("{{\"x\":{value}}}");
        // Something stands before and after it.
        let text = format!("[{object}]");
        let found = Canonical::default().object(&text, 1, Members::Any);
        let fast = found.ok().filter(|(_, end)| *end == text.len() - 1).map(|(found, _)| found.into_owned());
        let slow = parse_json(object.as_bytes()).ok().map(|value| value.canonical().as_str().to_owned());
        prop_assert_eq!(fast, slow);
    }
}
