//! The command on stores in buckets, as users have them.

use std::process::{Command, Output};

use aws_sdk_s3::types::ServerSideEncryption;
use elava::store::Backend;

use super::servers::{Server, TestBucket};
use crate::cli::run::{Bench, HISTORY};
use crate::redact::leftovers::everything;
use crate::support::fault_backend::Objects;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub fn ran(command: &mut Command) -> Output {
    command.output().unwrap()
}

/// What a command that succeeds prints.
pub fn data(bucket: &TestBucket, bench: &Bench, arguments: &[&str]) -> String {
    let output = ran(&mut bucket.command(bench, arguments));
    assert!(output.status.success(), "{arguments:?} on {}: {}", bucket.server.name, text(&output.stderr));
    text(&output.stdout)
}

/// What a command that fails says.
pub fn refused(command: &mut Command) -> String {
    let output = ran(command);
    assert_eq!(output.status.code(), Some(2), "{command:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stderr)
}

#[test]
fn all_commands_work_on_a_store_in_a_bucket() {
    for server in Server::both() {
        let (bench, bucket) = (Bench::new(), runtime().block_on(server.bucket()));
        bench.write("history.ndjson", HISTORY);
        let absent = refused(&mut bucket.command(&bench, &["sql", "SELECT 1"]));
        assert!(absent.contains(&format!("there is no Elava store at {}", bucket.url())), "{absent}");
        data(&bucket, &bench, &["import", "history.ndjson"]);
        let counts = "SELECT count(*) AS n, max(revision) AS head FROM observations";
        assert_eq!(data(&bucket, &bench, &["sql", counts, "--format", "csv"]), "n,head\n5,5\n");
        data(&bucket, &bench, &["compact"]);
        let states = "SELECT resource_id, tags['env'] AS env FROM resources_as_of('head~1') ORDER BY 1";
        assert_eq!(data(&bucket, &bench, &["sql", states, "--format", "csv"]), "resource_id,env\ni-1,prod\ni-2,\nvpc-1,\n");
        data(&bucket, &bench, &["tag", "tuesday"]);
        assert!(data(&bucket, &bench, &["log", "i-1"]).contains("i-1"));
        assert!(data(&bucket, &bench, &["status"]).contains(&bucket.url()));
        assert!(data(&bucket, &bench, &["status", "--json"]).contains("\"tags\":1"));
        assert!(data(&bucket, &bench, &["verify"]).starts_with("sound: "));
        let checked = ran(&mut bucket.command(&bench, &["check", "--format", "json"]));
        assert!(matches!(checked.status.code(), Some(0 | 1)), "{}", text(&checked.stderr));
        assert_eq!(data(&bucket, &bench, &["sql", "SELECT count(*) AS n FROM analysis_runs", "--format", "csv"]), "n\n1\n");
        data(&bucket, &bench, &["export", "--table", "resources", "--to", "out"]);
        assert!(bench.path("out").exists());
        data(&bucket, &bench, &["sql", "COPY (SELECT 1 AS one) TO 'one.parquet'"]);
        data(&bucket, &bench, &["compact"]);
        assert!(data(&bucket, &bench, &["verify"]).starts_with("sound: "));
        // The same from a folder says the same.
        bench.data(&["import", "history.ndjson"]);
        let all = "SELECT * FROM observations ORDER BY revision";
        assert_eq!(data(&bucket, &bench, &["sql", all, "--format", "ndjson"]), bench.data(&["sql", all, "--format", "ndjson"]));
    }
}

/// A history of one scan, of so many batches.
pub fn story(scan: usize) -> String {
    let mut lines = format!("{{\"scan\":\"started\",\"scan_id\":\"scan-{scan}\",\"provider\":\"aws\"}}\n");
    for resource in 0..3000 {
        lines.push_str(&format!(
            "{{\"provider\":\"aws\",\"account_id\":\"111122223333\",\"region\":\"us-east-1\",\"resource_type\":\"aws_vpc\",\"resource_id\":\"vpc-{scan}-{resource}\"}}\n"
        ));
    }
    lines.push_str("{\"scan\":\"completed\"}\n");
    lines
}

#[test]
fn processes_write_to_one_store_at_once() {
    const PROCESSES: usize = 3;
    for server in Server::both() {
        let (bench, bucket) = (Bench::new(), runtime().block_on(server.bucket()));
        let running: Vec<_> = (0..PROCESSES)
            .map(|scan| {
                let file = format!("story-{scan}.ndjson");
                bench.write(&file, &story(scan));
                bucket.command(&bench, &["import", &file]).spawn().unwrap()
            })
            .collect();
        for mut process in running {
            assert!(process.wait().unwrap().success(), "{}", server.name);
        }
        data(&bucket, &bench, &["compact"]);
        let sql = "SELECT count(*) AS n, count(DISTINCT resource_key) AS keys, max(revision) AS head, count(DISTINCT scan_id) AS scans FROM observations";
        let all = PROCESSES * 3000;
        assert_eq!(data(&bucket, &bench, &["sql", sql, "--format", "csv"]), format!("n,keys,head,scans\n{all},{all},{all},{PROCESSES}\n"));
        assert!(data(&bucket, &bench, &["verify"]).starts_with("sound: "));
    }
}

/// Whoever may only read can do all that reads, and is told why all else is refused.
#[test]
fn reading_a_store_takes_no_right_to_write() {
    let server = Server::seaweedfs();
    let (bench, bucket) = (Bench::new(), runtime().block_on(server.bucket()));
    bench.write("history.ndjson", HISTORY);
    data(&bucket, &bench, &["import", "history.ndjson"]);
    let reader = |arguments: &[&str]| {
        let mut command = bucket.command(&bench, arguments);
        command.env("AWS_ACCESS_KEY_ID", "reading").env("AWS_SECRET_ACCESS_KEY", "reading-secret");
        command
    };
    let before = runtime().block_on(bucket.keys());
    for arguments in [
        &["sql", "SELECT count(*) FROM observations"] as &[&str],
        &["log"],
        &["show", "i-1"],
        &["diff", "head~1", "head"],
        &["status"],
        &["verify"],
        &["check", "--no-record", "--format", "json"],
    ] {
        let output = ran(&mut reader(arguments));
        assert!(matches!(output.status.code(), Some(0 | 1)), "{arguments:?}: {}", text(&output.stderr));
        assert!(!text(&output.stderr).contains("error"), "{arguments:?}: {}", text(&output.stderr));
    }
    assert_eq!(runtime().block_on(bucket.keys()), before);
    bench.write("more.ndjson", &story(0));
    for arguments in [&["import", "more.ndjson"] as &[&str], &["tag", "release-41"], &["compact"]] {
        let said = refused(&mut reader(arguments));
        assert!(said.contains("AccessDenied") && said.contains("hint: reading a store takes the rights"), "{arguments:?}: {said}");
    }
    assert_eq!(runtime().block_on(bucket.keys()), before);
}

#[test]
fn what_cannot_be_reached_is_told_with_what_to_do() {
    let server = Server::seaweedfs();
    let (bench, bucket) = (Bench::new(), runtime().block_on(server.bucket()));
    let store = format!("s3://no-such-bucket-{}/x", std::process::id());
    for arguments in [&["sql", "SELECT 1"] as &[&str], &["import", "-"]] {
        let said = refused(bucket.command(&bench, arguments).env("ELAVA_STORE", &store));
        assert!(said.contains("NoSuchBucket") && said.contains("hint: make the bucket"), "{said}");
    }
    let said = refused(bucket.command(&bench, &["sql", "SELECT 1"]).env("AWS_SECRET_ACCESS_KEY", "wrong"));
    assert!(said.contains("SignatureDoesNotMatch") && said.contains("hint: the credentials are not, or no longer, valid"), "{said}");
    let mut command = bucket.command(&bench, &["sql", "SELECT 1"]);
    let said = refused(command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY"));
    assert!(said.contains("there are no AWS credentials") && said.contains("hint: log in"), "{said}");
    let said = refused(bucket.command(&bench, &["import", "-"]).env("AWS_ENDPOINT_URL", "http://127.0.0.1:1"));
    assert!(said.contains("Connection refused"), "{said}");
    let said = refused(bucket.command(&bench, &["sql", "SELECT 1"]).env("AWS_ENDPOINT_URL", "http://storage.example"));
    assert!(said.contains("it is not reached by https") && said.contains("hint: set storage.allow_http"), "{said}");
}

/// Credentials, region and address of a profile; encryption as a bucket may ask for it.
#[test]
fn the_settings_file_and_the_profile_say_how_a_bucket_is_reached() {
    for server in Server::both() {
        reached_as_said(server);
    }
}

fn reached_as_said(server: &'static Server) {
    let (bench, bucket) = (Bench::new(), runtime().block_on(server.bucket()));
    std::fs::create_dir(bench.path(".aws")).unwrap();
    let endpoint = &server.endpoint;
    bench.write(".aws/config", &format!("[profile archive]\nregion = us-east-1\nendpoint_url = {endpoint}\n"));
    let (key, secret) = server.credentials();
    bench.write(".aws/credentials", &format!("[archive]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"));
    let settings = |more: &str| format!("store = \"{}\"\n[storage]\nprofile = \"archive\"\n{more}", bucket.url());
    bench.write("history.ndjson", HISTORY);
    for (more, expected) in [
        ("encryption = \"AES256\"\n", ServerSideEncryption::Aes256),
        ("encryption = \"aws:kms\"\nkms_key_id = \"alias/elava\"\nbucket_key = true\n", ServerSideEncryption::AwsKms),
    ] {
        bench.write("elava.toml", &settings(more));
        let output = ran(bench.command(&["import", "history.ndjson"]).env("AWS_EC2_METADATA_DISABLED", "true"));
        assert!(output.status.success(), "{}", text(&output.stderr));
        for arguments in [&["compact"] as &[&str], &["verify", "--deep"]] {
            let output = ran(&mut bench.command(arguments));
            assert!(output.status.success(), "{}, {arguments:?}: {}", server.name, text(&output.stderr));
        }
        runtime().block_on(async {
            let client = server.client();
            let found = bucket.keys().await;
            assert!(found.len() > 5, "{found:?}");
            for key in found {
                let head = client.head_object().bucket(&bucket.name).key(&key).send().await.unwrap();
                assert_eq!(head.server_side_encryption(), Some(&expected), "{}, {key}", server.name);
                client.delete_object().bucket(&bucket.name).key(&key).send().await.unwrap();
            }
        });
    }
}

/// All files below a folder.
fn files_below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// Nothing of it is left in the bucket, nor in the cache of blocks that were read from it.
#[test]
fn a_resource_is_redacted_in_a_bucket_and_in_the_cache() {
    for server in Server::both() {
        let (bench, bucket) = (Bench::new(), runtime().block_on(server.bucket()));
        bench.write("history.ndjson", &HISTORY.replace("t3.micro", "hunter2"));
        data(&bucket, &bench, &["import", "history.ndjson"]);
        data(&bucket, &bench, &["compact"]);
        let found =
            data(&bucket, &bench, &["sql", "SELECT properties FROM resource_versions WHERE resource_id = 'i-1'", "--format", "csv"]);
        assert!(found.contains("hunter2"), "{found}");
        let cached = || files_below(&bench.path(".cache"));
        assert!(!cached().is_empty(), "the blocks that were read are kept");
        data(&bucket, &bench, &["redact", "i-1", "--reason", "a test"]);
        assert_eq!(cached(), Vec::<std::path::PathBuf>::new());
        let objects: Objects = runtime().block_on(async {
            let (backend, mut objects) = (bucket.backend(), Objects::new());
            for key in bucket.keys().await {
                let name = key.strip_prefix(&format!("{}/", bucket.prefix)).unwrap().to_owned();
                objects.insert(name.clone(), backend.get(&name).await.unwrap().unwrap());
            }
            objects
        });
        assert!(everything(&objects).iter().all(|(_, text)| !text.contains("hunter2")), "{}", server.name);
        assert!(data(&bucket, &bench, &["verify", "--deep"]).starts_with("sound: "));
        assert!(!data(&bucket, &bench, &["log", "i-1"]).contains("hunter2"));
    }
}
