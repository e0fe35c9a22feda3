//! Processes that are killed: writers and a compactor are killed at random moments and started again, on a real disk.
//! What they acknowledged is there. Also real processes that run into a limit on file sizes.
//!
//! The processes are this test binary, started again with a role in its environment.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use elava::clock::SystemClock;
use elava::model::{CanonicalJson, Content, CoverageStatus, Observation, ResourceKey, Scope, ScopeReport, Sighting};
use elava::store::{Backend, Begin, CompactOptions, LocalBackend, ScanBegun, Store, StoreSettings, Writer, verify};
use tempfile::TempDir;

use crate::support::traced_files::{Chance, Step, TracedFiles};
use crate::support::{rows, session};

const ROLE: &str = "ELAVA_TEST_ROLE";
const STORE: &str = "ELAVA_TEST_STORE";
const ROUNDS: usize = 20;
const LINES: usize = 3;
const BATCHES: usize = 4;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// The harness captures what `println!` prints; the parent reads this.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("\n{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

fn line_of(writer: &str, scan_id: &str, batch: usize, line: usize, properties: &str) -> Observation {
    let key = ResourceKey::new("aws", writer, "us-east-1", "aws_test_alpha", &format!("i-{}", (batch * LINES + line) % 10)).unwrap();
    let content = Content {
        native_type: None,
        arn: None,
        name: Some(format!("{scan_id}/{batch}/{line}").into()),
        state: None,
        created_at: None,
        tags: None,
        properties: CanonicalJson::parse(properties.as_bytes()).unwrap(),
    };
    let hash = content.hash(None);
    Observation { key, sighting: Sighting::Present(Arc::new(content), hash), observed_at: None }
}

/// Writes scan after scan and tells of each batch once it is durable.
async fn write(writer: &str, backend: Arc<dyn Backend>) {
    let store = Writer::open(backend, Arc::new(SystemClock)).await.unwrap();
    for number in 0.. {
        let scan_id = format!("{writer}-{}-{number}", std::process::id());
        let begin =
            Begin { scan_id: scan_id.clone(), provider: Some("aws".into()), at: None, lift: false, guard: false, scopes: Vec::new() };
        let ScanBegun::Session(scan) = store.begin(begin).await.unwrap() else { panic!("a fresh id") };
        for batch in 0..BATCHES {
            let lines = (0..LINES).map(|line| line_of(writer, &scan_id, batch, line, "{}")).collect();
            let done = scan.observe(lines).await.unwrap();
            say(&format!("ack {scan_id} {batch} {} {}", done.first_revision.unwrap(), done.last_revision.unwrap()));
        }
        let scope = Scope::new("aws", writer, "us-east-1", "aws_test_alpha").unwrap();
        scan.complete(None, vec![ScopeReport::new(scope, CoverageStatus::Complete)]).await.unwrap();
        say(&format!("completed {scan_id}"));
    }
}

async fn keep_compacting(backend: Arc<dyn Backend>) {
    let store = Writer::open(backend, Arc::new(SystemClock)).await.unwrap();
    loop {
        store.compact(CompactOptions { grace: Duration::ZERO }).await.unwrap();
        say("compacted");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Writes a batch that fits below the limit on file sizes, then one that does not, then one that does.
async fn run_into_a_limit(backend: Arc<dyn Backend>) {
    let store = Writer::open(backend, Arc::new(SystemClock)).await.unwrap();
    let begin = Begin { scan_id: "scan".into(), provider: Some("aws".into()), at: None, lift: false, guard: false, scopes: Vec::new() };
    let ScanBegun::Session(scan) = store.begin(begin).await.unwrap() else { panic!("a fresh id") };
    let mut chance = Chance(1);
    let noise: String = (0..200_000).map(|_| char::from(b"abcdefghijklmnopqrstuvwxyz0123456789"[chance.next(36)])).collect();
    for (batch, properties) in ["{}".to_owned(), format!("{{\"Noise\":\"{noise}\"}}"), "{}".to_owned()].iter().enumerate() {
        match scan.observe(vec![line_of("111122223333", "scan", batch, 0, properties)]).await {
            Ok(done) => say(&format!("ack {batch} {}", done.last_revision.unwrap())),
            Err(error) => say(&format!("error {batch} {:?} {error}", error.kind())),
        }
    }
}

/// What a started process does; nothing in an ordinary run.
#[test]
fn role_of_a_started_process() {
    let (Ok(role), Ok(store)) = (std::env::var(ROLE), std::env::var(STORE)) else { return };
    let backend: Arc<dyn Backend> = Arc::new(LocalBackend::new(store));
    runtime().block_on(async {
        match role.as_str() {
            "compactor" => keep_compacting(backend).await,
            "limited" => run_into_a_limit(backend).await,
            writer => write(writer, backend).await,
        }
    });
}

/// The arguments with which this binary plays a role.
const AS_A_ROLE: [&str; 4] = ["--exact", "kill::role_of_a_started_process", "--nocapture", "--test-threads=1"];

struct Process {
    role: &'static str,
    child: Child,
    reader: std::thread::JoinHandle<()>,
}

type Said = Arc<Mutex<Vec<String>>>;

/// Reads what a process says, and keeps what a check needs.
fn listen(out: impl std::io::Read + Send + 'static, said: &Said) -> std::thread::JoinHandle<()> {
    let said = Arc::clone(said);
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if ["ack ", "completed ", "compacted", "scan "].iter().any(|word| line.starts_with(word)) {
                said.lock().unwrap().push(line);
            }
        }
    })
}

fn start(role: &'static str, store: &Path, said: &Said) -> Process {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(AS_A_ROLE)
        .env(ROLE, role)
        .env(STORE, store)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let reader = listen(child.stdout.take().unwrap(), said);
    Process { role, child, reader }
}

/// Kills a process that must still be running: one that has ended had an error.
fn kill(mut process: Process) {
    if let Some(status) = process.child.try_wait().unwrap() {
        let mut error = String::new();
        std::io::Read::read_to_string(&mut process.child.stderr.take().unwrap(), &mut error).unwrap();
        panic!("{} ended by itself ({status}): {error}", process.role);
    }
    process.child.kill().unwrap();
    process.child.wait().unwrap();
    process.reader.join().unwrap();
}

#[test]
fn killed_processes_lose_nothing_that_they_acknowledged() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("store");
    runtime().block_on(async {
        let writer = Writer::open(Arc::new(LocalBackend::new(&root)), Arc::new(SystemClock)).await.unwrap();
        let settings = writer.history().await.unwrap().index.settings.clone();
        writer.change_settings(StoreSettings { epoch_rows_min: 3, ..settings }).await.unwrap();
    });
    let said = Said::default();
    let mut processes: Vec<Process> = ["111122223333", "444455556666", "compactor"].map(|role| start(role, &root, &said)).into();
    let mut chance = Chance(42);
    for _ in 0..ROUNDS {
        let wanted = said.lock().unwrap().len() + 1 + chance.next(25);
        let deadline = Instant::now() + Duration::from_secs(20);
        while said.lock().unwrap().len() < wanted {
            assert!(Instant::now() < deadline, "nothing goes on: {:?}", said.lock().unwrap().last());
            std::thread::sleep(Duration::from_millis(2));
        }
        let victim = processes.remove(chance.next(processes.len()));
        let role = victim.role;
        kill(victim);
        processes.push(start(role, &root, &said));
    }
    processes.into_iter().for_each(kill);
    let said = said.lock().unwrap().clone();
    runtime().block_on(check(&root, &said));
}

/// The lines of an import: scans of a few resources each, all of which change from scan to scan.
fn import_lines(account: &str, scans: usize) -> String {
    let scope = format!(r#""provider":"aws","account_id":"{account}","region":"us-east-1","resource_type":"aws_test_alpha""#);
    let mut text = String::new();
    for scan in 0..scans {
        text += &format!("{{\"scan\":\"started\",\"scan_id\":\"{account}-{scan}\",\"provider\":\"aws\"}}\n");
        for line in 0..LINES {
            text += &format!("{{{scope},\"resource_id\":\"i-{line}\",\"name\":\"{account}-{scan}/{line}\"}}\n");
        }
        text += &format!("{{\"scan\":\"scope\",{scope},\"status\":\"complete\"}}\n{{\"scan\":\"completed\"}}\n");
    }
    text
}

/// Two imports by the real binary, killed and started again until both are through; the store is compacted meanwhile.
#[test]
fn killed_imports_that_are_repeated_leave_each_line_once() {
    const ACCOUNTS: [&str; 2] = ["111122223333", "444455556666"];
    const SCANS: usize = 60;
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("store");
    let elava = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_elava"));
        command.arg("--store").arg(&root).args(arguments).env("HOME", folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    };
    for account in ACCOUNTS {
        std::fs::write(folder.path().join(account), import_lines(account, SCANS)).unwrap();
    }
    let said = Said::default();
    let start = |account: &str| {
        let mut child = elava(&["import", folder.path().join(account).to_str().unwrap()]).spawn().unwrap();
        let reader = listen(child.stderr.take().unwrap(), &said);
        (child, reader)
    };
    let mut imports: Vec<_> = ACCOUNTS.iter().map(|account| (*account, start(account))).collect();
    let mut compactor = elava(&["compact"]).spawn().unwrap();
    let (mut chance, mut kills, deadline) = (Chance(7), 0, Instant::now() + Duration::from_secs(60));
    while !imports.is_empty() {
        assert!(Instant::now() < deadline, "the imports do not come to an end");
        std::thread::sleep(Duration::from_millis(chance.next(120) as u64));
        let victim = chance.next(imports.len());
        let (account, (child, _)) = &mut imports[victim];
        match child.try_wait().unwrap() {
            Some(status) => {
                assert!(status.success(), "{account}: {status}, {:?}", said.lock().unwrap().last());
                imports.remove(victim).1.1.join().unwrap();
            }
            None if kills < 2 * ROUNDS => {
                let account = *account;
                child.kill().unwrap();
                child.wait().unwrap();
                imports.remove(victim).1.1.join().unwrap();
                imports.push((account, start(account)));
                kills += 1;
            }
            None => {}
        }
        if compactor.try_wait().unwrap().is_some() {
            compactor = elava(&["compact"]).spawn().unwrap();
        }
    }
    assert!(compactor.wait().unwrap().success());
    let said = said.lock().unwrap().clone();
    runtime().block_on(async {
        let backend: Arc<dyn Backend> = Arc::new(LocalBackend::new(&root));
        let report = verify(Arc::clone(&backend), None).await.unwrap();
        assert!(report.is_sound(), "{:?}", report.damage);
        let store = Store::open(backend).await.unwrap();
        let mut session = session(&store.snapshot().await.unwrap(), None);
        let found = rows(&mut session, "SELECT revision, scan_id, name FROM observations ORDER BY revision").await;
        assert_eq!(found.len(), ACCOUNTS.len() * SCANS * LINES, "each line once, {kills} kills");
        for account in ACCOUNTS {
            let ours = found.iter().filter(|row| row["scan_id"].as_str().unwrap().starts_with(account));
            for (at, row) in ours.enumerate() {
                assert_eq!(row["name"], format!("{account}-{}/{}", at / LINES, at % LINES), "in the order of the file");
            }
        }
        let mut ranges = 0;
        for line in said.iter() {
            let Some((scan_id, range)) = line.strip_prefix("scan ").and_then(|line| line.split_once(": revisions ")) else { continue };
            let (first, last) = range.split_once("..").unwrap();
            for revision in first.parse::<usize>().unwrap()..=last.parse().unwrap() {
                assert_eq!(found[revision - 1]["scan_id"], scan_id, "revision {revision}: {line}");
            }
            ranges += 1;
        }
        assert!(ranges >= SCANS, "{ranges} ranges were acknowledged");
    });
}

async fn check(root: &Path, said: &[String]) {
    let backend: Arc<dyn Backend> = Arc::new(LocalBackend::new(root));
    let report = verify(Arc::clone(&backend), None).await.unwrap();
    assert!(report.is_sound(), "{:?}", report.damage);
    let mut found = Vec::new();
    for _ in 0..2 {
        let store = Store::open(Arc::clone(&backend)).await.unwrap();
        let mut session = session(&store.snapshot().await.unwrap(), None);
        found.push(rows(&mut session, "SELECT revision, scan_id, change, name FROM observations ORDER BY revision").await);
    }
    assert_eq!(found[0], found[1], "a second opening answers the same");
    for (at, row) in found[0].iter().enumerate() {
        assert_eq!(row["revision"], at + 1, "revisions are dense");
    }
    let (mut acknowledged, mut in_store) = (0, BTreeMap::<String, usize>::new());
    for row in found[0].iter().filter(|row| row["change"] != "deleted") {
        *in_store.entry(row["name"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    assert!(in_store.values().all(|times| *times == 1), "nothing is there twice");
    for line in said.iter().filter(|line| line.starts_with("ack ")) {
        let [_, scan_id, batch, first, last] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
        assert_eq!(last - first + 1, LINES);
        for (line, revision) in (first..=last).enumerate() {
            let row = &found[0][revision - 1];
            assert_eq!(row["scan_id"], scan_id, "revision {revision}");
            assert_eq!(row["name"], format!("{scan_id}/{batch}/{line}"), "revision {revision}");
            acknowledged += 1;
        }
    }
    assert!(acknowledged > ROUNDS * LINES, "only {acknowledged} observations");
    // A batch is there whole or not at all.
    assert_eq!(in_store.len() % LINES, 0);
}

/// As on a full disk: the error says what happened, nothing is lost or left behind, and what fits is written afterwards.
#[test]
fn a_process_that_runs_into_a_limit_on_file_sizes_loses_nothing() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("store");
    // 64 blocks of 512 bytes, or of 1024 in some shells; the signal is ignored, so that writing fails with EFBIG.
    let script = "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\"";
    let output = Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .args(AS_A_ROLE)
        .env(ROLE, "limited")
        .env(STORE, &root)
        .output()
        .unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let said: Vec<&str> = out.lines().filter(|line| line.starts_with("ack ") || line.starts_with("error ")).collect();
    assert_eq!(said.len(), 3, "{out}");
    assert_eq!(said[0], "ack 0 1");
    assert!(said[1].starts_with("error 1 Unavailable cannot write") && said[1].contains("File too large"), "{}", said[1]);
    assert_eq!(said[2], "ack 2 2");
    assert_eq!(std::fs::read_dir(root.join("tmp")).unwrap().count(), 0, "no temporary file is left");
    runtime().block_on(async {
        let store = Store::open(Arc::new(LocalBackend::new(&root))).await.unwrap();
        assert_eq!(store.snapshot().await.unwrap().head(), 2);
    });
}

/// A read-only disk: what writes is refused and says so; reading goes on, and does nothing to the disk.
#[test]
fn a_store_on_a_read_only_disk_is_read_and_not_written() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("store");
    runtime().block_on(async {
        let writer = Writer::open(Arc::new(LocalBackend::new(&root)), Arc::new(SystemClock)).await.unwrap();
        let begin = Begin { scan_id: "scan".into(), provider: None, at: None, lift: false, guard: false, scopes: Vec::new() };
        let ScanBegun::Session(scan) = writer.begin(begin).await.unwrap() else { panic!("a fresh id") };
        scan.observe(vec![line_of("1", "scan", 0, 0, "{}")]).await.unwrap();
        scan.complete(None, Vec::new()).await.unwrap();
        writer.compact(CompactOptions::default()).await.unwrap();
        let files = Arc::new(TracedFiles::refusing(root.clone()));
        let backend = Arc::new(LocalBackend::with_files(&root, Arc::clone(&files) as Arc<dyn elava::store::files::Files>));
        let store = Store::open(Arc::clone(&backend) as Arc<dyn Backend>).await.unwrap();
        let mut session = session(&store.snapshot().await.unwrap(), None);
        assert_eq!(rows(&mut session, "SELECT name FROM resources").await.len(), 1);
        verify(Arc::clone(&backend) as Arc<dyn Backend>, None).await.unwrap();
        assert!(files.trace().is_empty(), "reading does nothing to the disk: {:?}", files.trace());
        let error = Writer::open(backend, Arc::new(SystemClock)).await.unwrap_err();
        assert_eq!(error.kind(), elava::ErrorKind::Unavailable);
        assert!(error.to_string().contains(root.to_str().unwrap()) && error.to_string().contains("read-only"), "{error}");
        assert!(error.hint().unwrap().contains("nothing was lost"));
        assert!(files.trace().iter().all(|step| matches!(step, Step::SyncFolder { .. } | Step::MakeFolder { .. })));
    });
}
