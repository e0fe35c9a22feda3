//! `elava check`, as a user sees it: statuses and exit codes, parameters, exemptions, packs that are broken, and what is recorded.

mod broken;
mod findings;
mod formats;
mod house;
mod lasting;
mod needs;
mod past;

use serde_json::json;

use house::House;

#[test]
fn each_status_has_its_reason_and_its_exit_code() {
    let house = House::new();
    house.import("monday");
    let (code, outcome) = house.check(&["--no-record", "house"]);
    let told = |id: &str| {
        let check = house::of(&outcome, id);
        (check["status"].as_str().unwrap().to_owned(), check["why"].as_str().map(str::to_owned))
    };
    let why = |text: &str| Some(text.to_owned());
    assert_eq!(told("instance-public"), ("fail".into(), None));
    assert_eq!(told("volume-unattached"), ("fail".into(), None));
    assert_eq!(told("volume-small"), ("pass".into(), None));
    assert_eq!(
        told("subnet-tagged"),
        ("incomplete".into(), why("aws/111122223333/us-east-1/aws_vpc_subnet is partial (UnauthorizedOperation)"))
    );
    assert_eq!(told("bucket-public"), ("skipped".into(), why("no scan has listed aws_s3_bucket")));
    assert_eq!(told("instance-image"), ("skipped".into(), why("the parameter house.image has no value")));
    assert_eq!(told("instance-broken").0, "error");
    assert_eq!(code, 2, "a check could not be run");
    assert_eq!(outcome["status"], "error");
    let exit = |checks: &[&str]| house.check(&[&["--no-record"], checks].concat()).0;
    assert_eq!(exit(&["instance-public"]), 1);
    assert_eq!(exit(&["volume-small"]), 0);
    assert_eq!(exit(&["subnet-tagged"]), 1, "what could not be seen is no pass");
    assert_eq!(exit(&["bucket-public"]), 2, "nothing was run");
    assert_eq!(exit(&["bucket-public", "volume-small"]), 0);
}

#[test]
fn a_finding_tells_all_of_its_resource_and_what_else_the_query_says() {
    let house = House::new();
    house.import("monday");
    let (_, outcome) = house.check(&["--no-record", "instance-public"]);
    let finding = &house::of(&outcome, "instance-public")["findings"][0];
    for (field, expected) in [
        ("resource_key", json!("aws/111122223333/us-east-1/aws_ec2_instance/i-1")),
        ("account_id", json!("111122223333")),
        ("region", json!("us-east-1")),
        ("resource_type", json!("aws_ec2_instance")),
        ("resource_id", json!("i-1")),
        ("name", json!("web")),
        ("reason", json!("is reached at 198.51.100.7")),
        ("details", json!({"image": "ami-1", "tags": {"env": "prod"}})),
        ("exemption", json!(null)),
    ] {
        assert_eq!(finding[field], expected, "{field}");
    }
    assert_eq!(outcome["point"]["at"], "2026-11-02T00:00:00Z");
}

#[test]
fn several_rows_of_a_resource_are_one_finding() {
    let house = House::new();
    house.import("monday");
    let (_, outcome) = house.check(&["--no-record", "instance-tags"]);
    assert_eq!(
        house::findings(&outcome, "instance-tags"),
        [("i-1", "lacks owner; lacks team"), ("i-2", "lacks env; lacks owner; lacks team")].map(house::texts)
    );
}

#[test]
fn severities_choose_checks_and_decide_the_exit_code() {
    let house = House::new();
    house.import("monday");
    let exit = |arguments: &[&str]| house.check(&[&["--no-record", "instance-public", "volume-unattached"], arguments].concat());
    let ids = |outcome: &serde_json::Value| outcome["checks"].as_array().unwrap().len();
    assert_eq!(exit(&["--severity", "high"]).0, 1);
    assert_eq!(ids(&exit(&["--severity", "high"]).1), 1);
    assert_eq!(exit(&["--fail-on", "high"]).0, 1);
    assert_eq!(exit(&["--fail-on", "critical"]).0, 0);
    assert_eq!(exit(&["--fail-on", "never"]).0, 0);
    let unseen = |least: &str| house.check(&["--no-record", "subnet-tagged", "--fail-on", least]).0;
    assert_eq!([unseen("low"), unseen("medium"), unseen("never")], [1, 0, 0], "what could not be seen is as severe as its check");
}

#[test]
fn a_condition_leaves_out_resources() {
    let house = House::new();
    house.import("monday");
    let found =
        |condition: &str| house::findings(&house.check(&["--no-record", "instance-tags", "--where", condition]).1, "instance-tags").len();
    assert_eq!(found("tags->>'env' = 'prod'"), 1);
    assert_eq!(found("region = 'us-east-1' -- here"), 2);
    assert_eq!(found("region = 'eu-west-1'"), 0);
    house.tells("check-where-wrong", &["instance-tags", "--where", "regon = 'x'"]);
}

#[test]
fn parameters_come_from_the_pack_the_settings_and_the_command_line() {
    let house = House::new();
    house.import("monday");
    let found = |arguments: &[&str]| {
        let (_, outcome) = house.check(&[&["--no-record", "instance-tags", "instance-image"], arguments].concat());
        let image = house::findings(&outcome, "instance-image").len();
        (house::findings(&outcome, "instance-tags")[0].1.clone(), image)
    };
    assert_eq!(found(&[]), ("lacks owner; lacks team".to_owned(), 0));
    house.settings("[checks.parameters.house]\nrequired = [\"team\"]\nimage = \"ami-2\"\n");
    assert_eq!(found(&[]), ("lacks team".to_owned(), 1));
    assert_eq!(found(&["--parameter", "house.required=owner, zone", "--parameter", "house.image=ami-1"]).0, "lacks owner; lacks zone");
    assert_eq!(found(&["--parameter", "house.image=ami-9"]).1, 2);
    for (name, parameter) in
        [("type", "house.least=many"), ("name", "house.requird=x"), ("pack", "hose.required=x"), ("form", "required=x")]
    {
        house.tells(&format!("check-parameter-{name}"), &["--parameter", parameter]);
    }
    house.settings("[checks.parameters.house]\nrequired = \"team\"\n");
    house.tells("check-parameter-settings", &[]);
}

#[test]
fn names_that_are_no_pack_and_no_check_are_told_with_what_was_meant() {
    let house = House::new();
    house.tells("check-unknown", &["instance-pubic"]);
    house.tells("check-no-store", &["house"]);
}

#[test]
fn the_printed_sql_finds_what_the_check_finds() {
    let house = House::new();
    house.import("monday");
    let printed = house.run(&["--print-sql", "instance-tags"]).1;
    let rows = house.sql(&format!("SELECT count(*) AS n FROM ({}\n)", printed.trim_end().trim_end_matches(';')));
    assert_eq!(rows, json!([{"n": 5}]));
}

#[test]
fn packs_are_listed_with_their_checks_and_parameters() {
    let house = House::new();
    let (code, text) = house.run(&["--list", "house"]);
    assert_eq!(code, 0);
    super::cli::run::check("check-list", &text);
    let listed: serde_json::Value = serde_json::from_str(&house.run(&["--list", "house", "--format", "json"]).1).unwrap();
    assert_eq!(listed[0]["pack"], "house");
    assert_eq!(listed[0]["checks"].as_array().unwrap().len(), 8);
}

#[test]
fn the_outcome_for_people() {
    let house = House::new();
    house.import("monday");
    house.settings(
        "[[checks.exemptions]]\ncheck = \"instance-tags\"\nresource = \"*/i-2\"\nreason = \"is being retired\"\nuntil = 2026-12-31\n",
    );
    super::cli::run::check("check-table", &house.run(&["--no-record"]).1);
}
