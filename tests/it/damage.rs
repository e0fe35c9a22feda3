//! Damage: whatever happens to the bytes of a store, an answer is the answer or an error, never another answer, and
//! nothing panics.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use elava::store::{Backend, LocalBackend, Store, verify};
use elava::{Error, ErrorKind};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::oracle::answers::{ORDER_BY_KEY, ORDER_BY_REVISION, ORDER_BY_VERSION, sorted};
use crate::oracle::history::{Op, Shape, from_seed};
use crate::support::driver::Driver;
use crate::support::fault_backend::{FaultBackend, Objects};
use crate::support::traced_files::Chance;
use crate::support::{Row, session, try_rows};

/// Everything that is asked of a store.
pub async fn answers(backend: Arc<dyn Backend>) -> Result<Vec<Vec<Row>>, String> {
    let text = |error: Error| error.to_string();
    let store = Store::open(backend).await.map_err(text)?;
    let snapshot = store.snapshot().await.map_err(text)?;
    let head = snapshot.head();
    let mut session = session(&snapshot, None);
    let mut statements = vec![
        ("SELECT * FROM observations".to_owned(), ORDER_BY_REVISION),
        ("SELECT * FROM resources".to_owned(), ORDER_BY_KEY),
        ("SELECT * FROM resource_versions".to_owned(), ORDER_BY_VERSION),
        (format!("SELECT * FROM changes({}, {head})", head / 3), ORDER_BY_REVISION),
    ];
    statements.extend([1, head / 2].map(|at| (format!("SELECT * FROM resources_as_of({at})"), ORDER_BY_KEY)));
    let mut answers = Vec::new();
    for (statement, order) in statements {
        answers.push(sorted(try_rows(&mut session, &statement).await?, order));
    }
    Ok(answers)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

async fn play(backend: Arc<dyn Backend>, ops: &[Op]) {
    let mut driver = Driver::new(backend);
    for op in ops {
        driver.insist(op).await;
    }
}

static SAMPLE: LazyLock<Sample> = LazyLock::new(Sample::make);

/// A small store: sealed epochs, an open one with closings, segments cut down and whole, and a tail.
struct Sample {
    seed: u64,
    objects: Objects,
    answers: Vec<Vec<Row>>,
}

impl Sample {
    /// Made by the first history that has something of everything.
    fn make() -> Self {
        (0..500).find_map(Self::of_seed).expect("a history with something of everything")
    }

    fn of_seed(seed: u64) -> Option<Self> {
        let ops = sample_history(seed);
        let backend = Arc::new(FaultBackend::default());
        runtime().block_on(play(Arc::clone(&backend) as Arc<dyn Backend>, &ops));
        let objects = backend.objects();
        let count = |folder: &str| objects.keys().filter(|name| name.starts_with(folder)).count();
        let folders = ["log/", "manifest/", "versions/", "closings/", "observations/", "entries/"];
        let cut_down = objects.values().filter(|bytes| bytes.len() == 256).count();
        let whole = count("log/") - cut_down;
        if folders.iter().any(|folder| count(folder) == 0) || count("versions/") < 3 || cut_down == 0 || !(2..8).contains(&whole) {
            return None;
        }
        let answers = runtime().block_on(answers(backend)).unwrap();
        answers.iter().all(|rows| !rows.is_empty()).then_some(Self { seed, objects, answers })
    }

    /// Alters the bytes of one object, puts them back afterwards, and says what became of the answers.
    fn check(
        &self,
        runtime: &tokio::runtime::Runtime,
        backend: &Arc<FaultBackend>,
        name: &str,
        altered: Option<Bytes>,
        what: &str,
    ) -> Outcome {
        match altered {
            Some(bytes) => backend.put(name, bytes),
            None => backend.take(name),
        }
        let outcome = catch_unwind(AssertUnwindSafe(|| runtime.block_on(answers(Arc::clone(backend) as Arc<dyn Backend>))));
        backend.put(name, self.objects[name].clone());
        match outcome {
            Err(_) => panic!("{name}, {what}: a panic"),
            Ok(Err(error)) => Outcome::Refused(error),
            Ok(Ok(found)) if found == self.answers => Outcome::Same,
            Ok(Ok(_)) => Outcome::Other,
        }
    }
}

/// A short history of one writer that is compacted twice, with some scans after that.
pub fn sample_history(seed: u64) -> Vec<Op> {
    let mut ops = from_seed(seed, &Shape { writers: 1, steps: 8..9, lifts: false }).ops();
    ops.retain(|op| !matches!(op, Op::Compact | Op::Reopen));
    let half = ops.len() / 2;
    ops.splice(ops.len() - half / 2..ops.len() - half / 2, [Op::Compact, Op::Reopen]);
    ops.splice(half..half, [Op::Compact]);
    ops
}

/// The bytes of a segment's header.
const HEADER_BYTES: usize = 256;

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Same,
    Refused(String),
    Other,
}

pub fn flipped(bytes: &Bytes, at: usize) -> Bytes {
    let mut altered = bytes.to_vec();
    altered[at] ^= 1 << (at % 8);
    altered.into()
}

fn zeroed_from(bytes: &Bytes, at: usize) -> Bytes {
    let mut altered = bytes.to_vec();
    altered[at..].fill(0);
    altered.into()
}

/// Runs over jobs on two threads, each with a store of its own.
fn on_threads<T: Sync>(sample: &Sample, jobs: &[T], act: impl Fn(&tokio::runtime::Runtime, &Arc<FaultBackend>, &T) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let (runtime, backend) = (runtime(), FaultBackend::holding(&sample.objects));
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    act(&runtime, &backend, job);
                }
            });
        }
    });
}

/// Opening reads log and manifest whole, so every byte is tried by opening; what opens is asked everything.
#[test]
fn every_altered_byte_of_log_and_manifest_is_noticed_or_alters_no_answer() {
    let sample = &*SAMPLE;
    let runtime = runtime();
    let whole = FaultBackend::holding(&sample.objects);
    // What is not read when it is garbage cannot alter an answer, whatever byte of it is altered.
    let is_read = |name: &str, from: usize| {
        let mut garbage = sample.objects[name].to_vec();
        garbage[from..].fill(b'?');
        sample.check(&runtime, &whole, name, Some(garbage.into()), "garbage") != Outcome::Same
    };
    let mut jobs = Vec::new();
    for (name, bytes) in &sample.objects {
        if !["log/", "manifest/", "closings/"].iter().any(|folder| name.starts_with(folder)) || !is_read(name, 0) {
            continue;
        }
        // Of a segment that the tables cover only the header is read.
        let payload_is_read = bytes.len() <= HEADER_BYTES || is_read(name, HEADER_BYTES);
        jobs.extend((0..if payload_is_read { bytes.len() } else { HEADER_BYTES }).map(|at| (name, at)));
    }
    assert!(jobs.len() > 4_000, "only {} bytes", jobs.len());
    on_threads(sample, &jobs, |runtime, backend, (name, at)| {
        let bytes = &sample.objects[*name];
        let mut altered = vec![("a flipped bit", flipped(bytes, *at))];
        if at % 5 == 0 {
            altered.push(("cut off", bytes.slice(..*at)));
            altered.push(("zeros", zeroed_from(bytes, *at)));
        }
        for (what, altered) in altered {
            if altered != *bytes {
                let outcome = sample.check(runtime, backend, name, Some(altered), what);
                let Outcome::Refused(error) = outcome else { panic!("{name}, {what} at {at}: {outcome:?}") };
                assert!(error.contains(&**name) || error.contains("segment"), "{name}, {what} at {at}: the object is not named: {error}");
            }
        }
    });
}

/// All reads of a data file go through the checked store, which reads whole blocks: every byte is tried by such a read,
/// and some by all queries.
#[test]
fn every_altered_byte_of_a_data_file_is_noticed() {
    let sample = &*SAMPLE;
    let jobs: Vec<&String> = sample.objects.keys().filter(|name| name.ends_with(".parquet")).collect();
    let live = runtime().block_on(async {
        let store = Store::open(FaultBackend::holding(&sample.objects)).await.unwrap();
        let snapshot = store.snapshot().await.unwrap();
        let versions: Vec<String> = snapshot.epochs().iter().flat_map(|epoch| &epoch.files).map(|file| file.name.clone()).collect();
        let others = snapshot.observation_files().iter().chain(snapshot.entry_files()).map(|file| file.name.clone());
        versions.into_iter().chain(others).collect::<Vec<_>>()
    });
    assert!(live.iter().filter(|name| name.starts_with("versions/")).count() > 1, "several epochs");
    on_threads(sample, &jobs, |runtime, backend, name| {
        if !live.contains(name) {
            return;
        }
        let bytes = &sample.objects[*name];
        let snapshot =
            runtime.block_on(async { Store::open(Arc::clone(backend) as Arc<dyn Backend>).await.unwrap().snapshot().await.unwrap() });
        let checked = snapshot.object_store();
        for at in 0..bytes.len() {
            for (what, altered) in
                [("a flipped bit", flipped(bytes, at)), ("cut off", bytes.slice(..at)), ("zeros", zeroed_from(bytes, at))]
            {
                if altered == *bytes {
                    continue;
                }
                backend.put(name, altered);
                let range = at as u64..at as u64 + 1;
                let read = runtime.block_on(checked.get_range(&Path::from(name.as_str()), range));
                assert!(read.is_err(), "{name}, {what} at {at} was read as if it were sound");
            }
        }
        backend.put(name, bytes.clone());
        for at in (0..bytes.len()).step_by(997) {
            for (what, altered) in [("a flipped bit", flipped(bytes, at)), ("cut off", bytes.slice(..at))] {
                let outcome = sample.check(runtime, backend, name, Some(altered), what);
                assert!(outcome != Outcome::Other, "{name}, {what} at {at}: another answer");
                // No query of these reads log entries.
                assert!(outcome != Outcome::Same || name.starts_with("entries/"), "{name}, {what} at {at}: not noticed");
            }
        }
    });
}

/// The end of the log is where the next name is not taken: a last segment that is gone without a trace, and that no manifest
/// covers, is the one loss that a store cannot tell from a moment of its past. A hash noted elsewhere tells (`verify --head`).
#[test]
fn missing_swapped_and_foreign_files_are_noticed_or_alter_no_answer() {
    let sample = &*SAMPLE;
    let foreign = Sample::of_seed(sample.seed).unwrap();
    let (runtime, backend) = (runtime(), FaultBackend::holding(&sample.objects));
    let last = sample.objects.keys().rfind(|name| name.starts_with("log/")).unwrap();
    let folder = |name: &str| name.split('/').next().unwrap().to_owned();
    for name in sample.objects.keys() {
        if name != last {
            let outcome = sample.check(&runtime, &backend, name, None, "missing");
            assert!(outcome != Outcome::Other, "{name} missing: another answer");
        }
        let others = sample.objects.iter().filter(|(other, _)| *other != name && folder(other) == folder(name));
        for (other, bytes) in others {
            let outcome = sample.check(&runtime, &backend, name, Some(bytes.clone()), "swapped");
            assert!(outcome != Outcome::Other, "{name} with the content of {other}: another answer");
        }
        let theirs = foreign
            .objects
            .get(name)
            .or_else(|| foreign.objects.iter().find(|(other, _)| folder(other) == folder(name)).map(|(_, bytes)| bytes));
        let outcome = sample.check(&runtime, &backend, name, theirs.cloned(), "of another store");
        assert!(outcome != Outcome::Other, "{name} of another store: another answer");
    }
}

/// `verify` reads every byte: no altered byte of an object that is in use goes unnoticed.
#[test]
fn verify_names_every_damaged_object() {
    let sample = &*SAMPLE;
    let manifests: Vec<&String> = sample.objects.keys().filter(|name| name.starts_with("manifest/")).collect();
    let (runtime, backend) = (runtime(), FaultBackend::holding(&sample.objects));
    let sound = runtime.block_on(verify(Arc::clone(&backend) as Arc<dyn Backend>, None)).unwrap();
    assert!(sound.is_sound(), "{:?}", sound.damage);
    let newest = (*manifests.last().unwrap()).clone();
    let in_use: Vec<String> = {
        let mut used: Vec<String> = sample.objects.keys().filter(|name| name.starts_with("log/")).cloned().collect();
        let snapshot =
            runtime.block_on(async { Store::open(Arc::clone(&backend) as Arc<dyn Backend>).await.unwrap().snapshot().await.unwrap() });
        let manifest = snapshot.manifest();
        used.extend(manifest.epochs.iter().flat_map(|epoch| epoch.files.iter().chain(&epoch.closings)).map(|file| file.name.clone()));
        used.extend(manifest.observations.iter().chain(&manifest.entries).map(|file| file.name.clone()));
        used.push(newest);
        used
    };
    for name in in_use {
        let bytes = &sample.objects[&name];
        let step = (bytes.len() / 40).max(1);
        for at in (0..bytes.len()).step_by(step).chain([bytes.len() - 1]).filter(|at| *at != 256) {
            for (what, altered) in [("a flipped bit", flipped(bytes, at)), ("cut off", bytes.slice(..at))] {
                backend.put(&name, altered);
                let report = catch_unwind(AssertUnwindSafe(|| runtime.block_on(verify(Arc::clone(&backend) as Arc<dyn Backend>, None))));
                let report = report.unwrap_or_else(|_| panic!("{name}, {what} at {at}: a panic"));
                let noticed = report.as_ref().map_or_else(|_| true, |report| !report.is_sound());
                assert!(noticed, "{name}, {what} at {at}: verify finds nothing");
            }
        }
        // Just the header is left: only right where the tables cover it.
        if bytes.len() > 256 && name.starts_with("log/") {
            backend.put(&name, bytes.slice(..256));
            let sound = runtime.block_on(verify(Arc::clone(&backend) as Arc<dyn Backend>, None)).is_ok_and(|report| report.is_sound());
            let opens = runtime.block_on(answers(Arc::clone(&backend) as Arc<dyn Backend>)).is_ok();
            assert_eq!(sound, opens, "{name} cut to its header");
        }
        backend.put(&name, bytes.clone());
    }
}

/// A newer Elava wrote it: refused politely, with both versions.
#[test]
fn a_newer_format_is_refused_with_both_versions() {
    let sample = &*SAMPLE;
    let (runtime, backend) = (runtime(), FaultBackend::holding(&sample.objects));
    let last = sample.objects.keys().rfind(|name| name.starts_with("log/")).unwrap().clone();
    let manifest = sample.objects.keys().rfind(|name| name.starts_with("manifest/")).unwrap().clone();
    let mut segment = sample.objects[&last].to_vec();
    segment[8] = 2;
    let crc = crc32fast::hash(&segment[..252]);
    segment[252..256].copy_from_slice(&crc.to_le_bytes());
    let mut newer = sample.objects[&manifest].to_vec();
    newer[8] = 3;
    for (name, bytes, found) in [(last, segment, 2), (manifest, newer, 3)] {
        backend.put(&name, bytes.into());
        let error = runtime.block_on(Store::open(Arc::clone(&backend) as Arc<dyn Backend>)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        assert_eq!(error.to_string(), format!("{name} has format {found}; this build of Elava reads format {}", found - 1));
        assert!(error.hint().unwrap().contains("newer Elava"));
        backend.put(&name, sample.objects[&name].clone());
    }
}

/// A feature bit or a reserved byte of a segment's header that is set comes from a newer Elava too: what it means may be part of
/// what the segment says.
#[test]
fn a_feature_of_a_newer_build_is_refused_and_names_its_byte() {
    let sample = &*SAMPLE;
    let (runtime, backend) = (runtime(), FaultBackend::holding(&sample.objects));
    let last = sample.objects.keys().rfind(|name| name.starts_with("log/")).unwrap();
    let bytes = &sample.objects[last];
    for byte in (10..12).chain(224..252) {
        let mut segment = bytes.to_vec();
        assert_eq!(segment[byte], 0, "byte {byte} is left alone");
        segment[byte] = 0x80;
        let crc = crc32fast::hash(&segment[..252]);
        segment[252..256].copy_from_slice(&crc.to_le_bytes());
        backend.put(last, segment.into());
        let opened = runtime.block_on(Store::open(Arc::clone(&backend) as Arc<dyn Backend>));
        let verified = runtime.block_on(verify(Arc::clone(&backend) as Arc<dyn Backend>, None));
        for error in [opened.unwrap_err(), verified.unwrap_err()] {
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
            let expected = format!(
                "{last} needs a feature that this build of Elava does not have: byte {byte} of its header has bits that it does not know"
            );
            assert_eq!(error.to_string(), expected);
            assert!(error.hint().unwrap().contains("newer Elava"));
        }
    }
}

/// The same through real files: a few bytes of each.
#[test]
fn damaged_files_on_disk_are_noticed() {
    let sample = &*SAMPLE;
    let (runtime, folder) = (runtime(), TempDir::new().unwrap());
    let root = folder.path().join("store");
    for (name, bytes) in &sample.objects {
        std::fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
        std::fs::write(root.join(name), bytes).unwrap();
    }
    let ask = || runtime.block_on(answers(Arc::new(LocalBackend::new(&root))));
    assert_eq!(ask().unwrap(), sample.answers);
    let mut chance = Chance(7);
    for (name, bytes) in &sample.objects {
        let at = chance.next(bytes.len());
        for altered in [flipped(bytes, at), bytes.slice(..at), zeroed_from(bytes, at), Bytes::new()] {
            std::fs::write(root.join(name), &altered).unwrap();
            let found = catch_unwind(AssertUnwindSafe(ask)).unwrap_or_else(|_| panic!("{name} at {at}: a panic"));
            assert!(found.is_err() || found.as_ref().is_ok_and(|found| *found == sample.answers), "{name} at {at}: another answer");
        }
        std::fs::write(root.join(name), bytes).unwrap();
    }
}

/// The bytes of a header are where the format says.
#[test]
fn a_segment_header_is_laid_out_byte_by_byte_as_documented() {
    let sample = &*SAMPLE;
    let log: Vec<&Bytes> = sample.objects.iter().filter(|(name, _)| name.starts_with("log/")).map(|(_, bytes)| bytes).collect();
    let number = |bytes: &Bytes, at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    let (mut previous, mut next_revision) = (vec![0; 32], 1);
    for (at, bytes) in log.iter().enumerate() {
        assert_eq!(&bytes[..8], b"ELAVASEG");
        assert_eq!(bytes[8..12], [1, 0, 0, 0], "format version, reserved");
        assert_eq!(bytes[12..28], log[0][12..28], "store id");
        assert_eq!(number(bytes, 28), at as u64 + 1, "seq");
        assert_eq!(number(bytes, 36), next_revision, "first revision");
        next_revision += number(bytes, 44);
        assert!(number(bytes, 92) <= number(bytes, 100), "times");
        assert_eq!(bytes[108..140], previous, "the chain");
        if bytes.len() > 256 {
            assert_eq!(number(bytes, 140), bytes.len() as u64 - 256, "payload length");
            assert_eq!(bytes[148..180], Sha256::digest(&bytes[256..])[..], "payload hash");
            let lengths: usize = (0..4).fold(256, |at, _| at + 8 + usize::try_from(number(bytes, at)).unwrap());
            assert_eq!(lengths, bytes.len(), "four sections");
        }
        let manifest = format!("manifest/{:020}", number(bytes, 180));
        if let Some(manifest) = sample.objects.get(&manifest) {
            assert_eq!(bytes[188..220], manifest[10..42], "manifest hash");
        }
        assert_eq!(bytes[220..252], [0; 32], "reserved");
        assert_eq!(bytes[252..256], crc32fast::hash(&bytes[..252]).to_le_bytes(), "checksum");
        previous = Sha256::digest(&bytes[..256]).to_vec();
    }
}

/// The same input gives the same bytes: only ids, and the hashes of what holds them, differ between two stores.
#[test]
fn the_same_input_gives_the_same_payloads_and_data_files() {
    let (one, other) = (&*SAMPLE, Sample::of_seed(SAMPLE.seed).unwrap());
    let data = |sample: &Sample| -> BTreeMap<String, Bytes> {
        let files = sample.objects.iter().filter(|(name, _)| name.ends_with(".parquet") && !name.starts_with("entries/"));
        files.map(|(name, bytes)| (name.clone(), bytes.clone())).collect()
    };
    assert_eq!(data(one), data(&other));
    for (name, bytes) in one.objects.iter().filter(|(name, _)| name.starts_with("log/")) {
        let twin = &other.objects[name];
        assert_eq!(bytes[256..], twin[256..], "{name}: payload");
        for fixed in [0..12, 28..52, 84..108, 140..188, 220..252] {
            assert_eq!(bytes[fixed.clone()], twin[fixed.clone()], "{name}: header bytes {fixed:?}");
        }
    }
}
