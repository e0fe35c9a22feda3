use std::collections::HashSet;

use super::*;

#[test]
fn both_prefixes_and_every_name_mean_the_same() {
    for (lines, command) in [
        (vec!["\\?", ".help", "\\h", "help", "HELP;"], MetaCommand::Help),
        (vec!["\\q", ".quit", ".exit", "exit", "quit ;"], MetaCommand::Quit),
        (vec!["\\d", ".tables", "\\dt"], MetaCommand::Tables),
        (vec!["\\d aws_vpc", ".schema aws_vpc", "\\describe  \"aws_vpc\";"], MetaCommand::Describe("aws_vpc".to_owned())),
        (vec!["\\df", ".functions"], MetaCommand::Functions),
        (vec!["\\format", ".mode"], MetaCommand::Format(None)),
        (vec!["\\format csv", ".mode CSV"], MetaCommand::Format(Some(OutputFormat::Csv))),
        (vec!["\\x", ".expanded"], MetaCommand::Expanded(None)),
        (vec!["\\x on"], MetaCommand::Expanded(Some(true))),
        (vec!["\\timing off", ".timer OFF"], MetaCommand::Timing(Some(false))),
        (vec!["\\nested"], MetaCommand::Nested(None)),
        (vec!["\\asof"], MetaCommand::AsOf(AsOf::Show)),
        (vec!["\\asof off", ".asof OFF"], MetaCommand::AsOf(AsOf::Off)),
        (vec!["\\asof 7 days ago", "\\asof '7 days ago'"], MetaCommand::AsOf(AsOf::At("7 days ago".to_owned()))),
        (vec!["\\o"], MetaCommand::Output(None)),
        (vec!["\\o 'a b.csv'", ".output a b.csv"], MetaCommand::Output(Some("a b.csv".to_owned()))),
        (vec!["\\i x.sql", ".read x.sql"], MetaCommand::Run("x.sql".to_owned())),
        (vec!["\\maxrows 5"], MetaCommand::MaxRows(Some(5))),
        (vec!["\\maxrows"], MetaCommand::MaxRows(None)),
    ] {
        for line in lines {
            assert!(is_meta(line), "{line}");
            assert_eq!(parse(line), Ok(command.clone()), "{line}");
        }
    }
}

#[test]
fn sql_is_not_taken_for_a_command() {
    for line in ["select 1;", "", "helper", "quit_log", "-- \\q", "(select 1);"] {
        assert!(!is_meta(line), "{line}");
    }
}

#[test]
fn errors_name_the_nearest_command_and_the_accepted_forms() {
    for (line, message) in [
        ("\\formt csv", "unknown command \\formt; did you mean \\format? (\\? lists all)"),
        (".tabels", "unknown command .tabels; did you mean .tables? (.? lists all)"),
        ("\\func", "unknown command \\func; did you mean \\functions? (\\? lists all)"),
        ("\\zzzzzzz", "unknown command \\zzzzzzz (\\? lists all)"),
        ("\\", "unknown command \\ (\\? lists all)"),
        ("\\format cvs", "\\format: unknown format `cvs`; did you mean `csv`?"),
        ("\\x maybe", "\\x: expected on or off, found `maybe`"),
        ("\\maxrows 0", "\\maxrows: expected a number of rows from 1, found `0`"),
        ("\\i", "\\i: expected the name of a file"),
        ("\\q now", "\\q: expected no argument, found `now`"),
    ] {
        assert_eq!(parse(line), Err(message.to_owned()), "{line}");
    }
}

#[test]
fn help_has_a_line_for_each_command_and_names_are_unique() {
    let help = help();
    assert_eq!(help.lines().count(), SPECS.len() + 2);
    let names: Vec<&str> = command_names().collect();
    assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
}
