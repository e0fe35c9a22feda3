use super::*;

fn canonical(text: &str) -> String {
    CanonicalJson::parse(text.as_bytes()).map_or_else(|error| format!("error: {error}"), |json| json.as_str().to_owned())
}

#[test]
fn canonical_text_sorts_members_and_keeps_the_digits_of_numbers() {
    assert_eq!(
        canonical(r#" { "b" : [1, 1.0, 1e2, 12345678901234567890123] , "a" : null } "#),
        r#"{"a":null,"b":[1,1.0,1e2,12345678901234567890123]}"#
    );
    assert_eq!(canonical(r#""\u00e9\/\u0001\n\"""#), "\"\u{e9}/\\u0001\\n\\\"\"");
    assert_eq!(canonical(r#"{"\u00e9":1,"z":2}"#), "{\"z\":2,\"\u{e9}\":1}");
}

#[test]
fn what_is_not_json_is_refused() {
    for text in
        ["", "{", r#"{"a":1,"a":2}"#, r#"{"b":1,"a":1,"b":1}"#, "[1,]", "1 2", "01", "1.", "NaN", "-", "tru", r#""\ud800""#, "\"\u{1}\""]
    {
        assert!(canonical(text).starts_with("error"), "{text} gave {}", canonical(text));
    }
    let deep = "[".repeat(1000) + &"]".repeat(1000);
    assert!(canonical(&deep).contains("deeper than"));
}

fn content(properties: &str, tags: Option<&str>) -> Content {
    Content {
        native_type: None,
        arn: None,
        name: Some("web".into()),
        state: None,
        created_at: None,
        tags: tags.map(|tags| CanonicalJson::parse(tags.as_bytes()).unwrap()),
        properties: CanonicalJson::parse(properties.as_bytes()).unwrap(),
    }
}

#[test]
fn changed_paths_are_json_pointers() {
    let before = content(r#"{"a/b":{"x~":1},"list":[1,{"k":1}],"gone":1}"#, Some("{}"));
    let after = content(r#"{"a/b":{"x~":1.0},"list":[1,{"k":2},3]}"#, None);
    assert_eq!(
        changed_paths(&before, &after, None),
        ["/properties/a~1b/x~0", "/properties/gone", "/properties/list/1/k", "/properties/list/2", "/tags"]
    );
    assert!(changed_paths(&before, &before, None).is_empty());
}

/// The texts are walked, not parsed: names with escapes, brackets and commas in strings, and empty documents count.
#[test]
fn changed_paths_read_names_and_strings_as_json_does() {
    let before = content(r#"{"a\"b":1,"c,d":"x,{[","e":{},"f":[],"\u00e9":[[1,2],{"k":"\\"}],"n":null}"#, None);
    let after = content(r#"{"a\"b":2,"c,d":"x,{]","e":[],"f":[1],"\u00e9":[[1],{"k":"\\\\"}]}"#, None);
    assert_eq!(
        changed_paths(&before, &after, None),
        [
            "/properties/a\"b",
            "/properties/c,d",
            "/properties/e",
            "/properties/f/0",
            "/properties/n",
            "/properties/\u{e9}/0/1",
            "/properties/\u{e9}/1/k"
        ]
    );
}

#[test]
fn what_is_volatile_inside_a_set_makes_no_difference() {
    let rules =
        TypeRules { volatile: vec!["/properties/s/*/seen".into()], sets: vec!["/properties/s".into()], final_states: vec![] };
    let before = content(r#"{"s":[{"id":1,"seen":1},{"id":2,"seen":1}]}"#, None);
    let after = content(r#"{"s":[{"id":2,"seen":7},{"id":1,"seen":8}]}"#, None);
    assert_eq!(before.hash(Some(&rules)), after.hash(Some(&rules)));
    assert!(changed_paths(&before, &after, Some(&rules)).is_empty());
}

#[test]
fn volatile_attributes_and_the_order_of_sets_make_no_difference() {
    let rules = TypeRules { volatile: vec!["/properties/n/*/seen".into()], sets: vec!["/properties/s".into()], final_states: vec![] };
    let before = content(r#"{"n":[{"seen":1}],"s":["a","b"]}"#, None);
    let after = content(r#"{"n":[{"seen":2}],"s":["b","a"]}"#, None);
    assert_eq!(before.hash(Some(&rules)), after.hash(Some(&rules)));
    assert_ne!(before.hash(None), after.hash(None));
    assert!(changed_paths(&before, &after, Some(&rules)).is_empty());
    let other = content(r#"{"n":[{"seen":1}],"s":["a"]}"#, None);
    assert_eq!(changed_paths(&before, &other, Some(&rules)), ["/properties/s"]);
}

#[test]
fn missing_and_empty_and_neighbouring_fields_hash_apart() {
    let mut left = content("{}", None);
    let mut right = content("{}", None);
    left.arn = Some("".into());
    assert_ne!(left.hash(None), right.hash(None));
    (left.arn, left.name) = (Some("a".into()), Some("b".into()));
    (right.arn, right.name) = (Some("ab".into()), Some("".into()));
    assert_ne!(left.hash(None), right.hash(None));
}

#[test]
fn keys_have_five_parts_and_only_the_id_may_hold_slashes() {
    let key = ResourceKey::new("aws", "1", "us-east-1", "aws_vpc", "a/b \"c\"").unwrap();
    assert_eq!(key.parts(), ["aws", "1", "us-east-1", "aws_vpc", "a/b \"c\""]);
    assert_eq!(key.scope_str(), "aws/1/us-east-1/aws_vpc");
    assert!(ResourceKey::new("aws", "1/2", "r", "t", "i").is_err());
    assert!(ResourceKey::new("aws", "1", "r\n", "t", "i").is_err());
    assert!(ResourceKey::new("aws", "1", "r", "t", "").is_err());
}

#[test]
fn times_are_read_and_written_as_rfc_3339() {
    for (text, written) in [("2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z"), ("2026-11-01T01:00:00.5+01:00", "2026-11-01T00:00:00.500Z")] {
        assert_eq!(Timestamp::parse(text).unwrap().to_string(), written);
    }
    assert!(Timestamp::parse("2026-11-01").is_err());
}
