//! Parsers of texts: settings, points in time, keys, imports and the like.

use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use elava::analysis::check::Check;
use elava::analysis::packs::Packs;
use elava::analysis::parameters::ParameterType;
use elava::ingest::{Format, ImportOptions, Source, import};
use elava::model::{CanonicalJson, ResourceKey, Scope, TimeSpan, Timestamp, value_at};
use elava::query::{Point, is_reserved_point, query_parameters};
use elava::schedule::{Cron, zone};
use elava::settings::FileSettings;
use elava::store::{Backend, BucketUrl, Store, Writer};
use elava::{Error, Result};

use super::stored::{block_on, few_copies_of_a_store, golden, read_store};
use super::{Target, corpus, few_copies, fuzz, is_damage, is_invalid, unsealed};
use crate::support::clock;
use crate::support::fault_backend::FaultBackend;

/// Fuzzes a parser of text with the files of its folder.
fn fuzz_text(name: &str, cost: u32, parse: impl Fn(&str) -> Result<()>) {
    let target = Target { name, cost, block_max: few_copies, refuses: &is_invalid };
    fuzz(&target, &corpus(name), unsealed, |bytes| parse(&String::from_utf8_lossy(bytes)));
}

/// As [`fuzz_text`], with each line of the files as an input.
fn fuzz_lines(name: &str, cost: u32, parse: impl Fn(&str) -> Result<()>) {
    let files = corpus(name);
    let lines: Vec<Vec<u8>> = files.iter().flat_map(|file| file.split(|byte| *byte == b'\n')).map(<[u8]>::to_vec).collect();
    let target = Target { name, cost, block_max: few_copies, refuses: &is_invalid };
    fuzz(&target, &lines, unsealed, |bytes| parse(&String::from_utf8_lossy(bytes)));
}

#[test]
fn settings() {
    let names_the_file = |error: &Error| is_invalid(error) && error.to_string().contains("elava.toml");
    let target = Target { name: "settings", cost: 2, block_max: few_copies, refuses: &names_the_file };
    let parse = |bytes: &[u8]| FileSettings::parse(&String::from_utf8_lossy(bytes), Path::new("elava.toml")).map(drop);
    fuzz(&target, &corpus("settings"), unsealed, parse);
}

#[test]
fn cron_expressions() {
    fuzz_lines("cron", 8, |text| {
        let cron = Cron::parse(text, zone("Europe/Vienna")?)?;
        let mut last = Timestamp::parse("2026-03-28T22:00:00Z")?;
        for _ in 0..5 {
            let Some(next) = cron.next(last) else { break };
            assert!(next > last, "{text:?} comes at {next} after {last}");
            last = next;
        }
        Ok(())
    });
}

#[test]
fn points_in_time() {
    fuzz_lines("point", 1, |text| {
        let point = Point::parse(text)?;
        assert!(matches!(point, Point::Tag(_)) || is_reserved_point(text), "{text:?} could be the name of a tag");
        Ok(())
    });
}

#[test]
fn spans_and_times() {
    fuzz_lines("span", 1, |text| {
        let span = TimeSpan::parse(text)?;
        assert_eq!(TimeSpan::parse(&span.to_string())?, span, "{text:?}");
        Ok(())
    });
    fuzz_lines("time", 1, |text| {
        let time = Timestamp::parse(text)?;
        assert_eq!(Timestamp::parse(&time.to_string())?, time, "{text:?}");
        Ok(())
    });
}

#[test]
fn keys_and_scopes() {
    fuzz_lines("key", 1, |text| {
        assert_eq!(Scope::from_stored(text).parts().len(), 4);
        let parts: Vec<&str> = text.splitn(5, '/').collect();
        let [provider, account_id, region, resource_type, resource_id] = parts[..] else {
            assert!(ResourceKey::from_stored(text).is_err(), "{text:?}");
            return Ok(());
        };
        let key = ResourceKey::new(provider, account_id, region, resource_type, resource_id)?;
        assert_eq!((key.as_str(), &key.parts()[..]), (text, &parts[..]));
        assert_eq!(ResourceKey::from_stored(text)?, key);
        Ok(())
    });
}

#[test]
fn urls_of_stores() {
    fuzz_lines("url", 1, |text| {
        let url = BucketUrl::parse(text)?;
        assert_eq!(BucketUrl::parse(&url.to_string())?, url, "{text:?}");
        Ok(())
    });
}

fn no_json(error: impl std::fmt::Display) -> Error {
    Error::invalid(error.to_string())
}

/// What is canonical stays as it is, and is the same JSON to another reader, as far as that one knows its numbers.
#[test]
fn json_and_pointers_into_it() {
    fuzz_text("json", 1, |text| {
        let canonical = CanonicalJson::parse(text.as_bytes()).map_err(no_json)?;
        let again = CanonicalJson::parse(canonical.as_str().as_bytes()).map_err(no_json)?;
        assert_eq!(again.as_str(), canonical.as_str(), "{text:?}");
        Ok(())
    });
    // The first line is the pointer, the rest the document.
    fuzz_text("pointer", 1, |text| {
        let (pointer, document) = text.split_once('\n').unwrap_or((text, "{}"));
        let document = CanonicalJson::parse(document.as_bytes()).map_err(no_json)?;
        let found = value_at(document.as_str(), pointer);
        if let Ok(known) = serde_json::from_str::<serde_json::Value>(document.as_str()) {
            let expected = known.pointer(pointer).filter(|_| !pointer.is_empty());
            let found = found.map(|value| serde_json::from_str::<serde_json::Value>(value).unwrap());
            assert_eq!(found.as_ref(), expected, "{pointer:?} in {}", document.as_str());
        }
        Ok(())
    });
}

#[test]
fn checks_packs_and_their_parameters() {
    fuzz_text("check", 4, |text| Check::parse("pack", "a-check", "packs/pack/a-check.sql", text).map(drop));
    fuzz_text("check", 2, |text| query_parameters(text).map(drop));
    let scratch = tempfile::TempDir::new().unwrap();
    let folder = scratch.path().join("mine");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("a-check.sql"), &corpus("check")[0]).unwrap();
    let names_the_file = |error: &Error| is_invalid(error) && ["pack.toml", "a-check"].iter().any(|file| error.to_string().contains(file));
    let target = Target { name: "pack", cost: 100, block_max: few_copies_of_a_store, refuses: &names_the_file };
    fuzz(&target, &corpus("pack"), unsealed, |bytes| {
        std::fs::write(folder.join("pack.toml"), bytes).unwrap();
        Packs::load(std::slice::from_ref(&folder)).map(drop)
    });
    let types = [
        ParameterType::Text,
        ParameterType::Integer,
        ParameterType::Number,
        ParameterType::Boolean,
        ParameterType::Duration,
        ParameterType::List,
        ParameterType::Json,
    ];
    fuzz_lines("parameter", 1, |text| types.iter().map(|kind| kind.read_text(text).map(drop)).fold(Ok(()), Result::or));
}

/// An import of what is wrong says where, and what came before stays.
#[test]
fn imports() {
    for (name, format) in [("import-ndjson", Format::Ndjson), ("import-aws-cli", Format::AwsCli), ("import-aws-config", Format::AwsConfig)]
    {
        let names_the_input = |error: &Error| is_invalid(error) && error.to_string().contains("input");
        let target = Target { name, cost: 10, block_max: few_copies_of_a_store, refuses: &names_the_input };
        fuzz(&target, &corpus(name), unsealed, |bytes| {
            let (input, backend) = (bytes.to_vec(), Arc::new(FaultBackend::default()) as Arc<dyn Backend>);
            block_on(async {
                let writer = Writer::open(Arc::clone(&backend), clock()).await?;
                let of_others = |text: &str| (format != Format::Ndjson).then(|| text.to_owned());
                let options = ImportOptions { format, account: of_others("1"), region: of_others("eu"), ..ImportOptions::default() };
                let imported = import(&writer, vec![Source::reader("input", Cursor::new(input))], &options, &mut |_| {}).await;
                if let Ok(report) = &imported {
                    let head = Store::open(backend).await?.snapshot().await?.head();
                    assert_eq!(report.last_revision.unwrap_or_default(), head);
                }
                imported.map(drop)
            })
        });
    }
}

/// Names that are nearly those of points of backups, in a store that is none.
#[test]
fn names_of_backup_points() {
    let target = Target {
        name: "backup-point",
        cost: 100,
        block_max: few_copies_of_a_store,
        refuses: &|error| is_damage(error) || is_invalid(error),
    };
    let objects = golden();
    fuzz(&target, &corpus("backup-point"), unsealed, |bytes| {
        let mut objects = objects.clone();
        let name: String = String::from_utf8_lossy(bytes).chars().filter(|c| c.is_ascii_alphanumeric() || ".-".contains(*c)).collect();
        objects.insert(format!("manifest/{name}x"), bytes::Bytes::new());
        objects.insert(format!("manifest/{name}"), bytes::Bytes::new());
        block_on(read_store(&objects))
    });
}
