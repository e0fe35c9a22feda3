//! `elava check --format`: what is written for other programs is what JSON tells.

use serde_json::Value;

use super::house::House;

#[test]
fn each_format_has_the_same_findings_and_exit_code() {
    let house = House::new();
    house.import("monday");
    let (code, outcome) = house.check(&["--no-record", "house"]);
    let checks = outcome["checks"].as_array().unwrap();
    let findings: Vec<&Value> = checks.iter().flat_map(|check| check["findings"].as_array().unwrap()).collect();
    assert!(findings.len() > 3);
    let written = |format: &str| {
        let (its_code, text) = house.run(&["--no-record", "house", "--format", format]);
        assert_eq!(its_code, code, "{format}");
        text
    };
    let sarif: Value = serde_json::from_str(&written("sarif")).unwrap();
    let run = &sarif["runs"][0];
    let results = run["results"].as_array().unwrap().iter().filter(|result| result["kind"] == "fail");
    let keys: Vec<&Value> = results.map(|result| &result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]).collect();
    assert_eq!(keys, findings.iter().map(|finding| &finding["resource_key"]).collect::<Vec<_>>());
    assert!(run["invocations"][0]["startTimeUtc"].as_str() <= run["invocations"][0]["endTimeUtc"].as_str());
    let (junit, markdown) = (written("junit"), written("markdown"));
    assert_eq!(junit.matches("<testcase ").count(), checks.len());
    for finding in findings {
        let line = format!("{}: ", finding["resource_key"].as_str().unwrap());
        let name = finding["name"].as_str().map_or(String::new(), |name| format!(" ({name})"));
        assert!(junit.contains(&line) || junit.contains(&line.replace(": ", &name)), "{finding}");
        assert!(markdown.contains(&format!(
            "| `{}`{name} | {}",
            finding["resource_key"].as_str().unwrap(),
            finding["reason"].as_str().unwrap()
        )));
    }
}
