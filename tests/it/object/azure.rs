//! Stores in containers of Azure, on Microsoft's emulator. Its program is named by `ELAVA_TEST_AZURITE`, which `tests/run.sh` sets where it
//! can be installed; elsewhere nothing is tested here.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use bytes::Bytes;
use elava::clock::SystemClock;
use elava::store::{Backend, Bucket, BucketUrl, CompactOptions, Created, ObjectBackend, Writer};
use futures::future::join_all;
use object_store::azure::MicrosoftAzureBuilder;
use uuid::Uuid;

use super::command::{ran, story, text};
use crate::cli::run::{Bench, HISTORY};
use crate::sweep::scan_and_compact;
use crate::verify::{DEEP, told};

/// The account of every emulator, and its key.
const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// The emulator, with a container `stores`.
struct Azurite {
    process: Child,
    endpoint: String,
}

impl Azurite {
    #[expect(clippy::print_stderr, reason = "that nothing was tested has to be told")]
    fn start() -> Option<Self> {
        let Some(program) = std::env::var_os("ELAVA_TEST_AZURITE") else {
            eprintln!("not tested: ELAVA_TEST_AZURITE names no azurite-blob");
            return None;
        };
        let python = std::env::var("ELAVA_TEST_PYTHON").expect("ELAVA_TEST_PYTHON names a Python; tests/run.sh makes one");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/buckets/azurite.py");
        let mut command = Command::new(python);
        let mut process = command.arg(script).arg(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: serde_json::Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line:?}"));
        Some(Self { process, endpoint: format!("{}/{ACCOUNT}", told["endpoint"].as_str().unwrap()) })
    }

    /// A place of its own.
    fn url() -> String {
        format!("az://stores/infra/{}", Uuid::new_v4().simple())
    }

    fn backend(&self, url: &str) -> Arc<ObjectBackend> {
        let builder = MicrosoftAzureBuilder::new().with_account(ACCOUNT).with_access_key(KEY);
        let builder = builder.with_endpoint(self.endpoint.clone()).with_allow_http(true);
        let bucket = Bucket::Azure(Box::new(builder));
        Arc::new(ObjectBackend::new(BucketUrl::parse(url).unwrap(), bucket, std::env::temp_dir()).unwrap())
    }

    /// `elava` in a folder, with a store at a URL.
    fn command(&self, bench: &Bench, url: &str, arguments: &[&str]) -> Command {
        bench.write("elava.toml", &format!("store = \"{url}\"\n[storage]\nendpoint_url = \"{}\"\n", self.endpoint));
        let mut command = bench.command(arguments);
        command.env("AZURE_STORAGE_ACCOUNT_NAME", ACCOUNT).env("AZURE_STORAGE_ACCOUNT_KEY", KEY);
        command
    }

    /// What a command that succeeds prints.
    fn data(&self, bench: &Bench, url: &str, arguments: &[&str]) -> String {
        let output = ran(&mut self.command(bench, url, arguments));
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }
}

impl Drop for Azurite {
    /// It ends with its standard input.
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

async fn names(backend: &ObjectBackend, after: &str) -> Vec<String> {
    backend.list("log", after).await.unwrap().into_iter().map(|listed| listed.name).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_container_keeps_what_a_store_rests_on() {
    let Some(azurite) = Azurite::start() else { return };
    let backend = azurite.backend(&Azurite::url());
    backend.prepare().await.unwrap();
    assert_eq!(backend.get("log/1").await.unwrap(), None);
    for (name, expected) in [("log/1", Created::Done), ("log/1", Created::Exists), ("log/2", Created::Done), ("log/3", Created::Done)] {
        assert_eq!(backend.create(name, Bytes::from_static(b"one")).await.unwrap(), expected, "{name}");
    }
    backend.replace("log/1", Bytes::from_static(b"1")).await.unwrap();
    assert_eq!(backend.get("log/1").await.unwrap(), Some(Bytes::from_static(b"1")));
    assert_eq!(names(&backend, "").await, ["log/1", "log/2", "log/3"]);
    assert_eq!(names(&backend, "log/1").await, ["log/2", "log/3"]);
    assert!(backend.list("log", "").await.unwrap().iter().all(|listed| listed.age_seconds < 600));
    for _ in 0..2 {
        backend.delete("log/2").await.unwrap();
    }
    assert_eq!(names(&backend, "log/1").await, ["log/3"]);
    assert_eq!(backend.create("log/2", Bytes::from_static(b"again")).await.unwrap(), Created::Done);
    let racers = (0..32).map(|racer: u8| {
        let backend = Arc::clone(&backend);
        async move { backend.create("log/race", Bytes::from(racer.to_string())).await.unwrap() }
    });
    let winners = join_all(racers).await.into_iter().filter(|created| *created == Created::Done).count();
    assert_eq!(winners, 1);
    for size in [0, 100_000, 20 << 20] {
        let mut staged = backend.stage().unwrap();
        staged.write_all(&vec![7; size]).unwrap();
        staged.publish("versions/file").await.unwrap();
        assert!(backend.get("versions/file").await.unwrap().unwrap() == vec![7; size], "{size} bytes");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_compaction_replaces_in_a_container_goes() {
    let Some(azurite) = Azurite::start() else { return };
    let url = Azurite::url();
    let writer = Writer::open(azurite.backend(&url), Arc::new(SystemClock)).await.unwrap();
    for number in 0..6 {
        scan_and_compact(&writer, number, CompactOptions { grace: std::time::Duration::ZERO }).await;
    }
    let backend = azurite.backend(&url);
    assert_eq!(backend.list("manifest", "").await.unwrap().len(), 1);
    let report = elava::store::verify_with(backend, &DEEP).await.unwrap();
    assert_eq!((told(&report), report.headers_only > 0), (Vec::<String>::new(), true), "{report:?}");
}

#[test]
fn commands_and_several_processes_work_on_a_store_in_a_container() {
    const PROCESSES: usize = 2;
    let Some(azurite) = Azurite::start() else { return };
    let (bench, url) = (Bench::new(), Azurite::url());
    bench.write("history.ndjson", HISTORY);
    let absent = ran(&mut azurite.command(&bench, &url, &["sql", "SELECT 1"]));
    assert!(text(&absent.stderr).contains(&format!("there is no Elava store at {url}")), "{}", text(&absent.stderr));
    azurite.data(&bench, &url, &["import", "history.ndjson"]);
    azurite.data(&bench, &url, &["compact"]);
    let states = "SELECT resource_id, tags['env'] AS env FROM resources_as_of('head~1') ORDER BY 1";
    assert_eq!(azurite.data(&bench, &url, &["sql", states, "--format", "csv"]), "resource_id,env\ni-1,prod\ni-2,\nvpc-1,\n");

    let running: Vec<_> = (0..PROCESSES)
        .map(|scan| {
            let file = format!("story-{scan}.ndjson");
            bench.write(&file, &story(scan));
            azurite.command(&bench, &url, &["import", &file, "--lift"]).spawn().unwrap()
        })
        .collect();
    for mut process in running {
        assert!(process.wait().unwrap().success());
    }
    azurite.data(&bench, &url, &["compact"]);
    let counts = "SELECT count(*) AS n, max(revision) AS head, count(DISTINCT scan_id) AS scans FROM observations";
    let all = 5 + PROCESSES * 3000;
    assert_eq!(azurite.data(&bench, &url, &["sql", counts, "--format", "csv"]), format!("n,head,scans\n{all},{all},{}\n", 2 + PROCESSES));
    azurite.data(&bench, &url, &["export", "--table", "resources", "--to", "out"]);
    assert!(azurite.data(&bench, &url, &["verify", "--deep"]).starts_with("sound: "));

    let missing = ran(&mut azurite.command(&bench, "az://no-such-container/x", &["import", "history.ndjson"]));
    let said = text(&missing.stderr);
    assert!(said.contains("ContainerNotFound") && said.contains("hint: make the bucket"), "{said}");
}
