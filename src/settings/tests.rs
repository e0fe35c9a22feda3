use super::*;
use crate::store::GuardSettings;

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

const SCANS: &str = r#"
[guard]
missing_percent = 50
[scan]
at_once = 4
[aws]
regions = "all"
exclude_types = ["aws_ebs_snapshot"]
rates.ec2 = { per_second = 2, burst = 5.5 }
[[aws.accounts]]
name = "production"
role_arn = "arn:aws:iam::111122223333:role/audit"
external_id = "42"
regions = ["eu-central-1"]
[[aws.accounts]]
name = "others"
profile = "management"
organization_role = "audit"
"#;

#[test]
fn accounts_regions_and_rates_are_read() {
    let settings = parse(SCANS).unwrap();
    assert_eq!(settings.scan.at_once, Some(4));
    assert_eq!(settings.aws.regions, Some(RegionSettings::All));
    assert_eq!(settings.aws.rates["ec2"], RateSettings { per_second: 2.0, burst: 5.5 });
    let [production, others] = settings.aws.accounts.as_slice() else { panic!("{:?}", settings.aws.accounts) };
    assert_eq!(production.regions, Some(RegionSettings::Named(vec!["eu-central-1".to_owned()])));
    assert_eq!((others.profile.as_deref(), others.organization_role.as_deref()), (Some("management"), Some("audit")));
}

#[test]
fn the_guard_of_a_store_is_altered_only_in_what_the_file_says() {
    let known = GuardSettings { missing: 3, ..GuardSettings::default() };
    assert_eq!(parse(SCANS).unwrap().guard.over(&known), GuardSettings { missing_percent: 50, ..known });
}

/// Each wrong file, and how what is said of it begins.
#[test]
fn what_is_wrong_with_scans_is_told_with_its_place() {
    let wrong = [
        ("[aws]\nregion = \"x\"\n", "elava.toml, line 2: unknown key `region`"),
        ("[aws]\n\n[[aws.accounts]]\nname = \"a\"\nprofil = \"x\"\n", "elava.toml, line 5: unknown key `profil`"),
        ("[aws]\nregions = \"some\"\n", "elava.toml, line 2: expected a list of regions, or \"all\""),
        ("[[aws.accounts]]\nprofile = \"x\"\n", "elava.toml, line 1: missing field `name`"),
        ("aws.accounts = [{ name = \"a\" }, { name = \"a\" }]", "elava.toml: aws.accounts, account \"a\": expected a name"),
        ("[[aws.accounts]]\nname = \"a\"\nexternal_id = \"1\"\n", "elava.toml: aws.accounts, account \"a\": external_id is for a role"),
        (
            "[[aws.accounts]]\nname = \"a\"\nrole_arn = \"x\"\norganization_role = \"y\"\n",
            "elava.toml: aws.accounts, account \"a\": expected role_arn or",
        ),
        ("aws.rates.ec2 = { per_second = 0, burst = 1 }\n", "elava.toml: aws.rates.ec2: expected per_second from 0.01"),
    ];
    for (text, expected) in wrong {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text}\n{error}");
    }
}

/// Each wrong file, and how what is said of it begins.
#[test]
fn what_is_wrong_with_jobs_is_told_with_its_place() {
    let job = |text: &str| format!("[[daemon.jobs]]\nname = \"a\"\n{text}\n");
    let notify = |text: &str| format!("[[notify]]\nname = \"ops\"\n{text}\n");
    let wrong = [
        ("[daemon]\nevery = \"6h\"\n".to_owned(), "elava.toml, line 2: unknown key `every`"),
        (job("every = \"6h\"\nscam = {}"), "elava.toml, line 4: unknown key `scam`"),
        (job("scan = {}"), "elava.toml: daemon.jobs, \"a\": expected every = \"6h\" or cron"),
        (job("every = \"6h\"\ncron = \"0 6 * * *\"\nscan = {}"), "elava.toml: daemon.jobs, \"a\": expected every = \"6h\" or cron"),
        (job("every = \"6h\"\ncompact = false"), "elava.toml: daemon.jobs, \"a\": expected something to do"),
        (job("every = \"6h\"\nquery = {}"), "elava.toml: daemon.jobs, \"a\": query: expected sql or file"),
        (
            job("every = \"6h\"\nscan = {}\nnotify = [\"ops\"]"),
            "elava.toml: daemon.jobs, \"a\": notify: there is no [[notify]] of the name \"ops\"",
        ),
        (job("every = \"6h\"\nscan = {}").repeat(2), "elava.toml: daemon.jobs: the name \"a\" is there twice"),
        (job("every = \"6h\"\nscan = {}").replace("\"a\"", "\"A b\""), "elava.toml: daemon.jobs: expected a name"),
        (notify("on = [\"all\"]"), "elava.toml: notify, \"ops\": expected webhook, slack, file or command"),
        (notify("file = \"x\"\nslack = \"https://x.y/z\""), "elava.toml: notify, \"ops\": expected webhook, slack, file or command"),
        (notify("command = []"), "elava.toml: notify, \"ops\": command: expected a program"),
    ];
    for (text, expected) in wrong {
        let error = parse(&text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text}\n{error}");
    }
}

#[test]
fn what_the_readme_shows_is_understood() {
    let readme = include_str!("../../README.md");
    let shown: Vec<&str> = readme.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(!shown.is_empty());
    shown.into_iter().for_each(|text| drop(parse(text).unwrap()));
}
