//! The state at the head, as a writer needs it to classify observations: for each live resource its version, its content
//! hash and which scans saw it last. Contents are not kept here; memory grows with what is alive, not with history.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::model::{ContentHash, ResourceKey, Revision, Timestamp};

/// A scan, as a small number within one writer.
pub type ScanNo = u32;

/// Where a resource is in a state, if it is known; it stays there until resources that are gone are forgotten.
pub type Place = Option<u32>;

/// No scan: what was seen before this writer began to look.
pub const NO_SCAN: ScanNo = u32::MAX;

/// A sighting: at which revision, by which scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The revision; 0 = never.
    pub revision: Revision,
    /// The scan.
    pub scan: ScanNo,
}

impl Seen {
    const NEVER: Self = Self { revision: 0, scan: NO_SCAN };
}

/// What is known of one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// False once it was deleted; kept while a scan that began before may still ask.
    pub alive: bool,
    /// The hash of its version.
    pub hash: ContentHash,
    /// The revision that its version began with.
    pub version: Revision,
    /// The revision that its life began with.
    pub first_seen: Revision,
    /// The time of that.
    pub first_seen_at: Timestamp,
    /// Who wrote about it.
    pub written: Trace,
    /// Who saw it. A deletion is no sighting.
    pub sighted: Trace,
}

/// The newest record, and the newest by another scan than that one: enough to tell whether any other scan than a given
/// one came after a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trace {
    last: Seen,
    other: Seen,
}

impl Trace {
    const NONE: Self = Self { last: Seen::NEVER, other: Seen::NEVER };

    /// Adds the newest record, unless nobody knows by which scan.
    fn push(&mut self, seen: Seen) {
        if seen.scan == NO_SCAN {
            return;
        }
        if self.last.scan != seen.scan {
            self.other = self.last;
        }
        self.last = seen;
    }

    /// Adds a record that may be older than others.
    fn insert(&mut self, seen: Seen) {
        if seen.revision > self.last.revision {
            self.push(seen);
        } else if seen.scan != self.last.scan && seen.revision > self.other.revision {
            self.other = seen;
        }
    }

    /// Whether another scan than this one came after a revision.
    pub fn by_other(&self, scan: ScanNo, after: Revision) -> bool {
        let other = if self.last.scan == scan { self.other } else { self.last };
        other.revision > after
    }
}

impl Known {
    /// A life that begins.
    pub fn born(hash: ContentHash, revision: Revision, at: Timestamp) -> Self {
        let (written, sighted) = (Trace::NONE, Trace::NONE);
        Self { alive: true, hash, version: revision, first_seen: revision, first_seen_at: at, written, sighted }
    }

    /// Notes an observation: a sighting, or a deletion.
    pub fn note(&mut self, revision: Revision, scan: ScanNo, sighting: bool) {
        self.written.push(Seen { revision, scan });
        if sighting {
            self.sighted.push(Seen { revision, scan });
        }
    }

    /// Notes an observation that may be older than others.
    pub fn note_older(&mut self, seen: Seen, sighting: bool) {
        self.written.insert(seen);
        if sighting {
            self.sighted.insert(seen);
        }
    }

    /// The same traces in a new version or life.
    #[must_use]
    pub fn with_traces_of(self, before: &Self) -> Self {
        Self { written: before.written, sighted: before.sighted, ..self }
    }
}

/// The resources that a scan has seen, by their places: a bit for each.
#[derive(Debug, Clone, Default)]
pub struct SeenPlaces(Vec<u64>);

impl SeenPlaces {
    /// Adds a resource.
    pub fn insert(&mut self, place: u32) {
        let word = place as usize / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            *word |= 1 << (place % 64);
        }
    }

    /// Whether a resource is among them.
    pub fn contains(&self, place: u32) -> bool {
        self.0.get(place as usize / 64).is_some_and(|word| word & (1 << (place % 64)) != 0)
    }
}

/// One resource.
#[derive(Debug, Clone)]
pub struct Slot {
    /// Its key.
    pub key: ResourceKey,
    /// The number of its scope.
    pub scope: u32,
    /// What is known of it.
    pub known: Known,
}

/// All resources at the head.
#[derive(Debug, Default)]
pub struct State {
    slots: Vec<Slot>,
    by_key: HashMap<ResourceKey, u32>,
    by_version: HashMap<Revision, u32>,
    scopes: Vec<Arc<str>>,
    scope_numbers: HashMap<Arc<str>, u32>,
    alive: usize,
    undo: Vec<(u32, Option<Known>)>,
}

impl State {
    /// The place of a resource, if it is known.
    pub fn find(&self, key: &ResourceKey) -> Place {
        self.by_key.get(key).copied()
    }

    /// The place of the resource that a version belongs to, if that is its newest one.
    pub fn find_version(&self, version: Revision) -> Option<u32> {
        self.by_version.get(&version).copied()
    }

    /// The resource at a place.
    pub fn slot(&self, place: u32) -> Option<&Slot> {
        self.slots.get(place as usize)
    }

    /// All resources, dead ones included, with their places.
    pub fn slots(&self) -> impl Iterator<Item = (u32, &Slot)> {
        (0..).zip(&self.slots)
    }

    /// The number of a scope.
    pub fn scope_number(&mut self, scope: &str) -> u32 {
        if let Some(number) = self.scope_numbers.get(scope) {
            return *number;
        }
        let number = self.scopes.len() as u32;
        let scope: Arc<str> = scope.into();
        self.scopes.push(Arc::clone(&scope));
        self.scope_numbers.insert(scope, number);
        number
    }

    /// The text of a scope.
    pub fn scope(&self, number: u32) -> Arc<str> {
        self.scopes.get(number as usize).map_or_else(|| "".into(), Arc::clone)
    }

    /// All scopes, by number.
    pub fn scopes(&self) -> &[Arc<str>] {
        &self.scopes
    }

    /// Sets what is known of a resource that is already known.
    pub fn update(&mut self, place: u32, known: Known) {
        let Some(slot) = self.slots.get_mut(place as usize) else { return };
        let before = std::mem::replace(&mut slot.known, known);
        self.undo.push((place, Some(before)));
        self.account(place, Some(before), Some(known));
    }

    /// Adds a resource that is not known.
    pub fn insert(&mut self, key: ResourceKey, known: Known) -> u32 {
        let scope = self.scope_number(key.scope_str());
        let place = self.slots.len() as u32;
        self.by_key.insert(key.clone(), place);
        self.slots.push(Slot { key, scope, known });
        self.undo.push((place, None));
        self.account(place, None, Some(known));
        place
    }

    fn account(&mut self, place: u32, before: Option<Known>, after: Option<Known>) {
        let version = |known: Option<Known>| known.map(|known| known.version);
        if version(before) != version(after) {
            if let Some(version) = version(before) {
                self.by_version.remove(&version);
            }
            if let Some(version) = version(after) {
                self.by_version.insert(version, place);
            }
        }
        let alive = |known: Option<Known>| known.is_some_and(|known| known.alive);
        self.alive = self.alive + usize::from(alive(after)) - usize::from(alive(before));
    }

    /// Makes everything since the last settlement final.
    pub fn settle(&mut self) {
        self.undo.clear();
    }

    /// Takes everything since the last settlement back.
    pub fn roll_back(&mut self) {
        while let Some((place, before)) = self.undo.pop() {
            let after = self.slots.get(place as usize).map(|slot| slot.known);
            self.account(place, after, before);
            match before {
                Some(before) => {
                    if let Some(slot) = self.slots.get_mut(place as usize) {
                        slot.known = before;
                    }
                }
                None => {
                    if let Some(slot) = self.slots.pop() {
                        self.by_key.remove(&slot.key);
                    }
                }
            }
        }
    }

    /// Forgets resources that are gone; call it when no scan is under way that could ask for them.
    pub fn forget_gone(&mut self) {
        if self.slots.len() < 2 * self.alive + 1024 {
            return;
        }
        self.slots.retain(|slot| slot.known.alive);
        self.by_key = (0..).zip(&self.slots).map(|(place, slot)| (slot.key.clone(), place)).collect();
        self.by_version = (0..).zip(&self.slots).map(|(place, slot)| (slot.known.version, place)).collect();
    }
}
