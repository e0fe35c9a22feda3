use proptest::prelude::*;

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
    let rules = TypeRules { volatile: vec!["/properties/s/*/seen".into()], sets: vec!["/properties/s".into()], final_states: vec![] };
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

/// Whether a text is canonical, as the reader and the writer of trees have it.
fn is_canonical(text: &str) -> bool {
    parse_json(text.as_bytes()).is_ok_and(|value| value.canonical().as_str() == text)
}

#[test]
fn canonical_text_is_told_from_other_json() {
    let deep = |levels| "[".repeat(levels) + &"]".repeat(levels);
    let canonical = [
        "null",
        "true",
        "false",
        "0",
        "-0",
        "1.0",
        "1e5",
        "1E+5",
        "-12.50e-3",
        "[]",
        "{}",
        "\"\"",
        "[1,[2,{}],\"x\"]",
        r#"{"a":1,"b":{"a":null},"ba":[]}"#,
        r#"{"":0,"\n":1,"A":2,"\u00e9":3}"#.replace("\\u00e9", "\u{e9}").as_str(),
        r#""\"\\\b\f\n\r\t\u0000\u001f\u000b/""#,
        &deep(JSON_DEPTH_MAX),
    ]
    .map(str::to_owned);
    let other = [
        "",
        " 1",
        "nul",
        "nulL",
        "truee",
        "01",
        "-",
        "1.",
        ".5",
        "1e",
        "+1",
        "NaN",
        "[1, 2]",
        "[1,]",
        "[1",
        "{\"a\" :1}",
        "{\"a\"}",
        "{a:1}",
        r#"{"b":1,"a":2}"#,
        r#"{"a":1,"a":2}"#,
        r#"{"A":1,"\n":2}"#,
        r#""\/""#,
        r#""\u0041""#,
        r#""\u000a""#,
        r#""\u001F""#,
        r#""\u00e9""#,
        r#""\x""#,
        r#"""#,
        "\"\u{1}\"",
        "\"\u{1f}\"",
        "\"\n\"",
        &deep(JSON_DEPTH_MAX + 1),
    ]
    .map(str::to_owned);
    for (texts, expected) in [(canonical.as_slice(), true), (other.as_slice(), false)] {
        for text in texts {
            assert_eq!(canonical_end(text, 0) == Some(text.len()), expected, "{text}");
            assert_eq!(is_canonical(text), expected, "{text}");
        }
    }
}

/// Strings are searched in blocks: what ends them is found wherever it stands.
#[test]
fn the_end_of_a_string_is_found_at_any_place_of_a_block() {
    for length in 0..40 {
        let plain = format!("\"{}\"", "a".repeat(length));
        assert_eq!(canonical_end(&plain, 0), Some(length + 2));
        assert_eq!(plain_string(&plain, 0), Some("a".repeat(length).as_str()));
        assert_eq!(canonical_end(&plain[..=length], 0), None);
        for at in 0..length {
            for special in ["\u{1}", "\u{1f}", "\\\"", "\\", "\"", "\u{7f}", "\u{80}", "\u{e9}", "\u{1f512}", " ", "!", "#", "[", "]"] {
                let text = format!("\"{}{special}{}\"", "a".repeat(at), "a".repeat(length - at));
                assert_eq!(canonical_end(&text, 0) == Some(text.len()), is_canonical(&text), "{text:?}");
            }
        }
    }
}

/// A value and the canonical text of it.
fn json() -> impl Strategy<Value = Json> {
    let text = || {
        prop::sample::select(vec![
            "",
            "a",
            "b",
            "ab",
            "x~y",
            "p/q",
            "0",
            "1",
            "*",
            "\n",
            "\"",
            "\u{1}",
            "\u{e9}",
            "Groups",
            "long enough for blocks",
        ])
    };
    let number = prop::sample::select(vec!["0", "-1", "1.0", "1e5", "12345678901234567890"]);
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        number.prop_map(|digits| Json::Number(digits.into())),
        text().prop_map(|text| Json::String(text.into())),
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        let members = prop::collection::vec((text(), inner.clone()), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Json::Array),
            members.prop_map(|members| Json::object(members.into_iter().map(|(name, value)| (name.into(), value)))),
        ]
    })
}

/// [`TypeRules::comparable`] as it is meant, with a tree.
fn comparable_tree(rules: &TypeRules, mut value: Json) -> Json {
    let steps =
        |pointer: &String| -> Vec<String> { pointer.split('/').skip(2).map(|step| step.replace("~1", "/").replace("~0", "~")).collect() };
    rules.volatile.iter().for_each(|pointer| reach(&mut value, &steps(pointer), true));
    rules.sets.iter().for_each(|pointer| reach(&mut value, &steps(pointer), false));
    value
}

fn reach(value: &mut Json, steps: &[String], remove: bool) {
    let Some((step, rest)) = steps.split_first() else {
        if let Json::Array(elements) = value
            && !remove
        {
            elements.sort_by_key(|element| element.canonical().as_str().to_owned());
        }
        return;
    };
    match value {
        Json::Object(members) => {
            let is_reached = |name: &str| step == "*" || step == name;
            if remove && rest.is_empty() {
                members.retain(|(name, _)| !is_reached(name));
            }
            members.iter_mut().filter(|(name, _)| is_reached(name)).for_each(|(_, value)| reach(value, rest, remove));
        }
        Json::Array(elements) if remove && rest.is_empty() && step == "*" => elements.clear(),
        Json::Array(elements) if remove && rest.is_empty() => {
            if let Some(element) = step.parse::<usize>().ok().and_then(|at| elements.get_mut(at)) {
                *element = Json::Null;
            }
        }
        Json::Array(elements) => {
            let is_reached = |at: usize| step == "*" || *step == at.to_string();
            elements.iter_mut().enumerate().filter(|(at, _)| is_reached(*at)).for_each(|(_, element)| reach(element, rest, remove));
        }
        _ => {}
    }
}

fn pointers() -> impl Strategy<Value = Vec<String>> {
    let step = prop::sample::select(vec!["a", "b", "ab", "x~0y", "p~1q", "0", "1", "*", "\n", "\"", "Groups"]);
    let pointer = prop::collection::vec(step, 1..4).prop_map(|steps| format!("/properties/{}", steps.join("/")));
    prop::collection::vec(pointer, 0..3)
}

proptest! {
    #[test]
    fn canonical_text_is_recognised_and_nothing_else(value in json(), at in any::<prop::sample::Index>(), letter in prop::sample::select(vec!["", " ", "\"", "\\", ",", ":", "{", "]", "0", "a", "\u{1}", "\u{e9}"])) {
        let text = value.canonical().as_str().to_owned();
        prop_assert_eq!(canonical_end(&text, 0), Some(text.len()));
        // The same with one letter replaced.
        let (place, old) = text.char_indices().nth(at.index(text.chars().count())).unwrap();
        let mut changed = text.clone();
        changed.replace_range(place..place + old.len_utf8(), letter);
        prop_assert_eq!(canonical_end(&changed, 0) == Some(changed.len()), is_canonical(&changed), "{}", changed);
    }

    #[test]
    fn comparable_text_is_that_of_the_tree(value in json(), volatile in pointers(), sets in pointers()) {
        let rules = TypeRules { volatile, sets, final_states: vec![] };
        let text = value.canonical();
        let expected = comparable_tree(&rules, value).canonical();
        prop_assert_eq!(rules.comparable("/properties", text.as_str()), expected.as_str());
    }
}

#[test]
fn text_is_shared_where_it_is_a_part() {
    let whole = std::sync::Arc::new("one two".to_owned());
    let part = Text::share(&whole, whole[4..].into());
    let copy = Text::share(&whole, "two".into());
    assert_eq!((&*part, &part), ("two", &copy));
    assert_eq!(std::sync::Arc::strong_count(&whole), 2);
    assert_eq!(&*Text::share(&whole, "longer than the whole".into()), "longer than the whole");
    assert_eq!(&*Text::share(&whole, String::from("one").into()), "one");
}

#[test]
fn a_star_stands_for_any_text() {
    for (pattern, name, expected) in [
        ("aws_vpc", "aws_vpc", true),
        ("aws_vpc", "aws_vpc_eip", false),
        ("aws_vpc*", "aws_vpc", true),
        ("aws_vpc_*", "aws_vpc_eip", true),
        ("*_eip", "aws_vpc_eip", true),
        ("*vpc*", "aws_vpc_eip", true),
        ("AWS::*::*", "AWS::Logs::LogGroup", true),
        ("AWS::*::*Group", "AWS::Logs::LogGroup", true),
        ("AWS::*::*Groups", "AWS::Logs::LogGroup", false),
        ("*a*a*", "a", false),
        ("a*a", "a", false),
        ("*", "", true),
        ("**", "x", true),
    ] {
        assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
    }
}

#[test]
fn time_spans_are_read_with_their_units_and_written_in_the_largest() {
    for (text, micros, written) in [
        ("7d", 604_800_000_000, "7d"),
        ("7 days", 604_800_000_000, "7d"),
        (" 1h30m", 5_400_000_000, "1h30m"),
        ("2 weeks, 36 hours", 1_339_200_000_000, "15d12h"),
        ("90s", 90_000_000, "1m30s"),
        ("1500ms", 1_500_000, "1s500ms"),
        ("0s", 0, "0s"),
    ] {
        let span = TimeSpan::parse(text).unwrap();
        assert_eq!((span.micros(), span.to_string().as_str()), (micros, written), "{text}");
        assert_eq!(TimeSpan::parse(written).unwrap(), span);
    }
    for text in ["", "d", "7", "-1d", "1.5h", "7 moons", "9999999999999999999d", "99999999999999d"] {
        assert!(TimeSpan::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_pointer_leads_to_the_text_of_a_value() {
    let document = r#"{"a/b":{"~":[1.0,{"":"x"}]},"c":[]}"#;
    let cases = [
        ("/a~1b/~0/0", Some("1.0")),
        ("/a~1b/~0/1/", Some(r#""x""#)),
        ("/a~1b/~0", Some(r#"[1.0,{"":"x"}]"#)),
        ("/c", Some("[]")),
        ("/c/0", None),
        ("/a~1b/~0/2", None),
        ("/a~1b/~0/x", None),
        ("/c/0/0", None),
        ("/d", None),
        ("a", None),
    ];
    for (pointer, value) in cases {
        assert_eq!(value_at(document, pointer), value, "{pointer}");
    }
}

#[test]
fn attributes_are_values_that_hold_no_other_sets_as_a_whole_and_nothing_volatile() {
    let properties = r#"{"E":{},"L":[{"n":null},2],"S":[2,1],"V":1,"W":{"v":1,"w":2}}"#;
    let rules = TypeRules {
        volatile: vec!["/properties/V".into(), "/properties/W/v".into()],
        sets: vec!["/properties/S".into()],
        ..TypeRules::default()
    };
    let found = attributes(&content(properties, Some(r#"{"a/b":"x"}"#)), Some(&rules));
    let found: Vec<(&str, &str)> = found.iter().map(|attribute| (attribute.path.as_str(), attribute.value.as_str())).collect();
    let expected = [
        ("/name", r#""web""#),
        ("/tags/a~1b", r#""x""#),
        ("/properties/E", "{}"),
        ("/properties/L/0/n", "null"),
        ("/properties/L/1", "2"),
        ("/properties/S", "[2,1]"),
        ("/properties/W/w", "2"),
    ];
    assert_eq!(found, expected);
}
