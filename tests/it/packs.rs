//! Every check that is shipped, on fixtures: `tests/packs/<pack>/<check>/` has `pass.ndjson`, in which nothing violates it,
//! `fail.ndjson`, and `expected.csv` with the violations of the latter, `resource_id,reason`. The two are import files: either
//! observations only, which are one scan of complete scopes, or scans with the lines that steer them; `parameters.toml` beside
//! them may give the pack's parameters values, `name = value`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use elava::analysis::check::Check;
use elava::analysis::intervals::{Method, Question, Violation, intervals};
use elava::analysis::outcome::{CheckOutcome, Status};
use elava::analysis::packs::{Given, Packs};
use elava::analysis::{Request, run};
use elava::ingest::{ImportOptions, Source, import};
use elava::model::matches;
use elava::store::{Snapshot, Store, Writer};

use crate::support::{Scratch, clock, session};

/// The checks that are about changes themselves: they are asked at each point.
const ABOUT_HISTORY: [&str; 4] = ["resource-appeared", "resource-changed", "resource-retagged", "resource-vanished"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn fixtures(check: &Check) -> PathBuf {
    root().join("tests/packs").join(&check.about.packs[0]).join(&check.about.id)
}

/// What a check comes to in a store that holds a file.
async fn outcome(check: &Check, file: &Path) -> Result<CheckOutcome, String> {
    let text = |error: elava::Error| format!("{}: {error}", file.display());
    let scratch = Scratch::new();
    let writer = Writer::open(scratch.backend(), clock()).await.map_err(text)?;
    let steers = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?.contains("\"scan\":\"started\"");
    let options = ImportOptions { complete: !steers, ..ImportOptions::default() };
    import(&writer, vec![Source::argument(file.to_str().unwrap())], &options, &mut |_| {}).await.map_err(text)?;
    let snapshot = Store::open(scratch.backend()).await.map_err(text)?.snapshot().await.map_err(text)?;
    let session = session(&snapshot, Some("head".to_owned()));
    let packs = packs_with(check).map_err(text)?;
    let mut found = run(&session, &packs, &[check], &Request::default()).await.map_err(text)?;
    Ok(found.checks.remove(0))
}

/// The packs, with the values that the check's fixtures give parameters.
fn packs_with(check: &Check) -> elava::Result<Packs> {
    let mut packs = Packs::load(&[])?;
    let Ok(given) = fs::read_to_string(fixtures(check).join("parameters.toml")) else { return Ok(packs) };
    for (name, value) in &toml::from_str::<toml::Table>(&given).unwrap() {
        packs.give(&check.about.packs[0], name, Given::Toml(value))?;
    }
    Ok(packs)
}

/// The lines of `expected.csv`.
fn expected(text: &str) -> BTreeSet<(String, String)> {
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("resource_id,reason"));
    let unquoted = |cell: &str| match cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => cell.to_owned(),
    };
    lines.map(|line| line.split_once(',').unwrap()).map(|(id, reason)| (unquoted(id), unquoted(reason))).collect()
}

/// What is wrong with a check's fixtures, or with the check.
async fn wrong_with(check: &Check) -> Result<(), String> {
    let folder = fixtures(check);
    let passed = outcome(check, &folder.join("pass.ndjson")).await?;
    if passed.status != Status::Pass {
        return Err(format!("pass.ndjson: {} ({:?}) {:#?}", passed.status, passed.why, passed.findings));
    }
    let failed = outcome(check, &folder.join("fail.ndjson")).await?;
    let found: BTreeSet<_> = failed.findings.into_iter().map(|finding| (finding.resource.resource_id, finding.reason)).collect();
    let expected = expected(&fs::read_to_string(folder.join("expected.csv")).map_err(|error| format!("expected.csv: {error}"))?);
    if expected.is_empty() {
        return Err("expected.csv names no violation".to_owned());
    }
    if found != expected {
        let (missing, surplus) = (expected.difference(&found), found.difference(&expected));
        return Err(format!(
            "fail.ndjson: {} ({:?}): missing {:#?}, surplus {:#?}",
            failed.status,
            failed.why,
            missing.collect::<Vec<_>>(),
            surplus.collect::<Vec<_>>()
        ));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_check_finds_what_its_fixtures_plant_and_nothing_else() {
    let packs = Packs::load(&[]).unwrap();
    let mut wrong = Vec::new();
    for check in packs.checks() {
        if let Err(why) = wrong_with(check).await {
            wrong.push(format!("{}: {why}", check.file));
        }
    }
    assert!(wrong.is_empty(), "{} of {} checks:\n{}", wrong.len(), packs.checks().len(), wrong.join("\n"));
}

/// A store in which what violates a check came, went, and came back.
async fn changing(check: &Check) -> elava::Result<(Scratch, Arc<Snapshot>)> {
    let scratch = Scratch::new();
    let writer = Writer::open(scratch.backend(), clock()).await?;
    for file in ["fail.ndjson", "pass.ndjson", "fail.ndjson"] {
        let text = fs::read_to_string(fixtures(check).join(file)).unwrap();
        let observed = text.lines().filter(|line| !line.starts_with("{\"scan\"")).map(|line| format!("{line}\n"));
        let source = Source::reader(file, std::io::Cursor::new(observed.collect::<String>()));
        let options = ImportOptions { complete: true, lift: true, ..ImportOptions::default() };
        import(&writer, vec![source], &options, &mut |_| {}).await?;
    }
    let snapshot = Store::open(scratch.backend()).await?.snapshot().await?;
    Ok((scratch, snapshot))
}

/// When a check was violated: as it is asked, and by a query at each point.
async fn both_ways(check: &Check) -> Result<(Method, [Vec<Violation>; 2]), String> {
    let text = |error: elava::Error| error.to_string();
    let (_scratch, snapshot) = changing(check).await.map_err(text)?;
    let (session, values) = (session(&snapshot, None), packs_with(check).map_err(text)?.values(check)?);
    let ask = async |sql: &str| {
        let question = Question { sql, parameters: &values.query, lasting: None };
        intervals(&session, &question, 0, snapshot.head(), None).await.map_err(text)
    };
    let (asked, at_each) = (ask(&check.sql).await?, ask(&format!("{}\nLIMIT 1000000", check.sql)).await?);
    Ok((asked.method, [asked.violations, at_each.violations]))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_query_over_a_history_tells_of_each_check_what_the_check_at_each_point_does() {
    let mut wrong = Vec::new();
    for check in Packs::load(&[]).unwrap().checks() {
        match both_ways(check).await {
            Err(why) => wrong.push(format!("{}: {why}", check.file)),
            Ok((_, [asked, at_each])) if asked != at_each => {
                wrong.push(format!("{}: {asked:#?}, but at each point {at_each:#?}", check.file));
            }
            Ok((Method::EachScan { .. }, _)) if !ABOUT_HISTORY.contains(&check.about.id.as_str()) => {
                wrong.push(format!("{}: no one query over the history answers it", check.file));
            }
            Ok(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Files are put into the program when it is built, and a new file alone does not have it built anew.
#[test]
fn the_program_has_the_packs_of_the_tree() {
    let packs = Packs::load(&[]).unwrap();
    let built: BTreeSet<PathBuf> = packs.checks().iter().map(|check| root().join(&check.file)).collect();
    let folders = fs::read_dir(root().join("sql/packs")).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    let there: BTreeSet<PathBuf> = files.filter(|path| path.extension().is_some_and(|ending| ending == "sql")).collect();
    assert_eq!(built, there, "touch src/analysis/sources.rs and build again");
}

#[test]
fn fixtures_are_of_checks_that_are_there() {
    let packs = Packs::load(&[]).unwrap();
    let known: BTreeSet<PathBuf> = packs.checks().iter().map(fixtures).collect();
    let folders = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let there: BTreeSet<PathBuf> = folders(root().join("tests/packs")).flat_map(folders).collect();
    assert_eq!(there, known);
}

/// A check depends on types that a scan lists or an import makes: those that have a typed view.
#[test]
fn the_types_of_checks_are_known() {
    let types: Vec<String> = fs::read_dir(root().join("sql/types"))
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            let other = text.lines().find_map(|line| line.strip_prefix("WHERE resource_type = '")?.strip_suffix('\'')).map(str::to_owned);
            other.unwrap_or_else(|| path.file_stem().unwrap().to_str().unwrap().to_owned())
        })
        .collect();
    for check in Packs::load(&[]).unwrap().checks() {
        for pattern in &check.about.types {
            assert!(types.iter().any(|name| matches(pattern, name)), "{}: no type is called {pattern}", check.file);
        }
    }
}

/// The same revision has the same answer for ever.
#[test]
fn checks_ask_elava_for_the_time() {
    for check in Packs::load(&[]).unwrap().checks() {
        let words: Vec<String> = check
            .sql
            .lines()
            .filter(|line| !line.starts_with("--"))
            .flat_map(|line| line.split(|end: char| !(end.is_alphanumeric() || end == '_')))
            .map(str::to_lowercase)
            .collect();
        for word in ["now", "current_timestamp", "current_date", "current_time", "today", "random"] {
            assert!(!words.iter().any(|found| found == word), "{}: {word} depends on when it is asked; elava_now() does not", check.file);
        }
    }
}
