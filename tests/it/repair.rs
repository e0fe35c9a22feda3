//! `repair` does what it is told and nothing else: what comes back is what was there, or it says that it cannot.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use elava::store::{
    Backend, BackupOptions, CompactOptions, Cure, Diagnosis, HEADER_BYTES, Manifest, backup, diagnose, repair, verify_with,
};
use elava::{ErrorKind, Result};

use crate::damage::{answers, flipped};
use crate::support::fault_backend::{FaultBackend, Objects};
use crate::support::rounds::CountingBackend;
use crate::support::{Row, Scratch, clock, rows, session};
use crate::verify::{DEEP, scan, told};

fn place(backend: &Arc<FaultBackend>) -> Arc<dyn Backend> {
    Arc::clone(backend) as Arc<dyn Backend>
}

/// A store whose log is whole, with two manifests.
struct Whole {
    objects: Objects,
    answers: Vec<Vec<Row>>,
    backup: Arc<FaultBackend>,
}

impl Whole {
    /// With a grace period of zero, all that tables cover is cut down or gone.
    async fn make(grace: Duration) -> Self {
        let scratch = Scratch::new();
        let writer = elava::store::Writer::open(scratch.backend(), clock()).await.unwrap();
        let settings = elava::store::StoreSettings { epoch_rows_min: 8, ..Default::default() };
        writer.change_settings(settings).await.unwrap();
        for number in 0..12 {
            scan(&writer, number).await;
            if number % 4 == 3 {
                writer.compact(CompactOptions { grace }).await.unwrap();
            }
        }
        scan(&writer, 12).await;
        let objects: Objects = scratch.objects().into_iter().filter(|(name, _)| !name.starts_with("tmp/")).collect();
        let answers = answers(FaultBackend::holding(&objects)).await.unwrap();
        let backup_place = Arc::new(FaultBackend::default());
        backup(FaultBackend::holding(&objects), place(&backup_place), &BackupOptions::default()).await.unwrap();
        Self { objects, answers, backup: backup_place }
    }

    fn newest(&self) -> (String, u64, Manifest) {
        let name = self.objects.keys().rfind(|name| name.starts_with("manifest/")).unwrap();
        let number = name.rsplit('/').next().unwrap().parse().unwrap();
        (name.clone(), number, Manifest::decode(&self.objects[name], number).unwrap().0)
    }

    /// The store, with one object damaged or gone.
    fn with(&self, name: &str, bytes: Option<Bytes>) -> Arc<FaultBackend> {
        let backend = FaultBackend::holding(&self.objects);
        match bytes {
            Some(bytes) => backend.put(name, bytes),
            None => backend.take(name),
        }
        backend
    }

    /// Flipped in the middle, cut off, and gone.
    fn damages(&self, name: &str) -> [Option<Bytes>; 3] {
        let bytes = &self.objects[name];
        [Some(flipped(bytes, bytes.len() / 2)), Some(bytes.slice(..bytes.len() / 3)), None]
    }

    /// It is sound again, with the same answers, and its log says what was done.
    async fn check_cured(&self, backend: &Arc<FaultBackend>, cure: &str) {
        let report = verify_with(place(backend), &DEEP).await.unwrap();
        assert_eq!(told(&report), Vec::<String>::new(), "{cure}");
        assert_eq!(answers(place(backend)).await.unwrap(), self.answers, "{cure}");
        let snapshot = elava::store::Store::open(place(backend)).await.unwrap().snapshot().await.unwrap();
        let logged = rows(&mut session(&snapshot, None), "SELECT details->>'cure' AS cure FROM audit_log WHERE entry = 'repaired'").await;
        assert_eq!(logged.len(), 1, "{cure}: {logged:?}");
        assert_eq!(logged[0]["cure"], cure);
    }
}

async fn cured(backend: &Arc<FaultBackend>, cure: Cure) -> Result<bool> {
    repair(place(backend), clock(), &cure).await.map(|(_, recorded)| recorded)
}

async fn diagnosed(backend: &Arc<FaultBackend>) -> Diagnosis {
    let before = backend.objects();
    let diagnosis = diagnose(place(backend)).await.unwrap();
    assert_eq!(backend.objects(), before, "looking alters nothing");
    diagnosis
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_made_anew_from_a_log_that_is_whole() {
    let whole = Whole::make(Duration::MAX).await;
    let (manifest_name, _, manifest) = whole.newest();
    let mut names: Vec<String> = manifest.files().map(|file| file.name.clone()).collect();
    names.push(manifest_name);
    for name in names {
        for damage in whole.damages(&name) {
            let backend = whole.with(&name, damage);
            let diagnosis = diagnosed(&backend).await;
            assert!(diagnosis.can_rebuild && diagnosis.needs_backup.is_empty(), "{name}: {diagnosis:?}");
            assert!(cured(&backend, Cure::RebuildTables).await.unwrap(), "{name}");
            whole.check_cured(&backend, "rebuild_tables").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_is_dropped_for_the_one_before_it() {
    let whole = Whole::make(Duration::MAX).await;
    let (name, number, manifest) = whole.newest();
    let older = whole.objects.iter().filter(|(other, _)| other.starts_with("manifest/") && **other != name);
    let older: Vec<Manifest> = (1..number).zip(older).map(|(number, (_, bytes))| Manifest::decode(bytes, number).unwrap().0).collect();
    assert!(older.len() > 1);
    let (mut dropped, mut refused) = (0, 0);
    for object in manifest.files().map(|file| file.name.clone()).chain([name]) {
        let bytes = &whole.objects[&object];
        let backend = whole.with(&object, Some(flipped(bytes, bytes.len() / 2)));
        let diagnosis = diagnosed(&backend).await;
        let outcome = cured(&backend, Cure::DropManifest(number)).await;
        // The newest of the older ones that does not need the same file is gone on from.
        if older.iter().all(|manifest| manifest.files().any(|file| file.name == object)) {
            assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Invalid);
            assert_eq!(diagnosis.can_drop, Vec::<u64>::new());
            refused += 1;
        } else {
            assert_eq!(diagnosis.can_drop, [number], "{object}");
            assert!(outcome.unwrap(), "{object}");
            whole.check_cured(&backend, "drop_manifest").await;
            dropped += 1;
        }
    }
    assert!(dropped > 3, "{dropped} dropped, {refused} refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_object_is_fetched_from_a_backup() {
    let whole = Whole::make(Duration::ZERO).await;
    let (newest, _, manifest) = whole.newest();
    let in_use: Vec<String> = manifest.files().map(|file| file.name.clone()).collect();
    let last = whole.objects.keys().rfind(|name| name.starts_with("log/")).unwrap().clone();
    let names = whole.objects.keys().filter(|name| name.starts_with("log/") || **name == newest || in_use.contains(name));
    for name in names {
        for damage in whole.damages(name) {
            if *name == last && damage.is_none() {
                // The end of the log that is gone without a trace is no damage that could be seen.
                continue;
            }
            let backend = whole.with(name, damage);
            assert!(cured(&backend, Cure::FromBackup(place(&whole.backup))).await.unwrap(), "{name}");
            whole.check_cured(&backend, "from_backup").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn much_damage_is_fetched_at_once() {
    let whole = Whole::make(Duration::ZERO).await;
    let backend = FaultBackend::holding(&whole.objects);
    for (at, (name, bytes)) in whole.objects.iter().enumerate().filter(|(_, (name, _))| !name.starts_with("manifest/")) {
        if at % 3 == 0 {
            backend.put(name, flipped(bytes, bytes.len() / 2));
        }
    }
    let (newest, ..) = whole.newest();
    backend.put(&newest, Bytes::from_static(b"nothing"));
    assert!(cured(&backend, Cure::FromBackup(place(&whole.backup))).await.unwrap());
    whole.check_cured(&backend, "from_backup").await;
}

/// Endless was: looking for a header that names a manifest, one by one down from a number that somebody had put into a name, whether what
/// stands there is nothing, or the last segment once more with that number in it. Only what is there is read.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_cannot_be_keeps_no_repair_busy() {
    let whole = Whole::make(Duration::MAX).await;
    let (name, ..) = whole.newest();
    let last = whole.objects.keys().rfind(|name| name.starts_with("log/")).unwrap();
    for number in [u64::MAX, u64::MAX - 1, 1 << 40] {
        let mut again = whole.objects[last].to_vec();
        again[28..36].copy_from_slice(&number.to_le_bytes());
        let checksum = crc32fast::hash(&again[..HEADER_BYTES - 4]);
        again[HEADER_BYTES - 4..HEADER_BYTES].copy_from_slice(&checksum.to_le_bytes());
        for forged in [Bytes::from_static(b"nothing"), again.into()] {
            let backend = whole.with(&name, Some(Bytes::from_static(b"nothing")));
            let forged_name = format!("log/{number:020}.seg");
            backend.put(&forged_name, forged);
            let counted = CountingBackend::over(&backend);
            let cure = Cure::FromBackup(place(&whole.backup));
            let (repaired, recorded) = repair(Arc::clone(&counted) as Arc<dyn Backend>, clock(), &cure).await.unwrap();
            assert_eq!((repaired.written, recorded), (vec![name.clone()], false), "segment {number}");
            let requests = counted.requests.take().len();
            assert!(requests < 20_000, "segment {number}: {requests} requests");
            // Nothing is missed that stood there.
            backend.take(&forged_name);
            assert_eq!(told(&verify_with(place(&backend), &DEEP).await.unwrap()), Vec::<String>::new());
        }
    }
}

/// What would be another history, or an older one, is refused.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_cured_is_refused_and_nothing_is_altered() {
    let whole = Whole::make(Duration::ZERO).await;
    let (name, number, manifest) = whole.newest();
    let file = manifest.observations[0].name.clone();
    let last = whole.objects.keys().rfind(|name| name.starts_with("log/")).unwrap().clone();
    let foreign = Whole::make(Duration::ZERO).await;
    let sound = FaultBackend::holding(&whole.objects);
    let cases: [(Arc<FaultBackend>, Cure); 7] = [
        (Arc::clone(&sound), Cure::RebuildTables),
        (Arc::clone(&sound), Cure::FromBackup(place(&whole.backup))),
        (Arc::clone(&sound), Cure::DropManifest(number)),
        (whole.with(&file, None), Cure::RebuildTables),
        (whole.with(&name, Some(Bytes::new())), Cure::DropManifest(number)),
        (whole.with(&last, Some(whole.objects[&last].slice(..300))), Cure::FromBackup(place(&foreign.backup))),
        (whole.with(&file, None), Cure::FromBackup(Arc::new(FaultBackend::default()))),
    ];
    for (place, (backend, cure)) in cases.into_iter().enumerate() {
        let before = backend.objects();
        let error = cured(&backend, cure).await.unwrap_err();
        assert!(error.kind() == ErrorKind::Invalid && error.to_string().contains("nothing was done"), "case {place}: {error}");
        assert_eq!(backend.objects(), before, "case {place}");
    }
    // Of a segment at the end that no table has, it is said what would be lost.
    let diagnosis = diagnosed(&whole.with(&last, Some(whole.objects[&last].slice(..300)))).await;
    assert!(!diagnosis.can_rebuild && diagnosis.can_drop.is_empty());
    let lost = &diagnosis.needs_backup[0];
    assert_eq!(lost.object, last);
    assert!(lost.first_revision.is_some() && lost.last_revision >= lost.first_revision, "{lost:?}");
}

/// A backup that is damaged is mended from the store, and stays a backup.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_backup_is_mended_from_the_store() {
    let whole = Whole::make(Duration::ZERO).await;
    let (_, _, manifest) = whole.newest();
    let damaged = FaultBackend::holding(&whole.backup.objects());
    let file = &manifest.changes[0].name;
    damaged.put(file, flipped(&whole.objects[file], 70));
    assert!(!cured(&damaged, Cure::FromBackup(FaultBackend::holding(&whole.objects))).await.unwrap(), "there is no log to write to");
    assert_eq!(damaged.objects(), whole.backup.objects());
}
