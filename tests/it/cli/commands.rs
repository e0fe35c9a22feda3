use std::fs;
use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use super::run::{Bench, HISTORY, check};

#[test]
fn import_says_what_is_durable_and_skips_what_it_knows() {
    let bench = Bench::new();
    bench.write("history.ndjson", HISTORY);
    check("import", &bench.elava(&["import", "history.ndjson"]));
    check("import-again", &bench.elava(&["import", "history.ndjson"]));
    check("import-no-file", &bench.elava(&["import", "nothing.ndjson"]));
    check("import-bad-line", &bench.elava_with(&["import", "-"], "{\"provider\":\"aws\",\"account\":\"1\"}\n"));
    check("import-bad-time", &bench.elava(&["import", "history.ndjson", "--at", "monday"]));
}

#[test]
fn log_shows_scans_and_versions_newest_first() {
    let bench = Bench::with_history();
    check("log", &bench.elava(&["log"]));
    check("log-limit", &bench.elava(&["log", "--limit", "1", "--format", "csv"]));
    check("log-resource", &bench.elava(&["log", "i-1", "--format", "vertical"]));
    check("log-resource-that-is-none", &bench.elava(&["log", "i-99"]));
    check("log-print-sql", &bench.elava(&["log", "i-1", "--print-sql"]));
}

#[test]
fn tags_name_points_once() {
    let bench = Bench::with_history();
    check("tag", &bench.elava(&["tag", "before", "2026-11-02T12:00:00Z"]));
    check("tag-head", &bench.elava(&["tag", "after"]));
    check("tag-list", &bench.elava(&["tag", "--format", "json"]).replace(&today(), "[DAY]"));
    check("tag-taken", &bench.elava(&["tag", "before", "1"]));
    check("tag-reserved", &bench.elava(&["tag", "7 days ago"]));
    check("tag-number", &bench.elava(&["tag", "41"]));
    check("tag-above-the-head", &bench.elava(&["tag", "later", "99"]));
    check("tag-in-sql", &bench.elava(&["sql", "--as-of", "before", "SELECT name FROM resources ORDER BY name", "--format", "csv"]));
}

#[test]
fn what_is_retained_is_planned_told_and_held_by_tags() {
    let bench = Bench::with_history();
    check("retain-nothing-said", &bench.elava(&["retain"]));
    check("tag-hold", &bench.elava(&["tag", "before", "3", "--hold"]));
    check("retain-dry-run", &bench.elava(&["retain", "--keep-revisions", "1", "--dry-run"]));
    check("retain-keep", &bench.elava(&["retain", "--keep", "9000 weeks"]));
    check("retain", &bench.elava(&["retain", "--before", "4"]));
    check("retain-below", &bench.elava(&["retain", "--before", "2"]));
    check("retained-below", &bench.elava(&["sql", "SELECT * FROM resources_as_of(2)"]));
    check(
        "retained-versions",
        &bench.elava(&["sql", "SELECT name, valid_from_revision FROM resource_versions ORDER BY 2", "--format", "csv"]),
    );
    check("tag-hold-below", &bench.elava(&["tag", "gone", "1", "--hold"]));
    check("tag-release", &bench.elava(&["tag", "before", "--release"]));
    check("tag-release-none", &bench.elava(&["tag", "none", "--release"]));
    bench.elava(&["tag", "after", "head"]);
    bench.elava(&["tag", "after", "--hold"]);
    check("tag-list-held", &bench.elava(&["tag", "--format", "json"]).replace(&today(), "[DAY]"));
    bench.write("elava.toml", "store = \"store\"\n[retention]\nkeep_revisions = 0\n");
    check("retain-settings", &bench.elava(&["retain", "--json"]));
    check("retain-config", &bench.elava(&["config"]));
    let told =
        "SELECT entry, details->>'floor' AS floor, details->>'policy' AS policy FROM audit_log WHERE entry = 'retention' ORDER BY seq";
    check("retained-log", &bench.elava(&["sql", told, "--format", "csv"]));
    check("verify-retained", &bench.elava(&["verify", "--deep"]));
    check("retain-two-ways", &bench.elava(&["retain", "--keep", "1d", "--before", "3"]));
    check("retain-period", &bench.elava(&["retain", "--keep", "long"]));
}

/// An import whose process was killed holds the floor: it is said which, since when, and what ends it, and importing again does.
#[test]
fn what_a_killed_import_holds_is_told_with_what_ends_it() {
    let resource = |id: &str, note: &str| {
        let place = r#""provider":"aws","account_id":"111122223333","region":"us-east-1","resource_type":"aws_vpc""#;
        format!("{{{place},\"resource_id\":\"{id}\",\"properties\":{{\"note\":\"{note}\"}}}}\n")
    };
    // More than is read of a pipe before the first of it is handed in.
    let note = "x".repeat(4096);
    let killed: String = (0..400).map(|number| resource(&format!("vpc-{number}"), &note)).collect();
    let killed =
        format!("{{\"scan\":\"started\",\"scan_id\":\"wednesday\",\"provider\":\"aws\",\"at\":\"2026-11-04T00:00:00Z\"}}\n{killed}");
    let bench = Bench::with_history();
    let mut import = bench.command(&["import", "-"]);
    let mut process = import.env("ELAVA_STORE", "store").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut input = process.stdin.take().unwrap();
    input.write_all(killed.as_bytes()).unwrap();
    let began = "SELECT count(*) AS n FROM audit_log WHERE entry = 'scan_started' AND scan_id = 'wednesday'";
    let has_begun = |_: u32| {
        std::thread::sleep(Duration::from_millis(50));
        bench.data(&["sql", began, "--format", "csv"]) == "n\n1\n"
    };
    assert!((0..600).any(has_begun), "it has not begun");
    process.kill().unwrap();
    process.wait().unwrap();
    let more = format!("{{\"scan\":\"started\",\"at\":\"2026-11-05T00:00:00Z\"}}\n{}{{\"scan\":\"completed\"}}\n", resource("vpc-x", ""));
    let told = bench.elava_with(&["import", "-"], &more);
    assert!(told.starts_with("exit 0"), "{told}");
    check("retain-held-by-a-scan-dry-run", &bench.elava(&["retain", "--before", "6", "--dry-run"]));
    check("retain-held-by-a-scan", &bench.elava(&["retain", "--before", "6", "--json"]));
    let told = bench.elava_with(&["import", "-"], &format!("{killed}{{\"scan\":\"completed\"}}\n"));
    assert!(told.starts_with("exit 0"), "{told}");
    check("retain-held-no-more", &bench.elava(&["retain", "--before", "6"]));
}

fn today() -> String {
    elava::clock::Clock::now(&elava::clock::SystemClock).to_string().chars().take(10).collect()
}

#[test]
fn exports_are_read_back() {
    let bench = Bench::with_history();
    check("export", &bench.elava(&["export", "--table", "resource_versions", "--partition-by", "resource_type", "--to", "out"]));
    let part = bench.path("out/resource_type=aws_ec2_instance/part-0.parquet");
    let sql = format!("SELECT resource_id, valid_from_revision FROM '{}' ORDER BY 2", part.display());
    check("export-read-back", &bench.elava(&["sql", &sql, "--format", "csv"]));
    check("export-taken", &bench.elava(&["export", "--table", "resources", "--to", "out"]));
    for format in ["csv", "ndjson"] {
        let told = bench.elava(&["export", "--table", "changes", "--from", "3", "--to", "head", "--to", format, "--format", format]);
        check(&format!("export-{format}"), &told);
        check(&format!("export-{format}-file"), &fs::read_to_string(bench.path(&format!("{format}/part-0.{format}"))).unwrap());
    }
    check(
        "export-as-of",
        &bench.elava(&["export", "--table", "resources", "--as-of", "3", "--where", "state = 'running'", "--to", "then"]),
    );
    check("export-where-wrong", &bench.elava(&["export", "--table", "resources", "--where", "nme = 1", "--to", "wrong"]));
    check("export-table-wrong", &bench.elava(&["export", "--table", "resurces", "--to", "wrong"]));
    assert!(!bench.path("wrong").exists());
    let left = fs::read_dir(bench.path("")).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    assert_eq!(left.filter(|name| name.starts_with('.')).count(), 0, "nothing half-made is left");
}

#[test]
fn settings_say_where_they_come_from() {
    let bench = Bench::new();
    check("config-default", &bench.elava(&["config"]));
    bench.write("elava.toml", "store = \"other\"\ntag_columns = [\"env\"]\n[query]\nmemory_limit = \"64MB\"\n[output]\nformat = \"csv\"\n");
    let mut command = bench.command(&["config", "--color", "never"]);
    command.env("ELAVA_MAX_ROWS", "7");
    check("config", &bench.told(&super::run::run(command, "")));
    check("config-flag-wins", &bench.elava(&["config", "--store", "flag"]));
    bench.write("wrong.toml", "[output]\nformt = \"csv\"\n");
    check("config-unknown-key", &bench.elava(&["config", "--config", "wrong.toml"]));
    bench.write("wrong.toml", "[output]\nformat = \"xml\"\n");
    check("config-wrong-value", &bench.elava(&["config", "--config", "wrong.toml"]));
    check("config-missing", &bench.elava(&["config", "--config", "nothing.toml"]));
}

#[test]
fn settings_of_scans_are_printed_and_checked() {
    let bench = Bench::new();
    bench.write(
        "elava.toml",
        "[guard]\nmissing_percent = 50\n[scan]\nat_once = 4\n[aws]\nregions = \"all\"\n\
         rates.ec2 = { per_second = 2, burst = 5 }\n[[aws.accounts]]\nname = \"data\"\n\
         role_arn = \"arn:aws:iam::111122223333:role/audit\"\nexternal_id = \"42\"\nregions = [\"eu-central-1\"]\n",
    );
    check("config-scans", &bench.elava(&["config"]));
    let wrong = [
        ("config-scans-unknown-key", "[[aws.accounts]]\nname = \"a\"\nprofil = \"x\"\n"),
        ("config-scans-number", "[guard]\nmissing_percent = 101\n"),
    ];
    for (name, text) in wrong {
        bench.write("wrong.toml", text);
        check(name, &bench.elava(&["config", "--config", "wrong.toml"]));
    }
}

#[test]
fn settings_of_the_daemon_are_printed_and_checked() {
    let bench = Bench::new();
    bench.write(
        "elava.toml",
        "[daemon]\ntime_zone = \"Europe/Vienna\"\nlisten = \"127.0.0.1:9464\"\n\
         [[daemon.jobs]]\nname = \"inventory\"\nevery = \"6h\"\nscan = { types = [\"aws_vpc\"], incremental = true }\ncompact = true\n\
         [[daemon.jobs]]\nname = \"report\"\ncron = \"0 6 * * mon-fri\"\njitter = \"5m\"\nquery = { file = \"report.sql\", to = \"%F.csv\" }\nnotify = [\"ops\"]\n\
         [[daemon.jobs]]\nname = \"lake\"\ncron = \"@daily\"\nexport = { table = \"resources\", to = \"lake/%F\", where = \"region = 'x'\" }\n\
         [[notify]]\nname = \"ops\"\nwebhook = \"https://hooks.example.com/services/secret?token=secret\"\non = [\"changes\", \"failures\"]\n\
         [[notify]]\nname = \"program\"\ncommand = [\"mail\", \"ops\"]\n",
    );
    check("config-daemon", &bench.elava(&["config"]));
    let job = |text: &str| format!("[[daemon.jobs]]\nname = \"a\"\ncompact = true\n{text}\n");
    let notify = |text: &str| format!("[[notify]]\nname = \"a\"\n{text}\n");
    let wrong = [
        ("config-daemon-beat", job("every = \"1m\"\njitter = \"2m\"")),
        ("config-daemon-period", job("every = \"hourly\"")),
        ("config-daemon-cron", job("cron = \"0 25 * * *\"")),
        ("config-daemon-never", job("cron = \"0 0 30 2 *\"")),
        ("config-daemon-zone", "[daemon]\ntime_zone = \"Vienna\"\n".to_owned()),
        ("config-daemon-listen", "[daemon]\nlisten = \"localhost\"\n".to_owned()),
        ("config-daemon-path", job("every = \"1d\"\nexport = { table = \"x\", to = \"%Q\" }")),
        ("config-daemon-url", notify("webhook = \"hooks.example.com/secret\"")),
        ("config-daemon-on", notify("file = \"x\"\non = [\"findings\"]")),
    ];
    for (name, text) in wrong {
        bench.write("wrong.toml", &text);
        check(name, &bench.elava(&["config", "--config", "wrong.toml"]));
    }
}

/// What is known to be wrong before anything is asked.
#[test]
fn a_scan_of_what_is_none_is_refused_before_it_begins() {
    let bench = Bench::new();
    let told = bench.elava(&["scan", "--type", "aws_vcp"]);
    assert!(told.contains("error: unknown resource type \"aws_vcp\"\nhint: scanned are ") && told.contains(", aws_vpc, "), "{told}");
    check("scan-role-that-is-none", &bench.elava(&["scan", "--role-arn", "audit"]));
    check("scan-organization-role-that-is-none", &bench.elava(&["scan", "--organization-role", "arn:aws:iam::111122223333:role/audit"]));
    check("scan-period", &bench.elava(&["scan", "--every", "5s"]));
    check("scan-external-id-without-role", &bench.elava(&["scan", "--external-id", "42"]));
    check("scan-at-once-none", &bench.elava(&["scan", "--at-once", "0"]));
    check("scan-replay-of-an-account", &bench.elava(&["scan", "--replay", "recorded", "--role-arn", "audit"]));
    bench.write("elava.toml", "aws.rates.ec3 = { per_second = 2, burst = 5 }\n");
    check("daemon-unknown-service", &bench.elava(&["daemon"]));
    assert!(!bench.path("store").exists());
}

#[test]
fn what_the_settings_say_of_the_guard_goes_into_the_log() {
    let bench = Bench::with_history();
    bench.write("elava.toml", "store = \"store\"\n[guard]\nmissing = 3\n");
    let changed = "SELECT details -> 'guard' AS guard FROM audit_log WHERE entry = 'setting_changed' ORDER BY seq";
    for _ in 0..2 {
        bench.output(&["tag", "x"], "");
        check("config-guard-in-the-log", &bench.elava(&["sql", "--format", "csv", changed]));
    }
}

#[test]
fn what_the_settings_say_of_types_goes_into_the_log() {
    let bench = Bench::new();
    bench.write("history.ndjson", HISTORY);
    bench.write("elava.toml", "store = \"store\"\n[types.aws_ec2_instance]\nvolatile = [\"/properties/InstanceType\"]\n");
    bench.output(&["import", "history.ndjson"], "");
    check(
        "config-in-the-log",
        &bench.elava(&["sql", "--format", "csv", "SELECT changed_paths FROM changes(3, 'head') WHERE change = 'updated'"]),
    );
}

#[test]
fn maintenance() {
    let bench = Bench::with_history();
    check("status", &bench.elava(&["status"]));
    check("compact", &bench.elava(&["compact"]));
    check("compact-again", &bench.elava(&["compact"]));
    check("status-json", &bench.elava(&["status", "--json"]));
    check("verify", &bench.elava(&["verify"]));
    check("verify-unknown-head", &bench.elava(&["verify", "--head", &"0".repeat(64)]));
    check("verify-wrong-head", &bench.elava(&["verify", "--head", "abc"]));
    let report = bench.output(&["--store", "store", "verify", "--json"], "");
    let report: serde_json::Value = serde_json::from_slice(&report.stdout).unwrap();
    let noted = report["head_hash"].as_str().unwrap();
    check("verify-known-head", &bench.elava(&["verify", "--head", noted]));
}

#[test]
fn the_demo_makes_its_own_store_and_shows_the_tour() {
    let bench = Bench::new();
    check("demo", &bench.elava(&["demo"]));
    assert!(!bench.path("store").exists(), "never the default store");
    check("demo-opened", &bench.elava(&["--store", "elava-demo", "sql", "SELECT count(*) AS live FROM resources", "--format", "csv"]));
    fs::create_dir(bench.path("photos")).unwrap();
    bench.write("photos/cat.jpg", "meow");
    check("demo-in-another-folder", &bench.elava(&["demo", "photos"]));
}

#[test]
fn backups_restores_and_repairs() {
    let bench = Bench::with_history();
    bench.elava(&["compact"]);
    check("backup", &bench.elava(&["backup", "copy"]));
    check("backup-again", &bench.elava(&["backup", "copy"]));
    check("backup-read", &bench.elava(&["--store", "copy", "sql", "SELECT name FROM resources", "--format", "csv"]));
    check("backup-is-not-written-to", &bench.elava(&["--store", "copy", "import", "history.ndjson"]));
    check("backup-into-a-store", &bench.elava(&["--store", "copy", "backup", "store"]));
    check("restore", &bench.elava(&["--store", "new", "restore", "copy"]));
    check("restored", &bench.elava(&["--store", "new", "tag", "restored"]));
    check("tag-elsewhere", &bench.elava(&["tag", "elsewhere"]));
    check("restore-has-parted", &bench.elava(&["--store", "new", "restore", "store"]));

    check("repair-nothing", &bench.elava(&["repair"]));
    check("repair-nothing-to-do", &bench.elava(&["repair", "--rebuild-tables"]));
    let name = fs::read_dir(bench.path("store/observations")).unwrap().next().unwrap().unwrap().file_name();
    let file = bench.path("store/observations").join(&name);
    let told = |told: String| told.replace(name.to_str().unwrap(), "[FILE]");
    fs::write(&file, "nothing").unwrap();
    check("verify-damaged", &told(bench.elava(&["verify"])));
    check("repair", &told(bench.elava(&["repair"])));
    check("repair-from", &told(bench.elava(&["repair", "--from", "copy"])));
    fs::remove_file(&file).unwrap();
    check("repair-rebuild-tables", &told(bench.elava(&["repair", "--rebuild-tables"])));
    check("repair-in-the-log", &bench.elava(&["sql", "SELECT details->>'cure' AS cure FROM audit_log WHERE entry = 'repaired'"]));
}
