//! A pack of checks about a small estate, and three days of it.

use std::fs;

use serde_json::Value;

use crate::cli::run::{Bench, check};

const PACK: &str = r#"title = "House"
about = "What holds in this house."

[parameters.required]
type = "list"
default = ["owner", "team", "env"]
about = "Tags that every instance has."

[parameters.least]
type = "integer"
default = 8
about = "The least size of a volume, in GiB."

[parameters.image]
type = "text"
about = "The image that instances are made from."

[parameters.unused_for]
type = "duration"
default = "23h"
about = "How long a volume may be unused."

[[controls]]
number = "1.1"
title = "Nothing is reached from outside"
check = "instance-public"
"#;

const CHECKS: [(&str, &str, &str, &str); 8] = [
    (
        "instance-public",
        "high",
        "aws_ec2_instance",
        "SELECT resource_key, 'is reached at ' || public_ip_address AS reason, image_id AS image, tags FROM aws_ec2_instance WHERE public_ip_address IS NOT NULL",
    ),
    (
        "instance-tags",
        "low",
        "aws_ec2_instance",
        "SELECT i.resource_key, 'lacks ' || k.k AS reason FROM aws_ec2_instance i, unnest($required) AS k(k) WHERE i.tags->>k.k IS NULL",
    ),
    (
        "instance-image",
        "medium",
        "aws_ec2_instance",
        "SELECT resource_key, 'is made from ' || image_id AS reason FROM aws_ec2_instance WHERE image_id <> $image",
    ),
    ("instance-broken", "low", "aws_ec2_instance", "SELECT resource_key, nothing AS reason FROM aws_ec2_instance"),
    (
        "volume-unattached",
        "medium",
        "aws_ebs_volume",
        "SELECT resource_key, 'is ' || state AS reason FROM aws_ebs_volume WHERE state = 'available'",
    ),
    (
        "volume-small",
        "low",
        "aws_ebs_volume",
        "SELECT resource_key, 'has ' || size || ' GiB' AS reason FROM aws_ebs_volume WHERE size < $least",
    ),
    ("subnet-tagged", "low", "aws_vpc_subnet", "SELECT resource_key, 'has no tags' AS reason FROM aws_vpc_subnet WHERE tags IS NULL"),
    (
        "bucket-public",
        "critical",
        "aws_s3_bucket",
        "SELECT resource_key, 'is public' AS reason FROM aws_s3_bucket WHERE bucket_policy_is_public",
    ),
];

/// A volume that must have been unused for `$unused_for`.
pub const LASTING: &str = "-- id: volume-unused\n-- title: Volumes that are not used for long\n-- severity: medium\n-- types: aws_ebs_volume\n\
    -- lasting: $unused_for\n-- remediation: Delete it.\nSELECT resource_key, 'is ' || state AS reason FROM aws_ebs_volume WHERE state = 'available'\n";

/// A bench with the pack.
pub struct House {
    pub bench: Bench,
}

impl House {
    pub fn new() -> Self {
        let house = Self { bench: Bench::new() };
        fs::create_dir_all(house.bench.path("packs/house")).unwrap();
        // `unused_for` is of the tests that add its check.
        let (start, rest) = PACK.split_once("[parameters.unused_for]").unwrap();
        let (_, end) = rest.split_once("[[controls]]").unwrap();
        house.bench.write("packs/house/pack.toml", &format!("{start}[[controls]]{end}"));
        for (id, severity, types, sql) in CHECKS {
            let header = format!("-- id: {id}\n-- title: The check {id}\n-- severity: {severity}\n-- types: {types}\n");
            house.bench.write(&format!("packs/house/{id}.sql"), &format!("{header}-- remediation: Mend it.\n{sql}\n"));
        }
        house.settings("");
        house
    }

    /// With a check that has a duration.
    pub fn with_lasting() -> Self {
        let house = Self::new();
        house.bench.write("packs/house/pack.toml", PACK);
        house.bench.write("packs/house/volume-unused.sql", LASTING);
        house
    }

    /// Settings besides where the packs are.
    pub fn settings(&self, more: &str) {
        self.bench.write("elava.toml", &format!("[checks]\npacks = [\"house\"]\npack_dirs = [\"packs\"]\n{more}"));
    }

    /// Imports a day.
    pub fn import(&self, day: &str) {
        let file = format!("{day}.ndjson");
        self.bench.write(&file, &scan(day));
        let told = self.bench.elava(&["import", &file]);
        assert!(told.starts_with("exit 0"), "{told}");
    }

    /// The exit code and what is written.
    pub fn run(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.bench.output(&[&["--store", "store", "check"], arguments].concat(), "");
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert!(!stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        (output.status.code().unwrap(), stdout)
    }

    /// The exit code and the outcome.
    pub fn check(&self, arguments: &[&str]) -> (i32, Value) {
        let (code, text) = self.run(&[arguments, &["--format", "json"]].concat());
        (code, serde_json::from_str(&text).unwrap())
    }

    /// Compares what is said with a snapshot.
    pub fn tells(&self, name: &str, arguments: &[&str]) {
        check(name, &self.bench.elava(&[&["check"], arguments].concat()));
    }

    /// The rows of a query.
    pub fn sql(&self, sql: &str) -> Value {
        let output = self.bench.output(&["--store", "store", "sql", sql, "--format", "json"], "");
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// One check of an outcome.
pub fn of<'a>(outcome: &'a Value, id: &str) -> &'a Value {
    outcome["checks"].as_array().unwrap().iter().find(|check| check["id"] == id).unwrap()
}

/// The ids of resources and the reasons of a check's findings that are not exempt.
pub fn findings(outcome: &Value, id: &str) -> Vec<(String, String)> {
    let findings = of(outcome, id)["findings"].as_array().unwrap().iter().filter(|finding| finding["exemption"].is_null());
    findings.map(|finding| texts((finding["resource_id"].as_str().unwrap(), finding["reason"].as_str().unwrap()))).collect()
}

pub fn texts((id, reason): (&str, &str)) -> (String, String) {
    (id.to_owned(), reason.to_owned())
}

/// A day's scan. On Tuesday `vol-1` is attached, `i-2` is public too, and volumes are not seen in full; on Wednesday they are, `i-2` is
/// gone, and `vol-2` has come.
fn scan(day: &str) -> String {
    let (date, volumes, instances, volume_scope) = match day {
        "monday" => ("2026-11-02", vec![("vol-1", "available")], vec![("i-1", Some("198.51.100.7")), ("i-2", None)], "complete"),
        "tuesday" => ("2026-11-03", vec![("vol-1", "in-use")], vec![("i-1", None), ("i-2", Some("198.51.100.8"))], "partial"),
        "wednesday" => ("2026-11-04", vec![("vol-1", "in-use"), ("vol-2", "available")], vec![("i-1", None)], "complete"),
        "thursday" => ("2026-11-05", vec![("vol-1", "in-use"), ("vol-2", "available")], vec![("i-1", None)], "complete"),
        _ => panic!("no such day"),
    };
    let place = r#""provider":"aws","account_id":"111122223333","region":"us-east-1""#;
    let mut lines = vec![format!(r#"{{"scan":"started","scan_id":"{day}","provider":"aws","at":"{date}T00:00:00Z"}}"#)];
    for (id, address) in instances {
        let (name, tags) = if id == "i-1" { ("web", r#"{"env":"prod"}"#) } else { ("db", "{}") };
        let address = address.map_or(String::new(), |address| format!(r#","PublicIpAddress":"{address}""#));
        lines.push(format!(
            r#"{{{place},"resource_type":"aws_ec2_instance","resource_id":"{id}","name":"{name}","state":"running","tags":{tags},"properties":{{"ImageId":"ami-{}"{address}}}}}"#,
            &id[2..]
        ));
    }
    for (id, state) in volumes {
        lines.push(format!(
            r#"{{{place},"resource_type":"aws_ebs_volume","resource_id":"{id}","state":"{state}","properties":{{"Size":8,"State":"{state}"}}}}"#
        ));
    }
    lines.push(format!(r#"{{{place},"resource_type":"aws_vpc_subnet","resource_id":"subnet-1","tags":{{}}}}"#));
    let scopes = [
        ("aws_ec2_instance", "complete", "null"),
        ("aws_ebs_volume", volume_scope, "null"),
        ("aws_vpc_subnet", "partial", "\"UnauthorizedOperation\""),
    ];
    for (name, status, code) in scopes {
        lines.push(format!(r#"{{"scan":"scope",{place},"resource_type":"{name}","status":"{status}","error_code":{code}}}"#));
    }
    lines.push(format!(r#"{{"scan":"completed","at":"{date}T00:00:09Z"}}"#));
    lines.join("\n") + "\n"
}
