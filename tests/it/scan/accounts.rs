//! Several accounts in one scan: by roles, with and without an external id, and as an organization.

use serde_json::{Value, json};

use super::estate::{Estate, store_in};
use super::{assert_same, stored, told};

const MAIN: &str = "111122223333";
const DATA: &str = "222222222222";
const DENIED: &str = "333333333333";

/// Three accounts: that of the keys, one whose role asks for an external id, and one whose role may not be taken on.
fn settings(estate: &Estate) -> String {
    format!(
        "[aws]\nendpoint_url = \"{}\"\nregions = [\"us-east-1\"]\n\
         [[aws.accounts]]\nname = \"main\"\n\
         [[aws.accounts]]\nname = \"data\"\nrole_arn = \"arn:aws:iam::{DATA}:role/audit\"\nexternal_id = \"four-two\"\n\
         [[aws.accounts]]\nname = \"denied\"\nrole_arn = \"arn:aws:iam::{DENIED}:role/audit\"\n",
        estate.endpoint()
    )
}

/// STS denies taking on the role of one account, and that of another to all who do not know its external id.
fn denials() -> Value {
    let role = |account: &str| json!({ "RoleArn": format!("arn:aws:iam::{account}:role/audit") });
    json!([
        { "service": "sts", "action": "AssumeRole", "kind": "deny", "has": role(DENIED) },
        { "service": "sts", "action": "AssumeRole", "kind": "deny", "has": role(DATA), "lacks": { "ExternalId": "four-two" } },
    ])
}

#[test]
fn an_account_that_is_denied_stops_no_other() {
    let scratch = tempfile::tempdir().unwrap();
    let store = store_in(&scratch);
    let mut estate = Estate::start();
    [MAIN, DATA, DENIED].iter().for_each(|account| estate.build(account, "us-east-1", 2));
    estate.faults(&denials());
    std::fs::write(scratch.path().join("elava.toml"), settings(&estate)).unwrap();
    let output = estate.elava(MAIN, &store, &["scan"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    for account in [MAIN, DATA] {
        let expected = told(estate.expect(account, &["us-east-1"]));
        assert!(expected.len() > 50, "{} resources are too few", expected.len());
        assert_same(&stored(&mut estate, &store, account, "head"), &expected, account);
    }
    let sql = "SELECT DISTINCT account_id, status, error_code FROM coverage WHERE status <> 'complete'";
    let denied = json!({ "account_id": DENIED, "status": "failed", "error_code": "AccessDenied" });
    assert_eq!(estate.sql(&store, sql), [denied]);
    let line = format!("\n{DENIED} us-east-1 aws_vpc failed 0 AccessDenied User: ");
    assert!(said.contains(&line), "{said}");

    estate.faults(&json!([]));
    let plan: Value = serde_json::from_slice(&estate.elava(MAIN, &store, &["scan", "--dry-run"]).stdout).unwrap();
    let roles = [DATA, DENIED].map(|account| format!("arn:aws:iam::{account}:role/audit"));
    assert_eq!(plan["caller_policy"]["Statement"][0]["Resource"], json!(roles));
    let output = estate.elava(MAIN, &store, &["scan"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_same(&stored(&mut estate, &store, DENIED, "head"), &told(estate.expect(DENIED, &["us-east-1"])), DENIED);
}

#[test]
fn a_profile_that_is_none_is_an_error_at_the_end() {
    let scratch = tempfile::tempdir().unwrap();
    let store = store_in(&scratch);
    let mut estate = Estate::start();
    let endpoint = estate.endpoint().to_owned();
    let nowhere = "[[aws.accounts]]\nname = \"lost\"\nprofile = \"nowhere\"\n";
    let general = format!("[aws]\nendpoint_url = \"{endpoint}\"\nregions = [\"us-east-1\"]\ntypes = [\"aws_vpc\"]\n");
    for (accounts, expected) in [(nowhere.to_owned(), 2), (format!("[[aws.accounts]]\nname = \"main\"\n{nowhere}"), 3)] {
        std::fs::write(scratch.path().join("elava.toml"), format!("{general}{accounts}")).unwrap();
        let output = estate.elava(MAIN, &store, &["scan"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(expected), "{said}");
        let last = said.lines().rfind(|line| line.starts_with("error: ")).unwrap_or_default();
        assert!(last.starts_with("error: account \"lost\": ask whose credentials these are: "), "{said}");
        assert_eq!(said.contains(&format!("{MAIN} us-east-1 aws_vpc complete 1 -\n")), expected == 3, "{said}");
    }
}

/// The account of the keys itself has no such role, one is closed, and one denies the role.
#[test]
fn every_account_of_an_organization_is_scanned_by_the_same_role() {
    let scratch = tempfile::tempdir().unwrap();
    let store = store_in(&scratch);
    let mut estate = Estate::start();
    let ids = estate.organization(MAIN, &["open", "closed", "denied"], &["closed"]);
    let id = |name: &str| ids[name].as_str().unwrap().to_owned();
    let role = |account: &str| json!({ "RoleArn": format!("arn:aws:iam::{account}:role/audit") });
    let deny = |account: &str| json!({ "service": "sts", "action": "AssumeRole", "kind": "deny", "has": role(account) });
    estate.faults(&json!([deny(MAIN), deny(&id("denied"))]));
    let endpoint = estate.endpoint().to_owned();
    let arguments = ["scan", "--organization-role", "audit", "--type", "aws_vpc", "--region", "us-east-1", "--endpoint-url", &endpoint];
    let output = estate.elava(MAIN, &store, &arguments);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    let rows = estate.sql(&store, "SELECT account_id, status, error_code FROM coverage ORDER BY account_id");
    let row = |account: &str, status: &str, code: Option<&str>| json!({ "account_id": account, "status": status, "error_code": code });
    let mut expected = vec![
        row(MAIN, "complete", None),
        row(&id("open"), "complete", None),
        row(&id("closed"), "skipped", Some("account_suspended")),
        row(&id("denied"), "failed", Some("AccessDenied")),
    ];
    expected.sort_by_key(|row| row["account_id"].to_string());
    assert_eq!(rows, expected);
}
