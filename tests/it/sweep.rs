//! What is removed is what nobody reads any more: readers have the grace period, those that take longer pin what they read, and
//! however late a deletion comes, it takes nothing away that is named again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use elava::clock::{Clock, SystemClock};
use elava::store::{
    Backend, BackupOptions, CompactOptions, Created, History, Listed, ReaderPin, Snapshot, Staged, Store, StoreSettings, Writer, backup,
    compact, verify_with,
};
use object_store::ObjectStore;
use tokio::sync::oneshot;

use crate::oracle::answers::{ORDER_BY_KEY, ORDER_BY_REVISION, sorted};
use crate::support::fault_backend::FaultBackend;
use crate::support::virtual_time::VirtualTime;
use crate::support::{Row, clock, session, try_rows};
use crate::verify::{DEEP, scan, told};

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;
pub const AT_ONCE: CompactOptions = CompactOptions { grace: Duration::ZERO };

pub fn place(backend: &Arc<FaultBackend>) -> Arc<dyn Backend> {
    Arc::clone(backend) as Arc<dyn Backend>
}

/// A store of some scans and epochs, all of it compacted.
pub async fn small_store() -> (Arc<FaultBackend>, Writer) {
    let backend = FaultBackend::forgetful();
    let writer = Writer::open(place(&backend), clock()).await.unwrap();
    writer.change_settings(StoreSettings { epoch_rows_min: 8, ..StoreSettings::default() }).await.unwrap();
    for number in 0..4 {
        scan(&writer, number).await;
    }
    writer.compact(CompactOptions::default()).await.unwrap();
    (backend, writer)
}

pub async fn scan_and_compact(writer: &Writer, number: i64, options: CompactOptions) {
    scan(writer, number).await;
    writer.compact(options).await.unwrap();
}

/// Enough to need every file.
pub async fn read(snapshot: &Arc<Snapshot>) -> Result<Vec<Vec<Row>>, String> {
    let mut session = session(snapshot, None);
    let mut answers = Vec::new();
    for (statement, order) in [
        ("SELECT * FROM resources", ORDER_BY_KEY),
        ("SELECT * FROM observations", ORDER_BY_REVISION),
        (&format!("SELECT * FROM changes({}, 'head')", snapshot.floor()), ORDER_BY_REVISION),
    ] {
        answers.push(sorted(try_rows(&mut session, statement).await?, order));
    }
    Ok(answers)
}

/// What is newest, pinned. The pin is written anew by the system's clock: never while a test runs.
pub async fn pinned(store: &Store) -> (Arc<Snapshot>, ReaderPin) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    store.pinned(&clock).await.unwrap()
}

pub async fn check_sound(backend: &Arc<FaultBackend>) {
    assert_eq!(told(&verify_with(place(backend), &DEEP).await.unwrap()), Vec::<String>::new());
}

fn pins(backend: &FaultBackend) -> Vec<String> {
    backend.objects().into_keys().filter(|name| name.starts_with("pins/")).collect()
}

/// Lost was: the files of a reader that had just opened a manifest which was old by then. The grace period of a manifest began
/// when it was made, not when the next one came.
#[tokio::test]
async fn a_reader_has_the_grace_period_from_when_the_next_manifest_came() {
    let (backend, writer) = small_store().await;
    backend.pass(30 * DAY);
    let snapshot = Store::open(place(&backend)).await.unwrap().snapshot().await.unwrap();
    let before = read(&snapshot).await.unwrap();
    for number in 4..8 {
        scan_and_compact(&writer, number, CompactOptions::default()).await;
        assert_eq!(read(&snapshot).await.as_ref(), Ok(&before), "after scan {number}");
        backend.pass(5 * HOUR);
    }
    backend.pass(4 * HOUR - 1);
    scan_and_compact(&writer, 8, CompactOptions::default()).await;
    assert_eq!(read(&snapshot).await.as_ref(), Ok(&before));
    // After that it is told what is the matter.
    backend.pass(DAY);
    scan_and_compact(&writer, 9, CompactOptions::default()).await;
    let error = read(&snapshot).await.unwrap_err();
    assert!(error.contains(".parquet is missing: run it again"), "{error}");
    check_sound(&backend).await;
}

#[tokio::test]
async fn a_pinned_reader_reads_through_sweeps_until_it_lets_go() {
    let (backend, writer) = small_store().await;
    let store = Store::open(place(&backend)).await.unwrap();
    let (snapshot, pin) = pinned(&store).await;
    assert!(pin.is_held() && pins(&backend).len() == 1);
    let before = read(&snapshot).await.unwrap();
    for number in 4..8 {
        scan_and_compact(&writer, number, AT_ONCE).await;
        assert_eq!(read(&snapshot).await.as_ref(), Ok(&before), "after scan {number}");
    }
    // Those between the pinned one and the newest are nobody's.
    let manifests = backend.objects().into_keys().filter(|name| name.starts_with("manifest/")).count();
    assert_eq!(manifests, 2);
    check_sound(&backend).await;
    pin.release().await;
    assert_eq!(pins(&backend), Vec::<String>::new());
    scan_and_compact(&writer, 8, AT_ONCE).await;
    assert!(read(&snapshot).await.unwrap_err().contains("is missing"));
    check_sound(&backend).await;
}

#[tokio::test]
async fn the_pin_of_a_reader_that_has_died_runs_out() {
    let (backend, writer) = small_store().await;
    let (snapshot, pin) = pinned(&Store::open(place(&backend)).await.unwrap()).await;
    drop(pin);
    backend.pass(HOUR - 1);
    scan_and_compact(&writer, 4, AT_ONCE).await;
    read(&snapshot).await.unwrap();
    backend.pass(1);
    // By then no manifest names all the files that the snapshot does.
    for number in 5..9 {
        scan_and_compact(&writer, number, AT_ONCE).await;
    }
    assert!(read(&snapshot).await.is_err());
    assert_eq!(pins(&backend), Vec::<String>::new());
}

#[tokio::test]
async fn the_pin_of_a_reader_that_takes_days_holds_while_it_is_renewed() {
    let (backend, writer) = small_store().await;
    let (snapshot, pin) = pinned(&Store::open(place(&backend)).await.unwrap()).await;
    for number in 4..12 {
        backend.pass(HOUR - 1);
        pin.renew().await.unwrap();
        scan_and_compact(&writer, number, AT_ONCE).await;
        read(&snapshot).await.unwrap();
    }
    pin.release().await;
}

#[test]
fn a_pin_is_renewed_by_itself() {
    let (time, runtime) = VirtualTime::new();
    runtime.block_on(async {
        let (backend, writer) = small_store().await;
        let clock: Arc<dyn Clock> = time;
        let (snapshot, pin) = Store::open(place(&backend)).await.unwrap().pinned(&clock).await.unwrap();
        for number in 4..7 {
            backend.pass(HOUR - 1);
            clock.sleep(Duration::from_secs(1200)).await;
            scan_and_compact(&writer, number, AT_ONCE).await;
            read(&snapshot).await.unwrap();
        }
        pin.release().await;
    });
}

/// Between the opening of a store and the pin it was compacted: the reader takes what is newer.
#[tokio::test]
async fn what_is_pinned_is_the_newest_manifest() {
    let (backend, writer) = small_store().await;
    let store = Store::open(place(&backend)).await.unwrap();
    let older = store.snapshot().await.unwrap();
    scan_and_compact(&writer, 4, AT_ONCE).await;
    let (snapshot, pin) = pinned(&store).await;
    assert!(snapshot.head() > older.head() && pin.is_held());
    assert_eq!(pins(&backend).len(), 1);
    let number: u64 = pins(&backend)[0]["pins/".len()..][..20].parse().unwrap();
    assert_eq!(number, snapshot.manifest().number);
}

#[tokio::test]
async fn a_backup_pins_what_it_copies() {
    let (backend, _writer) = small_store().await;
    let from = FaultBackend::holding(&backend.objects());
    backup(place(&from), FaultBackend::forgetful(), &BackupOptions::default()).await.unwrap();
    assert!(from.trail().iter().any(|objects| objects.keys().any(|name| name.starts_with("pins/"))));
    assert_eq!(pins(&from), Vec::<String>::new());
}

/// A store as one sees it whose deletions come late, and who may stand still before creating an object.
#[derive(Debug)]
struct Slow {
    inner: Arc<FaultBackend>,
    late: Mutex<Vec<String>>,
    pause: Mutex<Option<Pause>>,
}

/// Where to stand still.
#[derive(Debug)]
struct Pause {
    folder: &'static str,
    /// Told when an object is about to be created there, and what is waited for then.
    reached: oneshot::Sender<()>,
    go_on: oneshot::Receiver<()>,
}

impl Slow {
    fn of(inner: &Arc<FaultBackend>) -> Arc<Self> {
        Arc::new(Self { inner: Arc::clone(inner), late: Mutex::default(), pause: Mutex::default() })
    }

    /// Stands still before an object of a folder is created. What tells that it does, and what lets it go on.
    fn pause_at(&self, folder: &'static str) -> (oneshot::Receiver<()>, oneshot::Sender<()>) {
        let ((reached, is_reached), (go_on, goes_on)) = (oneshot::channel(), oneshot::channel());
        *self.pause.lock().unwrap() = Some(Pause { folder, reached, go_on: goes_on });
        (is_reached, go_on)
    }

    /// Now they come.
    fn come(&self) -> usize {
        let late = std::mem::take(&mut *self.late.lock().unwrap());
        late.iter().for_each(|name| self.inner.take(name));
        late.len()
    }
}

#[async_trait]
impl Backend for Slow {
    async fn create(&self, name: &str, bytes: Bytes) -> elava::Result<Created> {
        let pause = self.pause.lock().unwrap().take_if(|pause| name.starts_with(pause.folder));
        if let Some(pause) = pause {
            pause.reached.send(()).unwrap();
            pause.go_on.await.unwrap();
        }
        self.inner.create(name, bytes).await
    }

    fn stage(&self) -> elava::Result<Box<dyn Staged>> {
        self.inner.stage()
    }

    async fn replace(&self, name: &str, bytes: Bytes) -> elava::Result<()> {
        self.inner.replace(name, bytes).await
    }

    async fn get(&self, name: &str) -> elava::Result<Option<Bytes>> {
        self.inner.get(name).await
    }

    async fn list(&self, folder: &str, after: &str) -> elava::Result<Vec<Listed>> {
        self.inner.list(folder, after).await
    }

    async fn delete(&self, name: &str) -> elava::Result<()> {
        self.late.lock().unwrap().push(name.to_owned());
        Ok(())
    }

    async fn prepare(&self) -> elava::Result<()> {
        self.inner.prepare().await
    }

    fn object_store(&self) -> Arc<dyn ObjectStore> {
        self.inner.object_store()
    }

    fn location(&self) -> String {
        self.inner.location()
    }
}

/// Lost was: files that a compaction had left which stopped before its manifest. A sweep took them for nobody's; before it came to
/// delete them, the next compaction had made the same files under the same names, and named them. A name tells now for which
/// manifest its file is, and what is for one that may still come is let alone.
#[tokio::test]
async fn a_deletion_that_comes_late_takes_nothing_that_is_named_again() {
    let (backend, writer) = small_store().await;
    let late = Slow::of(&backend);
    let mut stalled = History::open(Arc::clone(&late) as Arc<dyn Backend>).await.unwrap();
    scan(&writer, 4).await;
    scan(&writer, 5).await;
    let stopped = FaultBackend::holding(&backend.objects());
    compact(&mut History::open(place(&stopped)).await.unwrap(), CompactOptions::default()).await.unwrap();
    let known = backend.objects();
    let left: Vec<_> = stopped.objects().into_iter().filter(|(name, _)| name.ends_with(".parquet") && !known.contains_key(name)).collect();
    assert!(left.len() > 3, "{left:?}");
    left.iter().for_each(|(name, bytes)| backend.put(name, bytes.clone()));
    backend.pass(30 * DAY);

    compact(&mut stalled, AT_ONCE).await.unwrap();
    writer.compact(CompactOptions::default()).await.unwrap();
    let named = backend.objects();
    assert!(left.iter().all(|(name, _)| named.contains_key(name)), "the same files are made again");
    late.come();
    check_sound(&backend).await;
}

/// The same, at any point of a history that goes on: what a sweep was about to delete may come at any later time.
#[tokio::test]
async fn deletions_that_come_late_take_nothing_that_is_needed() {
    let mut came = 0;
    for rounds in 1..6 {
        let (backend, writer) = small_store().await;
        let late = Slow::of(&backend);
        let stalled = Writer::open(Arc::clone(&late) as Arc<dyn Backend>, clock()).await.unwrap();
        for number in 4..8 {
            scan_and_compact(&writer, number, CompactOptions::default()).await;
        }
        stalled.compact(AT_ONCE).await.unwrap();
        for number in 8..8 + rounds {
            scan_and_compact(&writer, number, CompactOptions::default()).await;
        }
        came += late.come();
        check_sound(&backend).await;
    }
    assert!(came > 20, "{came}");
}

/// A process that stands still between reading the log and publishing its manifest finds the number free, once those that came
/// after were swept: what it makes under that number does not count, and is not left.
#[tokio::test]
async fn a_manifest_whose_number_was_used_and_swept_is_not_made_again() {
    let (backend, writer) = small_store().await;
    scan(&writer, 4).await;
    let slow = Slow::of(&backend);
    let (is_reached, go_on) = slow.pause_at("manifest/");
    let mut stalled = History::open(Arc::clone(&slow) as Arc<dyn Backend>).await.unwrap();
    let number = stalled.manifest.number + 1;
    let manifests = || -> Vec<String> { backend.objects().into_keys().filter(|name| name.starts_with("manifest/")).collect() };
    let others = async {
        is_reached.await.unwrap();
        for number in 5..8 {
            scan_and_compact(&writer, number, AT_ONCE).await;
        }
        go_on.send(()).unwrap();
        manifests()
    };
    let (compacted, known) = tokio::join!(compact(&mut stalled, AT_ONCE), others);
    compacted.unwrap();
    assert!(!known.contains(&format!("manifest/{number:020}")), "{known:?}");
    slow.come();
    assert_eq!(manifests(), known);
    scan_and_compact(&writer, 8, AT_ONCE).await;
    check_sound(&backend).await;
}

/// A pin counts from when it is there: a reader whose pin came after a newer manifest reads that one.
#[tokio::test]
async fn a_reader_that_pins_what_is_no_longer_the_newest_takes_the_newest() {
    let (backend, writer) = small_store().await;
    let slow = Slow::of(&backend);
    let store = Store::open(Arc::clone(&slow) as Arc<dyn Backend>).await.unwrap();
    let (is_reached, go_on) = slow.pause_at("pins/");
    let others = async {
        is_reached.await.unwrap();
        scan_and_compact(&writer, 4, AT_ONCE).await;
        go_on.send(()).unwrap();
    };
    let ((snapshot, pin), ()) = tokio::join!(pinned(&store), others);
    assert!(pin.is_held());
    // By then no newer manifest names all the files of the older ones.
    for number in 5..9 {
        scan_and_compact(&writer, number, AT_ONCE).await;
    }
    read(&snapshot).await.unwrap();
}

/// A sweep looks at the pins once its manifest is there: a reader that came before that has pinned the one before.
#[tokio::test]
async fn a_reader_that_pins_while_the_next_manifest_is_about_to_come_keeps_its_files() {
    let (backend, writer) = small_store().await;
    scan(&writer, 4).await;
    let slow = Slow::of(&backend);
    let mut compacting = History::open(Arc::clone(&slow) as Arc<dyn Backend>).await.unwrap();
    let (is_reached, go_on) = slow.pause_at("manifest/");
    let reader = async {
        is_reached.await.unwrap();
        let pinned = pinned(&Store::open(place(&backend)).await.unwrap()).await;
        go_on.send(()).unwrap();
        pinned
    };
    let (compacted, (snapshot, pin)) = tokio::join!(compact(&mut compacting, AT_ONCE), reader);
    compacted.unwrap();
    slow.come();
    assert!(pin.is_held());
    read(&snapshot).await.unwrap();
}
