use super::run::{Bench, HISTORY, check, run};

/// Two more scans: what is a VPC's name is an instance's too, and one that had gone is back.
const MORE: &str = r#"{"scan":"started","scan_id":"wednesday","provider":"aws","at":"2026-11-04T00:00:00Z"}
{"provider":"aws","account_id":"111122223333","region":"us-east-1","resource_type":"aws_ec2_instance","resource_id":"i-1","arn":"arn:aws:ec2:us-east-1:111122223333:instance/i-1","name":"web","state":"stopped","tags":{"env":"test","owner":"ops"},"properties":{"InstanceType":"t3.large","SubnetId":"subnet-1","VpcId":"vpc-1","StateReason":{"Code":"Client.UserInitiatedShutdown","Message":"Client.UserInitiatedShutdown: User initiated shutdown"}}}
{"provider":"aws","account_id":"111122223333","region":"us-east-1","resource_type":"aws_vpc","resource_id":"vpc-1","name":"web"}
{"provider":"aws","account_id":"444455556666","region":"eu-west-1","resource_type":"aws_ec2_instance","resource_id":"i-2","name":"db","state":"running"}
{"scan":"completed","at":"2026-11-04T00:00:09Z"}
"#;

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("history.ndjson", &format!("{HISTORY}{MORE}"));
    bench.data(&["import", "history.ndjson"]);
    bench
}

#[test]
fn log_lists_scans_and_the_changes_that_pass_a_filter() {
    let bench = bench();
    check("verbs-log-oneline", &bench.elava(&["log", "--oneline"]));
    check("verbs-log-stat", &bench.elava(&["log", "--stat"]));
    check("verbs-log-stat-json", &bench.elava(&["log", "--stat", "--type", "aws_vpc", "--format", "json"]));
    check("verbs-log-since", &bench.elava(&["log", "--since", "3", "--until", "5", "--format", "csv"]));
    check("verbs-log-resource-oneline", &bench.elava(&["log", "aws/111122223333/us-east-1/aws_ec2_instance/i-2", "--oneline"]));
    check("verbs-log-resource-since", &bench.elava(&["log", "i-1", "--since", "2026-11-03", "--format", "csv"]));
    check("verbs-log-path", &bench.elava(&["log", "--path", "/properties/InstanceType", "--format", "csv"]));
    check("verbs-log-path-in-it", &bench.elava(&["log", "--path", "/tags", "--oneline"]));
    check("verbs-log-type", &bench.elava(&["log", "--type", "aws_v*", "--type", "aws_rds_db_instance", "--oneline"]));
    check("verbs-log-deleted", &bench.elava(&["log", "--change", "deleted", "--account", "111122223333", "--oneline"]));
    check("verbs-log-where", &bench.elava(&["log", "--where", "state = 'stopped'", "--oneline", "-n", "1"]));
    check("verbs-log-path-that-is-none", &bench.elava(&["log", "--path", "tags"]));
    check("verbs-log-point-that-is-none", &bench.elava(&["log", "--since", "monday"]));
}

#[test]
fn show_tells_all_of_one_resource() {
    let bench = bench();
    check("verbs-show", &bench.elava(&["show", "i-1"]));
    check("verbs-show-at", &bench.elava(&["show", "arn:aws:ec2:us-east-1:111122223333:instance/i-1", "4"]));
    check("verbs-show-created", &bench.elava(&["show", "aws_vpc/web"]));
    check("verbs-show-json", &bench.elava(&["show", "i-1", "--format", "json"]));
    check("verbs-show-print-sql", &bench.elava(&["show", "i-1", "2026-11-03", "--print-sql"]));
    check("verbs-show-unknown", &bench.elava(&["show", "wep"]));
    check("verbs-show-ambiguous", &bench.elava(&["show", "web"]));
    check("verbs-show-ambiguous-id", &bench.elava(&["show", "i-2"]));
    check("verbs-show-not-yet", &bench.elava(&["show", "i-1", "2026-11-01"]));
    check("verbs-show-no-more", &bench.elava(&["show", "aws/111122223333/us-east-1/aws_ec2_instance/i-2"]));
    check("verbs-show-point-that-is-none", &bench.elava(&["show", "i-1", "99"]));
}

#[test]
fn diff_tells_what_differs() {
    let bench = bench();
    check("verbs-diff", &bench.elava(&["diff", "3"]));
    check("verbs-diff-reversed", &bench.elava(&["diff", "head", "3"]));
    check("verbs-diff-stat", &bench.elava(&["diff", "0", "--stat"]));
    check("verbs-diff-name-only", &bench.elava(&["diff", "3", "--name-only", "--exit-code"]));
    check("verbs-diff-nothing", &bench.elava(&["diff", "5", "5", "--exit-code"]));
    check("verbs-diff-nothing-stat", &bench.elava(&["diff", "5", "5", "--stat"]));
    check("verbs-diff-filtered", &bench.elava(&["diff", "3", "--region", "us-east-1", "--path", "/tags/owner"]));
    check("verbs-diff-csv", &bench.elava(&["diff", "3", "5", "--format", "csv"]));
    check("verbs-diff-point-that-is-none", &bench.elava(&["diff", "release", "head"]));
}

#[test]
fn blame_tells_of_every_attribute() {
    let bench = bench();
    check("verbs-blame", &bench.elava(&["blame", "i-1"]));
    check("verbs-blame-at", &bench.elava(&["blame", "i-1", "4"]));
    check("verbs-blame-path", &bench.elava(&["blame", "i-1", "--path", "/tags", "--format", "csv"]));
    check("verbs-blame-no-more", &bench.elava(&["blame", "aws/111122223333/us-east-1/aws_ec2_instance/i-2"]));
}

#[test]
fn bisect_tells_where_a_query_changes() {
    let bench = bench();
    check("verbs-bisect", &bench.elava(&["bisect", "SELECT 1 FROM resources WHERE state = 'stopped'"]));
    check("verbs-bisect-all", &bench.elava(&["bisect", "--all", "SELECT 1 FROM resources WHERE name = 'db'"]));
    check("verbs-bisect-between", &bench.elava(&["bisect", "SELECT 1 FROM resources WHERE name = 'db'", "--from", "3", "--to", "5"]));
    check("verbs-bisect-same", &bench.elava(&["bisect", "SELECT 1 FROM resources WHERE name = 'none'"]));
    check("verbs-bisect-all-same", &bench.elava(&["bisect", "--all", "SELECT 1 FROM resources WHERE name = 'none'"]));
    check("verbs-bisect-reversed", &bench.elava(&["bisect", "SELECT 1", "--from", "5", "--to", "3"]));
    check("verbs-bisect-no-table", &bench.elava(&["bisect", "SELECT 1 FROM resource"]));
    check("verbs-bisect-no-query", &bench.elava(&["bisect", "SET elava.as_of = '3'"]));
}

#[test]
fn watch_prints_lines() {
    let bench = bench();
    check("verbs-watch", &bench.elava(&["watch", "--from", "5", "--until", "head", "--nested", "--type", "aws_vpc"]));
    check("verbs-watch-oneline", &bench.elava(&["watch", "--from", "0", "--until", "5", "--oneline"]));
    check("verbs-watch-above-the-head", &bench.elava(&["watch", "--from", "99"]));
    check("verbs-watch-print-sql", &bench.elava(&["watch", "--from", "3", "--change", "created", "--print-sql"]));
}

#[test]
fn what_a_verb_prints_as_its_sql_gives_its_rows() {
    let bench = bench();
    let key = "aws/111122223333/us-east-1/aws_ec2_instance/i-1";
    bench.data(&["tag", "now-and-then", "3"]);
    let verbs: [&[&str]; 15] = [
        &["tag"],
        &["log"],
        &["log", "i-1"],
        &["log", "--since", "1"],
        &["log", "--stat"],
        &["log", "--path", "/tags/env", "--type", "aws_*"],
        &["log", key, "--change", "deleted", "--change", "created"],
        &["show", "i-1", "5"],
        &["diff", "1", "head"],
        &["diff", "head", "1", "--where", "name = 'web' -- only these"],
        &["diff", "1", "--stat"],
        &["diff", "1", "--name-only"],
        &["blame", "i-1", "5"],
        &["bisect", "SELECT 1 FROM resources WHERE state = 'stopped'"],
        &["bisect", "--all", "SELECT 1 FROM resources WHERE name = 'db'"],
    ];
    for verb in verbs {
        let rows = bench.data(&[verb, &["--format", "json"]].concat());
        assert!(rows.len() > 10, "{verb:?}: {rows}");
        let printed = bench.data(&[verb, &["--format", "json", "--print-sql"]].concat());
        assert_eq!(rows, bench.data(&["sql", "--format", "json", &printed]), "{verb:?}");
    }
    let printed = bench.data(&["watch", "--from", "3", "--change", "updated", "--print-sql"]);
    let rows = bench.data(&["watch", "--from", "3", "--change", "updated", "--until", "head"]);
    assert_eq!(rows, bench.data(&["sql", "--format", "ndjson", &printed]));
}

#[test]
fn a_page_is_the_same_text_in_colour_and_without() {
    let bench = bench();
    let pages: [&[&str]; 9] = [
        &["log", "--oneline"],
        &["log", "--stat"],
        &["log", "i-1", "--oneline"],
        &["show", "i-1"],
        &["diff", "0"],
        &["diff", "0", "--stat"],
        &["blame", "i-1"],
        &["bisect", "SELECT 1 FROM resources WHERE state = 'stopped'"],
        &["watch", "--from", "0", "--until", "head", "--oneline"],
    ];
    for page in pages {
        let coloured = bench.data(&[page, &["--color", "always"]].concat());
        assert!(coloured.contains("\u{1b}["), "{page:?} has no colour");
        let mut plain = String::new();
        for (nth, piece) in coloured.split("\u{1b}[").enumerate() {
            plain.push_str(if nth == 0 { piece } else { piece.split_once('m').unwrap().1 });
        }
        assert_eq!(plain, bench.data(page), "{page:?}");
    }
}

/// What a name of a resource holds cannot do anything to a terminal.
#[test]
fn what_moves_a_cursor_is_not_printed() {
    let bench = Bench::new();
    let line = r#"{"provider":"aws","account_id":"1","region":"r","resource_type":"t_x","resource_id":"i-\u001b[2J","name":"\u001b[31m","tags":{"\u009b":"\u202e"}}"#;
    bench.write("history.ndjson", line);
    bench.data(&["import", "history.ndjson"]);
    for page in [
        &["log", "--change", "created", "--oneline"][..],
        &["show", "i-\u{1b}[2J"],
        &["diff", "0"],
        &["diff", "0", "--name-only"],
        &["blame", "i-\u{1b}[2J"],
    ] {
        let text = bench.data(page);
        assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{page:?}: {text:?}");
    }
}

/// What a shell that is completed by elava offers behind some words.
fn completed(bench: &Bench, words: &[&str]) -> Vec<String> {
    let mut command = bench.command(&[&["--", "elava"], words].concat());
    command.env("COMPLETE", "fish").env("ELAVA_STORE", "store");
    let output = run(command, "");
    assert!(output.status.success() && output.stderr.is_empty(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter(|line| !line.starts_with('-')).map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

#[test]
fn names_are_completed_from_the_store() {
    let bench = bench();
    bench.data(&["tag", "before-migration", "3"]);
    let cases: [(&[&str], &[&str]); 16] = [
        (&["show", ""], &["aws/"]),
        (&["show", "aws/"], &["aws/111122223333/", "aws/444455556666/"]),
        (&["show", "aws/4"], &["aws/444455556666/"]),
        (&["show", "aws/111122223333/us-east-1/aws_v"], &["aws/111122223333/us-east-1/aws_vpc/"]),
        (&["show", "aws/111122223333/us-east-1/aws_vpc/"], &["aws/111122223333/us-east-1/aws_vpc/vpc-1"]),
        (&["log", "we"], &["web"]),
        (&["blame", "i-"], &["i-1", "i-2"]),
        (&["show", "aws_vpc/"], &["aws_vpc/web"]),
        (&["show", "i-1", "be"], &["before-migration"]),
        (&["diff", "head"], &["head", "head~1"]),
        (&["diff", "3", "b"], &["before-migration"]),
        (&["watch", "--from", "before"], &["before-migration"]),
        (&["diff", "--type", "aws_vpc_security"], &["aws_vpc_security_group", "aws_vpc_security_group_rule"]),
        (&["log", "--region", "eu"], &["eu-west-1"]),
        (&["log", "--account", ""], &["111122223333", "444455556666"]),
        (&["check", "tag-compl"], &["tag-compliance"]),
    ];
    for (words, expected) in cases {
        assert_eq!(completed(&bench, words), expected, "{words:?}");
    }
    assert_eq!(completed(&bench, &["--store", "none", "show", "i-"]), [""; 0], "nothing is said of a store that is not there");
    assert_eq!(completed(&Bench::new(), &["--store", &bench.path("store").to_string_lossy(), "show", "i-2"]), ["i-2"]);
}

/// The script that is printed, in the shell that it is for.
#[test]
fn bash_completes_the_name_of_a_resource() {
    let bench = bench();
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_elava")).parent().unwrap().to_owned();
    let mut command = std::process::Command::new("bash");
    command.current_dir(bench.path("")).env_clear().env("HOME", bench.path("")).env("ELAVA_STORE", "store");
    command.env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
    let script = "source <(elava completions bash)\nCOMP_WORDS=(elava show vpc)\nCOMP_CWORD=2\nCOMP_TYPE=9\n\
         $(complete -p elava | sed 's/.*-F \\([^ ]*\\).*/\\1/') elava vpc show\necho \"${COMPREPLY[@]}\"";
    let output = run(
        {
            command.args(["-c", script]);
            command
        },
        "",
    );
    assert_eq!(String::from_utf8_lossy(&output.stdout), "vpc-1\n", "{}", String::from_utf8_lossy(&output.stderr));
}
