use super::*;

fn names() -> Names {
    let relation = |name: &str, columns: &[&str], is_function| Relation {
        name: name.to_owned(),
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        is_function,
    };
    Names {
        relations: vec![
            relation("resources", &["resource_key", "region", "tags", "Odd Name"], false),
            relation("resources_as_of", &["resource_key", "region", "tags"], true),
            relation("scans", &["scan_id", "status"], false),
        ],
        functions: vec!["count".to_owned(), "coalesce".to_owned(), "json_get".to_owned()],
    }
}

/// Completes at `|`.
fn at(marked: &str) -> Vec<String> {
    let position = marked.find('|').unwrap();
    complete(&marked.replacen('|', "", 1), position, &names()).candidates
}

#[test]
fn tables_and_table_functions_stand_after_from_and_join() {
    assert_eq!(at("select * from |"), ["resources", "resources_as_of(", "scans"]);
    assert_eq!(at("select * from res|"), ["resources", "resources_as_of("]);
    assert_eq!(at("select * from scans s, r|"), ["resources", "resources_as_of("]);
    assert_eq!(at("select * from scans join re|"), ["resources", "resources_as_of("]);
    assert_eq!(at("select * from scans where x in (select y from s|"), ["scans"]);
    assert_eq!(at("select * from resources_as|(3)"), ["resources_as_of"]);
    assert_eq!(at("select 1; select * from sc|"), ["scans"]);
}

#[test]
fn columns_stand_after_an_alias() {
    let columns = ["resource_key", "region", "tags", "\"Odd Name\""];
    assert_eq!(at("select r.| from resources r"), columns);
    assert_eq!(at("select r.| from resources as r"), columns);
    assert_eq!(at("select resources.| from resources"), columns);
    assert_eq!(at("select r.re| from resources r"), ["resource_key", "region"]);
    assert_eq!(at("select a.| from resources_as_of('head~1', f(2)) a"), columns[..3]);
    assert_eq!(at("select s.| from resources r join scans s on true"), ["scan_id", "status"]);
    assert_eq!(at("select nothing.| from resources r"), [""; 0]);
}

#[test]
fn expressions_take_columns_then_functions_then_keywords() {
    assert_eq!(
        at("select r| from resources where"),
        ["resource_key", "region", "resources", "range", "recursive", "replace", "right", "rollup", "row", "rows"]
    );
    assert_eq!(at("select co| from resources"), ["count(", "coalesce(", "copy"]);
    assert_eq!(at("select * from scans where st|"), ["status"]);
    assert_eq!(at("select scan| "), ["scan_id"]);
    assert_eq!(at("select * from scans wh|"), ["when", "where"]);
    assert_eq!(at("sel|"), ["select"]);
}

#[test]
fn the_case_of_the_user_is_kept() {
    assert_eq!(at("SEL|"), ["SELECT"]);
    assert_eq!(at("Sel|"), ["select"]);
    assert_eq!(at("select RE| from resources"), ["RESOURCE_KEY", "REGION", "RESOURCES", "RECURSIVE", "REPLACE"]);
    assert_eq!(at("SELECT * FROM |"), ["RESOURCES", "RESOURCES_AS_OF(", "SCANS"]);
    assert_eq!(at("select * from |"), ["resources", "resources_as_of(", "scans"]);
    assert_eq!(at("SELECT \"Odd\" FROM resources WHERE od|"), ["\"Odd Name\""]);
}

#[test]
fn nothing_is_offered_in_text_and_comments() {
    for marked in ["select 'sel|", "select 'sel'|", "select 1 -- sel|", "/* sel|", "select 12|", "select $$ sel|"] {
        assert_eq!(at(marked), [""; 0], "{marked}");
    }
}

#[test]
fn the_word_before_the_cursor_is_replaced() {
    let text = "select é, re from resources";
    let completion = complete(text, "select é, re".len(), &names());
    assert_eq!(completion.start, "select é, ".len());
    assert_eq!(complete("x", 99, &names()).start, 0);
}

#[test]
fn commands_and_their_arguments_are_completed() {
    assert_eq!(at("\\fo|"), ["\\format"]);
    assert_eq!(at(".ta|"), [".tables"]);
    assert_eq!(at("\\d res|"), ["resources", "resources_as_of"]);
    assert_eq!(at("\\format md|"), [""; 0]);
    assert_eq!(at("\\format nd|"), ["ndjson"]);
    assert_eq!(at("\\x |"), ["on", "off"]);
}

#[test]
fn keywords_are_unique() {
    let unique: HashSet<&&str> = KEYWORDS.iter().collect();
    assert_eq!(unique.len(), KEYWORDS.len());
}
