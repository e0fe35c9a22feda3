//! DuckDB reads the store's own Parquet files, without Elava, and finds the same state at any revision.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use elava::store::{CompactOptions, Epoch, Store};

use crate::support::{Scratch, rows, session};
use crate::verify::store;

/// Reads the state at revision 1 of an epoch, as anybody could: one predicate, and the closings of the open epoch.
const SCRIPT: &str = r"
import json, sys, duckdb
files, closings, at = json.loads(sys.argv[1]), sys.argv[2], int(sys.argv[3])
closed = f'(SELECT valid_from_revision AS version, valid_to_revision AS closed_at FROM read_parquet({closings!r}))' if closings else '(SELECT NULL::BIGINT AS version, NULL::BIGINT AS closed_at WHERE false)'
query = f'''
    SELECT resource_key, properties, valid_from_revision FROM read_parquet({files!r}) LEFT JOIN {closed} ON version = valid_from_revision
    WHERE valid_from_revision <= {at} AND coalesce(valid_to_revision, closed_at, 9223372036854775807) > {at} ORDER BY resource_key
'''
print(json.dumps(duckdb.sql(query).fetchall()))
";

fn ask_duckdb(folder: &Path, epoch: &Epoch, at: i64) -> serde_json::Value {
    let python = std::env::var("ELAVA_TEST_PYTHON").expect("ELAVA_TEST_PYTHON names a Python with DuckDB; tests/run.sh makes one");
    let path = |name: &str| folder.join(name).display().to_string();
    let files: Vec<String> = epoch.files.iter().map(|file| path(&file.name)).collect();
    let closings = epoch.closings.as_ref().map(|file| path(&file.name)).unwrap_or_default();
    let arguments = [serde_json::to_string(&files).unwrap(), closings, at.to_string()];
    let output = Command::new(python).args(["-c", SCRIPT]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn duckdb_finds_the_same_states_in_the_files() {
    let scratch = Scratch::new();
    let writer = store(&scratch).await;
    writer.compact(CompactOptions { grace: Duration::ZERO }).await.unwrap();
    let snapshot = Store::open(scratch.backend()).await.unwrap().snapshot().await.unwrap();
    let mut session = session(&snapshot, None);
    let epochs = snapshot.epochs();
    assert!(epochs.len() > 2);
    let revisions = (1..=6).map(|sixth| snapshot.head() * sixth / 6).chain(epochs.iter().map(|epoch| epoch.start.max(1)));
    for at in revisions {
        let epoch = epochs.iter().find(|epoch| epoch.start <= at && epoch.end.is_none_or(|end| at <= end)).unwrap();
        let sql = format!("SELECT resource_key, properties, revision FROM resources_as_of({at}) ORDER BY resource_key");
        let expected: Vec<_> = rows(&mut session, &sql)
            .await
            .iter()
            .map(|row| serde_json::json!([row["resource_key"], row["properties"], row["revision"]]))
            .collect();
        assert_eq!(ask_duckdb(&scratch.store_folder(), epoch, at), serde_json::Value::Array(expected), "revision {at}");
    }
}
