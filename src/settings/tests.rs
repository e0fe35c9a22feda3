use super::*;

fn parse(text: &str) -> Result<FileSettings> {
    FileSettings::parse(text, Path::new("elava.toml"))
}

#[test]
fn an_unknown_key_is_named_with_file_and_line() {
    let error = parse("store = \"x\"\n\n[query]\nmemory = 3\n").unwrap_err().to_string();
    assert_eq!(error, "elava.toml, line 4: unknown key `memory`, expected `memory_limit`");
    let error = parse("[types.aws_vpc]\nvolatil = []\n").unwrap_err().to_string();
    assert!(error.starts_with("elava.toml, line 2: unknown key `volatil`"), "{error}");
}

#[test]
fn sizes_are_read_with_and_without_units() {
    let sizes = ["1024", "1 KiB", "256MB", "2g"].map(|text| ByteSize::parse(text).unwrap().to_string());
    assert_eq!(sizes, ["1KiB", "1KiB", "256MiB", "2GiB"]);
    for wrong in ["", "MB", "1.5GB", "-1", "3 apples", "99999999999TB"] {
        assert!(ByteSize::parse(wrong).is_err(), "{wrong}");
    }
    assert_eq!(parse("[query]\nmemory_limit = 4096").unwrap().query.memory_limit, Some(ByteSize::new(4096)));
}

#[test]
fn a_list_of_a_type_replaces_the_shipped_one_and_leaves_the_others() {
    let settings = parse("[types.aws_ec2_instance]\nvolatile = [\"/properties/X\"]\n").unwrap();
    let rules = settings.rules(TypeRulesSet::default());
    let rules = rules.of("aws_ec2_instance").unwrap();
    assert_eq!(rules.volatile, ["/properties/X"]);
    assert_eq!(rules.final_states, ["terminated"]);
}

#[test]
fn a_pointer_must_lie_below_properties() {
    let error = parse("[types.aws_vpc]\nsets = [\"State\"]\n").unwrap_err().to_string();
    assert_eq!(error, "elava.toml: types.aws_vpc.sets: expected a pointer below /properties, found \"State\"");
}
