//! Checks that need types to have been listed: what nothing is seen to use is unused only where its users are seen.

use serde_json::{Value, json};

use super::house::{House, findings, of, texts};

const UNUSED: &str = "-- id: gateway-unused\n-- title: Gateways of no connection\n-- severity: low\n\
    -- types: aws_vpc_customer_gateway, aws_vpc_vpn_connection\n-- needs: aws_vpc_vpn_connection\n-- remediation: Delete it.\n\
    SELECT resource_key, 'is unused' AS reason FROM aws_vpc_customer_gateway AS mine\n\
    WHERE NOT EXISTS (SELECT 1 FROM aws_vpc_vpn_connection AS c WHERE c.customer_gateway_id = mine.customer_gateway_id)\n";

/// A scan of a day: a gateway in each region, and what the listings of connections came to by region.
fn scan(day: u32, connections: &[(&str, &str)]) -> String {
    let place = |region: &str| format!(r#""provider":"aws","account_id":"111122223333","region":"{region}""#);
    let at = format!("2026-11-{day:02}T00:00:00Z");
    let mut lines = vec![format!(r#"{{"scan":"started","scan_id":"day-{day}","provider":"aws","at":"{at}"}}"#)];
    for region in ["eu-west-1", "us-east-1"] {
        let gateway = format!(r#"{},"resource_type":"aws_vpc_customer_gateway""#, place(region));
        lines.push(format!(r#"{{{gateway},"resource_id":"cgw-{region}","properties":{{"CustomerGatewayId":"cgw-{region}"}}}}"#));
        lines.push(format!(r#"{{"scan":"scope",{gateway},"status":"complete"}}"#));
    }
    for (region, status) in connections {
        lines.push(format!(r#"{{"scan":"scope",{},"resource_type":"aws_vpc_vpn_connection","status":"{status}"}}"#, place(region)));
    }
    lines.push(format!(r#"{{"scan":"completed","at":"{at}"}}"#));
    lines.join("\n") + "\n"
}

/// A house in which the check is, after a day.
struct Gateways(House);

impl Gateways {
    fn new() -> Self {
        let house = House::new();
        house.bench.write("packs/house/gateway-unused.sql", UNUSED);
        Self(house)
    }

    /// Code, status and reason after another day; and the ids that are found.
    fn after(&self, day: u32, connections: &[(&str, &str)]) -> (i32, Value, Vec<(String, String)>) {
        self.0.bench.write("day.ndjson", &scan(day, connections));
        self.0.bench.data(&["import", "day.ndjson"]);
        let (code, outcome) = self.0.check(&["gateway-unused"]);
        let check = of(&outcome, "gateway-unused");
        (code, json!([check["status"], check["why"]]), findings(&outcome, "gateway-unused"))
    }

    fn stored(&self) -> Value {
        self.0.sql("SELECT resource_id AS id, status FROM findings ORDER BY 1")
    }
}

#[test]
fn nothing_is_told_where_a_needed_type_was_never_seen_whole() {
    let house = Gateways::new();
    let found = |regions: &[&str]| regions.iter().map(|region| texts((&format!("cgw-{region}"), "is unused"))).collect::<Vec<_>>();
    let why = |status: &str, why: Option<&str>| json!([status, why]);
    let gap = |region: &str, status: &str| format!("aws/111122223333/{region}/aws_vpc_vpn_connection is {status}");

    let (code, told, ids) = house.after(1, &[]);
    assert_eq!((code, told, ids), (2, why("skipped", Some("no scan has listed aws_vpc_vpn_connection")), Vec::new()), "nowhere");
    let (code, told, ids) = house.after(2, &[("eu-west-1", "failed")]);
    let told_of_both = format!("{}, {}", gap("eu-west-1", "failed"), gap("us-east-1", "unlisted"));
    assert_eq!((code, told, ids), (1, why("incomplete", Some(&told_of_both)), Vec::new()));
    let (code, told, ids) = house.after(3, &[("eu-west-1", "complete"), ("us-east-1", "skipped")]);
    assert_eq!((code, told, ids), (1, why("fail", None), found(&["eu-west-1"])), "the other region is not asked");
    assert_eq!(house.stored(), json!([{"id": "cgw-eu-west-1", "status": "open"}]));

    // What is known stays known where the next listing fails.
    let (_, told, ids) = house.after(4, &[("eu-west-1", "failed"), ("us-east-1", "complete")]);
    assert_eq!((told, ids), (why("fail", None), found(&["eu-west-1", "us-east-1"])));
    let (_, outcome) = house.0.check(&["gateway-unused", "--as-of", "2026-11-03T12:00:00Z"]);
    assert_eq!(findings(&outcome, "gateway-unused"), found(&["eu-west-1"]), "as it was known then");
    let (_, outcome) = house.0.check(&["gateway-unused", "--between", "0", "--and", "2026-11-03T12:00:00Z"]);
    let held = of(&outcome, "gateway-unused")["violations"].as_array().unwrap();
    assert_eq!(held.iter().map(|held| held["resource_id"].clone()).collect::<Vec<_>>(), [json!("cgw-eu-west-1")]);
}
