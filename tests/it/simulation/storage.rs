//! The storage of a world, as one life of a process reaches it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use elava::clock::Clock;
use elava::model::Timestamp;
use elava::store::{Backend, Created, Listed, Staged};
use elava::{Error, ErrorKind, Result};
use object_store::ObjectStore;
use uuid::Uuid;

use super::weather::Event;
use super::world::{DAY, HOUR, Landing, Life, SECOND, State, World};
use crate::support::memory::{Memory, Objects, StagedBytes, full};

/// 2030-01-01T00:00:00Z, when every run begins.
const START_MICROS: i64 = 1_893_456_000_000_000;

/// Of so many renewals of a pin one may fail.
const RENEWALS_TO_A_FAULT: usize = 20;

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
            let taken_for_dead = self.is_newest(life) && self.brings(Event::TakenForDead);
            let micros = if taken_for_dead { 2 * 60 * SECOND + self.up_to(4 * HOUR) } else { HOUR + self.up_to(5 * DAY) };
            self.pause(life, micros);
            if taken_for_dead {
                self.note(life, "is taken for dead");
                self.take_for_dead(life);
            }
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

    /// Notes which pins a sweep that sees a listing may take for nobody's.
    fn note_lapsed(&mut self, listed: &[Listed]) {
        let lapsed = listed.iter().filter(|listed| is_pin(&listed.name) && listed.age_seconds * SECOND >= HOUR);
        self.lapsed.extend(lapsed.map(|listed| listed.name.clone()));
    }
}

fn is_pin(name: &str) -> bool {
    name.starts_with("pins/")
}

fn uncertain() -> Error {
    Error::new(ErrorKind::Uncertain, "no reply")
}

fn refused() -> Error {
    Error::unavailable("refused")
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

    /// Whatever this life waits for comes hours or days later.
    pub fn stand_still(&self) {
        let mut state = self.world.state();
        let micros = HOUR + state.up_to(5 * DAY);
        state.pause(self.life, micros);
    }

    /// A life that was taken for dead stops here: what comes next is for the one that took its place.
    pub async fn is_newest(&self) {
        if !self.world.state().is_newest(self.life) {
            std::future::pending::<()>().await;
        }
    }

    fn may_write(&self, name: &str) {
        assert!(!self.read_only || is_pin(name), "a reader writes {name}");
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
        if is_pin(name) {
            self.world.state().pins.insert(self.life, name.to_owned());
        }
        self.request(format!("create {name}"), |state| create(state, name, bytes)).await
    }

    fn stage(&self) -> Result<Box<dyn Staged>> {
        Ok(StagedBytes::new(self.clone()))
    }

    async fn replace(&self, name: &str, bytes: Bytes) -> Result<()> {
        self.may_write(name);
        self.request(format!("replace {name}"), |state| {
            // Pins are written anew so often that hardly anything else would be hit.
            let may_fail = !is_pin(name) || state.chance.next(RENEWALS_TO_A_FAULT) == 0;
            if may_fail && state.brings(Event::ReplaceRefused) {
                return Err(refused());
            }
            if may_fail && state.brings(Event::LateReplace) {
                let later = state.lateness();
                state.land_later(later, Landing::Replace(name.to_owned(), bytes));
                return Err(refused());
            }
            state.put(name, bytes);
            state.count(if is_pin(name) { Event::PinRenewed } else { Event::SegmentCutDown });
            if may_fail && state.brings(Event::ReplaceReplyLost) { Err(refused()) } else { Ok(()) }
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
        self.world.state().note_lapsed(&listed);
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
            if !is_pin(name) {
                state.count(Event::ObjectSwept);
            }
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

#[async_trait]
impl Memory for Storage {
    fn is_full(&self) -> bool {
        self.world.state().brings(Event::DiskFull)
    }

    async fn read(&self, name: &str) -> Result<Option<Bytes>> {
        self.request(format!("read {name}"), |state| {
            if state.brings(Event::RangeRefused) {
                return Err(refused());
            }
            Ok(state.objects.get(name).map(|object| object.bytes.clone()))
        })
        .await
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
