//! The storage of a world, as one life of a process reaches it.

use std::fmt;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use elava::clock::Clock;
use elava::model::Timestamp;
use elava::store::{Backend, Created, Listed, Staged};
use elava::{Error, ErrorKind, Result};
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    Attributes, CopyOptions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult,
};
use uuid::Uuid;

use super::weather::Event;
use super::world::{DAY, HOUR, Landing, Life, SECOND, State, World};

/// 2030-01-01T00:00:00Z, when every run begins.
const START_MICROS: i64 = 1_893_456_000_000_000;

/// The storage.
#[derive(Debug, Clone)]
pub struct Storage {
    pub world: Arc<World>,
    pub life: Life,
    /// For a reader, which never writes.
    pub read_only: bool,
}

/// The clock of a process.
#[derive(Debug)]
pub struct SimulatedClock {
    pub world: Arc<World>,
    pub life: Life,
}

#[async_trait]
impl Clock for SimulatedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(START_MICROS + self.world.state().clock_of(self.life.process))
    }

    fn new_id(&self) -> Uuid {
        let mut state = self.world.state();
        let mut half = || u64::try_from(state.chance.next(usize::MAX)).unwrap();
        Uuid::from_u64_pair(half(), half())
    }

    fn elapsed(&self) -> Duration {
        Duration::from_micros(self.world.state().now)
    }

    async fn sleep(&self, duration: Duration) {
        self.world.wait(self.life, u64::try_from(duration.as_micros()).unwrap()).await;
    }
}

/// Where a request is when something happens to its process.
#[derive(Debug, Clone, Copy)]
enum Way {
    There,
    Back,
}

impl State {
    /// Whether a fault happens now.
    fn brings(&mut self, fault: Event) -> bool {
        let brought = self.weather.brings(fault, &mut self.chance);
        if brought {
            self.count(fault);
        }
        brought
    }

    /// How long a request is on its way: milliseconds, at times minutes or hours.
    fn latency(&mut self) -> u64 {
        if self.brings(Event::SlowRequest) {
            return self.up_to(3 * HOUR);
        }
        let longest = [4, 40, 400][self.chance.next(3)];
        1 + self.up_to(longest * 1000)
    }

    /// How long after the caller was told that nobody knows something happens all the same.
    fn lateness(&mut self) -> u64 {
        let longest = [SECOND, 60 * SECOND, HOUR, 4 * DAY][self.chance.next(4)];
        self.up_to(longest)
    }

    /// What befalls a process while a request is on its way.
    fn befall(&mut self, life: Life, way: Way) {
        let (killed, paused) = match way {
            Way::There => (Event::KilledBefore, Event::PausedBefore),
            Way::Back => (Event::KilledAfter, Event::PausedAfter),
        };
        if self.has_ended(life) {
            return;
        }
        if self.brings(Event::ClockAhead) {
            let ahead = self.up_to(3 * DAY);
            self.set_skew(life.process, i64::try_from(ahead).unwrap());
        } else if self.brings(Event::ClockBehind) {
            let behind = self.up_to(3 * DAY);
            self.set_skew(life.process, -i64::try_from(behind).unwrap());
        }
        if self.brings(killed) {
            self.note(life, "is killed");
            self.kill(life);
        } else if self.brings(paused) {
            let micros = HOUR + self.up_to(5 * DAY);
            self.note(life, &format!("stands still for {} hours", micros / HOUR));
            self.pause(life.process, micros);
        }
    }

    fn up_to(&mut self, longest: u64) -> u64 {
        u64::try_from(self.chance.next(usize::try_from(longest).unwrap())).unwrap()
    }

    fn list(&self, folder: &str, after: &str) -> Vec<Listed> {
        let inside = self.objects.iter().filter(|(name, _)| name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')));
        let listed = |(name, object): (&String, &super::world::Object)| Listed {
            name: name.clone(),
            bytes: object.bytes.len() as u64,
            age_seconds: (self.now - object.written_at) / SECOND,
        };
        inside.filter(|(name, _)| name.as_str() > after).map(listed).collect()
    }
}

fn uncertain() -> Error {
    Error::new(ErrorKind::Uncertain, "no reply")
}

fn refused() -> Error {
    Error::unavailable("refused")
}

fn full() -> io::Error {
    io::Error::from(io::ErrorKind::StorageFull)
}

impl Storage {
    /// A request: it is on its way, does something, and its reply is on its way.
    async fn request<T>(&self, what: String, act: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
        self.travel(Way::There).await;
        let outcome = {
            let mut state = self.world.state();
            let outcome = act(&mut state);
            let told = outcome.as_ref().map_or_else(|error| format!(": {:?}", error.kind()), |_| String::new());
            state.note(self.life, &format!("{what}{told}"));
            outcome
        };
        self.travel(Way::Back).await;
        outcome
    }

    async fn travel(&self, way: Way) {
        let micros = {
            let mut state = self.world.state();
            state.befall(self.life, way);
            state.latency()
        };
        self.world.wait(self.life, micros).await;
    }

    fn may_write(&self, name: &str) {
        assert!(!self.read_only, "a reader writes {name}");
    }

    async fn publish(&self, name: &str, bytes: Bytes) -> Result<()> {
        self.may_write(name);
        self.request(format!("publish {name}"), |state| {
            if state.brings(Event::PublishRefused) {
                return Err(refused());
            }
            if state.brings(Event::LatePublish) {
                let later = state.lateness();
                state.land_later(later, Landing::Publish(name.to_owned(), bytes));
                return Err(uncertain());
            }
            state.put(name, bytes);
            if state.brings(Event::PublishReplyLost) { Err(uncertain()) } else { Ok(()) }
        })
        .await
    }
}

fn create(state: &mut State, name: &str, bytes: Bytes) -> Result<Created> {
    if state.brings(Event::CreateNotSent) {
        return Err(refused());
    }
    if state.brings(Event::DiskFull) {
        return Err(refused().with_source(full()));
    }
    if state.brings(Event::CreateLost) {
        return Err(uncertain());
    }
    if state.brings(Event::LateCreate) {
        let later = state.lateness();
        state.land_later(later, Landing::Create(name.to_owned(), bytes));
        return Err(uncertain());
    }
    let is_taken = state.objects.contains_key(name);
    if is_taken {
        let lost = if name.starts_with("log/") { Event::SlotLost } else { Event::CompactedTwice };
        state.count(lost);
        return if state.brings(Event::CreateReplyLost) { Err(uncertain()) } else { Ok(Created::Exists) };
    }
    if state.brings(Event::ConflictWithNothing) {
        return Ok(Created::Exists);
    }
    state.put(name, bytes);
    if state.brings(Event::CreateReplyLost) {
        return Err(uncertain());
    }
    if state.brings(Event::EchoOfOneself) { Ok(Created::Exists) } else { Ok(Created::Done) }
}

#[async_trait]
impl Backend for Storage {
    async fn create(&self, name: &str, bytes: Bytes) -> Result<Created> {
        self.may_write(name);
        self.request(format!("create {name}"), |state| create(state, name, bytes)).await
    }

    fn stage(&self) -> Result<Box<dyn Staged>> {
        Ok(Box::new(StagedBytes { storage: self.clone(), bytes: Vec::new() }))
    }

    async fn replace(&self, name: &str, bytes: Bytes) -> Result<()> {
        self.may_write(name);
        self.request(format!("replace {name}"), |state| {
            if state.brings(Event::ReplaceRefused) {
                return Err(refused());
            }
            if state.brings(Event::LateReplace) {
                let later = state.lateness();
                state.land_later(later, Landing::Replace(name.to_owned(), bytes));
                return Err(refused());
            }
            state.put(name, bytes);
            state.count(Event::SegmentCutDown);
            if state.brings(Event::ReplaceReplyLost) { Err(refused()) } else { Ok(()) }
        })
        .await
    }

    async fn get(&self, name: &str) -> Result<Option<Bytes>> {
        self.request(format!("get {name}"), |state| {
            if state.brings(Event::ReadRefused) {
                return Err(refused());
            }
            Ok(state.objects.get(name).map(|object| object.bytes.clone()))
        })
        .await
    }

    async fn list(&self, folder: &str, after: &str) -> Result<Vec<Listed>> {
        let (mut listed, more) = self
            .request(format!("list {folder}"), |state| {
                if state.brings(Event::ReadRefused) {
                    return Err(refused());
                }
                let mut listed = state.list(folder, after);
                let more = listed.len() > 1 && state.brings(Event::ListingInPages);
                if more {
                    listed.truncate(listed.len() / 2);
                }
                Ok((listed, more))
            })
            .await?;
        if more {
            let after = listed.last().unwrap().name.clone();
            listed.extend(self.request(format!("list {folder} after {after}"), |state| Ok(state.list(folder, &after))).await?);
        }
        Ok(listed)
    }

    async fn delete(&self, name: &str) -> Result<()> {
        self.may_write(name);
        self.request(format!("delete {name}"), |state| {
            if state.brings(Event::DeleteRefused) {
                return Err(refused());
            }
            if state.brings(Event::LateDelete) {
                let later = state.lateness();
                state.land_later(later, Landing::Delete(name.to_owned()));
                return Err(refused());
            }
            state.objects.remove(name);
            state.count(Event::ObjectSwept);
            if state.brings(Event::DeleteReplyLost) { Err(refused()) } else { Ok(()) }
        })
        .await
    }

    async fn prepare(&self) -> Result<()> {
        self.may_write("the probe");
        self.request("prepare".to_owned(), |_| Ok(())).await
    }

    async fn back_off(&self, attempt: usize) {
        let longest = SECOND << attempt.min(6);
        let micros = longest / 2 + self.world.state().up_to(longest / 2);
        self.world.wait(self.life, micros).await;
    }

    fn object_store(&self) -> Arc<dyn ObjectStore> {
        Arc::new(Objects(self.clone()))
    }

    fn location(&self) -> String {
        "simulation".to_owned()
    }
}

struct StagedBytes {
    storage: Storage,
    bytes: Vec<u8>,
}

impl Write for StagedBytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.storage.world.state().brings(Event::DiskFull) {
            return Err(full());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[async_trait]
impl Staged for StagedBytes {
    async fn publish(self: Box<Self>, name: &str) -> Result<()> {
        let Self { storage, bytes } = *self;
        storage.publish(name, bytes.into()).await
    }
}

/// The data files, as DataFusion reads them.
#[derive(Debug)]
struct Objects(Storage);

type Read<T> = object_store::Result<T>;

impl fmt::Display for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("simulation")
    }
}

fn failed(error: Error) -> object_store::Error {
    object_store::Error::Generic { store: "simulation", source: Box::new(error) }
}

fn never<T>() -> Read<T> {
    Err(object_store::Error::NotSupported { source: "only read through here".into() })
}

#[async_trait]
impl ObjectStore for Objects {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Read<GetResult> {
        let name = location.to_string();
        let found = self.0.request(format!("read {name}"), |state| {
            if state.brings(Event::RangeRefused) {
                return Err(refused());
            }
            Ok(state.objects.get(&name).map(|object| object.bytes.clone()))
        });
        let Some(bytes) = found.await.map_err(failed)? else {
            return Err(object_store::Error::NotFound { path: name, source: "no such object".into() });
        };
        let size = bytes.len() as u64;
        let range: Range<u64> = match &options.range {
            None => 0..size,
            Some(range) => range.as_range(size).map_err(|error| failed(Error::internal(error.to_string())))?,
        };
        let part = bytes.slice(usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap());
        let last_modified = chrono::DateTime::UNIX_EPOCH;
        let meta = ObjectMeta { location: location.clone(), last_modified, size, e_tag: None, version: None };
        let payload = GetResultPayload::Stream(futures::stream::once(async move { Ok(part) }).boxed());
        Ok(GetResult { payload, meta, range, attributes: Attributes::default() })
    }

    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Read<PutResult> {
        never()
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Read<Box<dyn MultipartUpload>> {
        never()
    }

    fn delete_stream(&self, locations: BoxStream<'static, Read<Path>>) -> BoxStream<'static, Read<Path>> {
        locations.map(|_| never()).boxed()
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Read<ObjectMeta>> {
        futures::stream::once(async { never() }).boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Read<ListResult> {
        never()
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Read<()> {
        never()
    }
}
