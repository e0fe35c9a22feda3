//! A store in memory that fails as it is told: it stops at a mutation, loses replies, answers for an earlier attempt, or
//! is full. Every state that it went through can be opened again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use elava::store::{Backend, Created, Listed, Staged};
use elava::{Error, ErrorKind, Result};
use object_store::ObjectStore;

use super::memory::{self, Memory, StagedBytes, full};

/// The objects of a store at one moment.
pub type Objects = BTreeMap<String, Bytes>;

/// What happens to a mutation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing happened, and the store says so.
    Unavailable,
    /// The disk is full.
    Full,
    /// It happened; the reply was lost.
    UncertainLanded,
    /// It did not happen; the reply was lost.
    UncertainLost,
    /// It happened; the reply is about an attempt that came earlier.
    ExistsByOneself,
    /// Nothing happened, and the store is gone from then on.
    GoneBefore,
    /// It happened, the reply was lost, and the store is gone from then on.
    GoneAfter,
}

/// At which mutations which fault happens.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub fault: Fault,
    /// The first, from 1.
    pub at: usize,
    /// For how many.
    pub times: usize,
}

#[derive(Debug, Default)]
struct State {
    /// No trail is kept: of long histories it is long.
    forgets: bool,
    objects: Objects,
    mutations: usize,
    plan: Option<Plan>,
    fired: usize,
    gone: bool,
    age_seconds: u64,
    /// What the storage's clock shows, and what it showed when each object was written.
    now_seconds: u64,
    written: BTreeMap<String, u64>,
    /// What was there after each mutation that altered an object.
    trail: Vec<Objects>,
}

/// A store in memory.
#[derive(Debug, Clone, Default)]
pub struct FaultBackend {
    state: Arc<Mutex<State>>,
}

impl FaultBackend {
    /// A store that holds some objects.
    pub fn holding(objects: &Objects) -> Arc<Self> {
        let backend = Self::default();
        for (name, bytes) in objects {
            backend.put(name, bytes.clone());
        }
        Arc::new(backend)
    }

    /// A store that keeps no trail.
    pub fn forgetful() -> Arc<Self> {
        let backend = Self::default();
        backend.state.lock().unwrap().forgets = true;
        Arc::new(backend)
    }

    /// A store that fails as planned.
    pub fn failing(plan: Plan) -> Arc<Self> {
        let backend = Self::default();
        backend.state.lock().unwrap().plan = Some(plan);
        Arc::new(backend)
    }

    /// Puts bytes under a name, past all faults.
    pub fn put(&self, name: &str, bytes: Bytes) {
        let mut state = self.state.lock().unwrap();
        let now = state.now_seconds;
        state.written.insert(name.to_owned(), now);
        state.objects.insert(name.to_owned(), bytes);
    }

    /// Takes a name away, past all faults.
    pub fn take(&self, name: &str) {
        self.state.lock().unwrap().objects.remove(name);
    }

    pub fn objects(&self) -> Objects {
        self.state.lock().unwrap().objects.clone()
    }

    pub fn mutations(&self) -> usize {
        self.state.lock().unwrap().mutations
    }

    /// How often the planned fault happened.
    pub fn fired(&self) -> usize {
        self.state.lock().unwrap().fired
    }

    /// What was there after each mutation that altered an object.
    pub fn trail(&self) -> Vec<Objects> {
        self.state.lock().unwrap().trail.clone()
    }

    /// Lets all objects look this old.
    pub fn set_age(&self, seconds: u64) {
        self.state.lock().unwrap().age_seconds = seconds;
    }

    /// Lets time pass: what is there is older by as much.
    pub fn pass(&self, seconds: u64) {
        self.state.lock().unwrap().now_seconds += seconds;
    }

    /// Counts a mutation; says what happens to it.
    fn step(&self) -> Option<Fault> {
        let mut state = self.state.lock().unwrap();
        if state.gone {
            return Some(Fault::Unavailable);
        }
        state.mutations += 1;
        let fault = state.plan.filter(|plan| (plan.at..plan.at + plan.times).contains(&state.mutations)).map(|plan| plan.fault);
        state.fired += usize::from(fault.is_some());
        state.gone = matches!(fault, Some(Fault::GoneBefore | Fault::GoneAfter));
        fault
    }

    fn note(&self) {
        let mut state = self.state.lock().unwrap();
        if !state.forgets {
            let objects = state.objects.clone();
            state.trail.push(objects);
        }
    }

    fn reachable(&self) -> Result<()> {
        if self.state.lock().unwrap().gone { Err(Error::unavailable("the store is gone")) } else { Ok(()) }
    }

    fn create_now(&self, name: &str, bytes: Bytes) -> Result<Created> {
        let fault = self.step();
        let taken = self.state.lock().unwrap().objects.contains_key(name);
        match fault {
            Some(Fault::Unavailable | Fault::GoneBefore) => return Err(Error::unavailable("refused")),
            Some(Fault::Full) => return Err(Error::unavailable("refused").with_source(full())),
            Some(Fault::UncertainLost) => return Err(Error::new(ErrorKind::Uncertain, "no reply")),
            _ => {}
        }
        if !taken {
            self.put(name, bytes);
            self.note();
        }
        match fault {
            Some(Fault::UncertainLanded | Fault::GoneAfter) => Err(Error::new(ErrorKind::Uncertain, "no reply")),
            Some(Fault::ExistsByOneself) => Ok(Created::Exists),
            _ if taken => Ok(Created::Exists),
            _ => Ok(Created::Done),
        }
    }

    /// A replacement or deletion: where the reply is lost, the object is the old or the new one.
    fn alter(&self, alter: impl FnOnce()) -> Result<()> {
        let fault = self.step();
        let landed = matches!(fault, None | Some(Fault::UncertainLanded | Fault::GoneAfter | Fault::ExistsByOneself));
        if landed {
            alter();
            self.note();
        }
        if matches!(fault, None | Some(Fault::ExistsByOneself)) { Ok(()) } else { Err(Error::unavailable("refused")) }
    }
}

#[async_trait]
impl Backend for FaultBackend {
    async fn create(&self, name: &str, bytes: Bytes) -> Result<Created> {
        // Others may come in between.
        tokio::task::yield_now().await;
        self.create_now(name, bytes)
    }

    fn stage(&self) -> Result<Box<dyn Staged>> {
        self.reachable()?;
        Ok(StagedBytes::new(self.clone()))
    }

    async fn replace(&self, name: &str, bytes: Bytes) -> Result<()> {
        self.alter(|| self.put(name, bytes))
    }

    async fn get(&self, name: &str) -> Result<Option<Bytes>> {
        self.reachable()?;
        Ok(self.state.lock().unwrap().objects.get(name).cloned())
    }

    async fn list(&self, folder: &str, after: &str) -> Result<Vec<Listed>> {
        self.reachable()?;
        let state = self.state.lock().unwrap();
        let inside = state.objects.iter().filter(|(name, _)| name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')));
        let inside = inside.filter(|(name, _)| name.as_str() > after);
        let age = |name: &String| state.age_seconds + state.now_seconds - state.written[name];
        Ok(inside.map(|(name, bytes)| Listed { name: name.clone(), bytes: bytes.len() as u64, age_seconds: age(name) }).collect())
    }

    async fn delete(&self, name: &str) -> Result<()> {
        self.alter(|| self.take(name))
    }

    async fn prepare(&self) -> Result<()> {
        self.reachable()
    }

    fn object_store(&self) -> Arc<dyn ObjectStore> {
        Arc::new(memory::Objects(self.clone()))
    }

    fn location(&self) -> String {
        "memory".to_owned()
    }
}

#[async_trait]
impl Memory for FaultBackend {
    fn is_full(&self) -> bool {
        self.step().is_some()
    }

    async fn read(&self, name: &str) -> Result<Option<Bytes>> {
        Ok(self.state.lock().unwrap().objects.get(name).cloned())
    }

    async fn publish(&self, name: &str, bytes: Bytes) -> Result<()> {
        self.create_now(name, bytes).map(|_| ())
    }
}
