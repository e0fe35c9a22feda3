//! Packs that are broken: every error names the file, the line, and what was expected.

use std::fs;

use super::house::House;

/// What `elava check` says of a pack with these files.
fn told(files: &[(&str, &str)]) -> String {
    let house = House::new();
    fs::create_dir_all(house.bench.path("broken/broken")).unwrap();
    for (name, text) in files {
        house.bench.write(&format!("broken/broken/{name}"), text);
    }
    house.bench.elava(&["check", "--pack-dir", "broken", "--list"])
}

const PACK: (&str, &str) = ("pack.toml", "title = \"Broken\"\nabout = \"Nothing\"\n");

/// A check with a line of its header replaced, or added.
fn check(line: &str, sql: &str) -> String {
    let key = line.split(':').next().unwrap();
    let header = ["-- id: one", "-- title: One", "-- severity: low", "-- types: aws_vpc", "-- remediation: Mend it."];
    let mut lines: Vec<&str> = header.iter().filter(|known| known.split(':').next() != Some(key)).copied().collect();
    lines.extend((!line.is_empty()).then_some(line));
    lines.push(sql);
    lines.join("\n") + "\n"
}

#[test]
fn headers_that_are_wrong() {
    let sql = "SELECT resource_key, 'x' AS reason FROM aws_vpc";
    for (line, expected) in [
        ("-- id: two", "broken/broken/one.sql: line 5: id: expected the file's own name, one, found \"two\""),
        ("-- severity: grave", "broken/broken/one.sql: line 5: severity: expected low, medium, high or critical, found \"grave\""),
        ("-- severity:", "broken/broken/one.sql: line 5: expected a value behind severity:"),
        ("-- types: aws vpc", "broken/broken/one.sql: line 5: types: expected resource types with commas between them, found \"aws vpc\""),
        (
            "-- sevrity: low",
            "broken/broken/one.sql: line 6: expected `-- key: value` with a key of id, title, severity, types, remediation, needs, lasting, docs, found \"sevrity\"",
        ),
        ("-- needs: aws_vpn", "broken/broken/one.sql: line 6: needs: expected some of the types aws_vpc, found \"aws_vpn\""),
        ("-- needs: aws_vpc", "broken/broken/one.sql: line 6: needs: expected some of the types, found all of them"),
        ("-- lasting: long", "broken/broken/one.sql: line 6: lasting: expected a duration such as 24h, 7d or 1h30m, found \"long\""),
        ("-- lasting: $long", "broken/broken/one.sql: there is no parameter long"),
    ] {
        let told = told(&[PACK, ("one.sql", &check(line, sql))]);
        assert!(told.starts_with("exit 2") && told.contains(&format!("error: {expected}")), "{line}: {told}");
    }
    let twice = format!("-- id: one\n{}", check("", sql));
    assert!(told(&[PACK, ("one.sql", &twice)]).contains("one.sql: line 2: id is given twice, first in line 1"));
    let without = check("-- title: x", sql).replace("-- title: x\n", "");
    assert!(told(&[PACK, ("one.sql", &without)]).contains("one.sql: expected a line `-- title: ...` in the header"));
}

#[test]
fn queries_that_are_none() {
    for (sql, expected) in [
        (
            "SELECT resource_key,, 'x' AS reason FROM aws_vpc",
            "broken/broken/one.sql: SQL cannot be read: Expected: an expression, found: , at Line: 6",
        ),
        ("DELETE FROM aws_vpc", "broken/broken/one.sql: expected a query, SELECT or WITH, found another statement"),
        ("SELECT 1; SELECT 2", "broken/broken/one.sql: one statement at a time"),
        ("SELECT resource_key, $much AS reason FROM aws_vpc", "broken/broken/one.sql: there is no parameter much"),
        ("", "broken/broken/one.sql: an empty statement"),
    ] {
        let told = told(&[PACK, ("one.sql", &check("", sql))]);
        assert!(told.starts_with("exit 2") && told.contains(&format!("error: {expected}")), "{sql}: {told}");
    }
}

#[test]
fn pack_files_that_are_wrong() {
    let one = ("one.sql", check("", "SELECT resource_key, 'x' AS reason FROM aws_vpc WHERE tags->>'a' = $much"));
    let pack = |more: &str| format!("{}{more}", PACK.1);
    for (more, expected) in [
        ("colour = 1\n", "broken/broken/pack.toml, line 3: unknown key `colour`"),
        (
            "[parameters.much]\ntype = \"integer\"\nabout = \"x\"\ndefault = \"x\"\n",
            "broken/broken/pack.toml, line 6: parameters.much.default: expected an integer, found \"x\"",
        ),
        ("[parameters.much]\ntype = \"int\"\nabout = \"x\"\n", "broken/broken/pack.toml, line 4: unknown variant `int`"),
        ("[parameters.Much]\ntype = \"text\"\nabout = \"x\"\n", "broken/broken/pack.toml: parameters: expected a name of small letters"),
        (
            "[parameters.much]\ntype = \"text\"\nabout = \"x\"\n[parameters.more]\ntype = \"text\"\nabout = \"x\"\n",
            "broken/broken/pack.toml: no check of the pack uses the parameter more",
        ),
        (
            "[parameters.much]\ntype = \"text\"\nabout = \"x\"\n[[controls]]\nnumber = \"1\"\ntitle = \"x\"\ncheck = \"on\"\n",
            "broken/broken/pack.toml, line 9: there is no check on",
        ),
    ] {
        let told = told(&[("pack.toml", &pack(more)), (one.0, &one.1)]);
        assert!(told.starts_with("exit 2") && told.contains(&format!("error: {expected}")), "{more}: {told}");
    }
    assert!(told(&[("two.sql", "")]).contains("error: there is no pack in broken"));
}

#[test]
fn ids_and_packs_are_there_once() {
    let sql = "SELECT resource_key, 'x' AS reason FROM aws_vpc";
    let taken = check("", sql).replace("-- id: one", "-- id: volume-small");
    assert!(told(&[PACK, ("volume-small.sql", &taken)]).contains("there is a check volume-small already, packs/house/volume-small.sql"));
    let house = House::new();
    assert!(house.bench.elava(&["check", "--pack-dir", "packs/house"]).contains("there is a pack house already, packs/house/pack.toml"));
    assert!(house.bench.elava(&["check", "--pack-dir", "nowhere"]).contains("error: there is no folder nowhere"));
}
