//! Classification: what each observation does to the state. The tables of one commit grow here.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray, UInt8Array};
use hashbrown::HashMap;

use super::contents::Contents;
use super::entries::{ChangeCounts, Entry, EntryKind, entries_to_batch};
use super::parallel::in_parallel;
use super::schema;
use super::segment::{FEATURE_REDACTED, Payload, SEGMENT_OBSERVATIONS, dictionary};
use super::state::{Known, Place, ScanNo, SeenPlaces, State};
use super::versions::{NewVersion, versions_to_batches};
use crate::error::Result;
use crate::model::{Change, Content, ContentHash, Observation, ResourceKey, Revision, Sighting, Timestamp, TypeRulesSet, changed_paths};

/// Who observes, and what it may overrule.
#[derive(Debug, Clone)]
pub struct Observer {
    /// The scan's number.
    pub scan: ScanNo,
    /// The scan.
    pub scan_id: Arc<str>,
    /// The head when the request for this page was sent.
    pub token: Revision,
}

/// One commit in the making: the rows so far.
#[derive(Debug)]
pub struct Draft<'a> {
    state: &'a mut State,
    rules: &'a TypeRulesSet,
    contents: &'a Contents,
    fresh: HashMap<Revision, Arc<Content>>,
    next_revision: Revision,
    now: Timestamp,
    first_at: Option<Timestamp>,
    version_revisions: Vec<i64>,
    changes: Vec<u8>,
    scan_keys: Vec<u32>,
    scans: Vec<Arc<str>>,
    scope_keys: Vec<u32>,
    times: Vec<i64>,
    versions: Vec<NewVersion<'a>>,
    closings: Vec<Closing>,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Closing {
    version: Revision,
    revision: Revision,
    at: Timestamp,
    ended_by: Change,
    scan_id: Arc<str>,
}

impl<'a> Draft<'a> {
    /// An empty commit after a head.
    ///
    /// `contents` holds the content of every version that an observation of this commit may differ from.
    pub fn new(
        state: &'a mut State,
        rules: &'a TypeRulesSet,
        contents: &'a Contents,
        head: Revision,
        head_time: Option<Timestamp>,
    ) -> Self {
        Self {
            state,
            rules,
            contents,
            fresh: HashMap::new(),
            next_revision: head + 1,
            now: head_time.unwrap_or(Timestamp::from_micros(i64::MIN)),
            first_at: None,
            version_revisions: Vec::new(),
            changes: Vec::new(),
            scan_keys: Vec::new(),
            scans: Vec::new(),
            scope_keys: Vec::new(),
            times: Vec::new(),
            versions: Vec::new(),
            closings: Vec::new(),
            entries: Vec::new(),
        }
    }

    /// The newest revision so far.
    pub fn head(&self) -> Revision {
        self.next_revision - 1
    }

    /// How many observations there are so far.
    pub fn count(&self) -> u64 {
        self.changes.len() as u64
    }

    /// The time of the first observation and the head's time with this commit.
    pub fn times(&self) -> (Option<Timestamp>, Timestamp) {
        (self.first_at, self.now)
    }

    /// Adds an entry.
    pub fn push_entry(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// The state with the observations so far.
    pub fn state(&self) -> &State {
        self.state
    }

    /// The number of a scope.
    pub fn scope_number(&mut self, scope: &crate::model::Scope) -> u32 {
        self.state.scope_number(scope.as_str())
    }

    /// The number of the scope of the last observation.
    pub fn last_scope(&self) -> u32 {
        self.scope_keys.last().copied().unwrap_or(0)
    }

    /// Classifies one observation; returns where its resource is, if there was something to record. `located` tells what
    /// was known before this commit; `at` is when the scan began: nothing is observed before that.
    pub fn observe(
        &mut self,
        observer: &Observer,
        observation: &'a Observation,
        located: Located,
        at: Timestamp,
        counts: &mut ChangeCounts,
    ) -> Place {
        let at = observation.observed_at.map_or(at, |own| own.max(at));
        let Located { place, differs } = located;
        let place = place.or_else(|| self.state.find(&observation.key));
        let known = place.and_then(|place| self.state.slot(place)).map(|slot| slot.known);
        match &observation.sighting {
            Sighting::Present(content, hash) if !self.is_gone(&observation.key, content) => {
                self.present(observer, &observation.key, place.zip(known), differs, content, *hash, at, counts)
            }
            sighting => {
                let (place, known) = place.zip(known).filter(|(_, known)| known.alive)?;
                if known.written.by_other(observer.scan, observer.token) {
                    let content = match sighting {
                        Sighting::Present(content, hash) => Some((content, *hash)),
                        Sighting::Deleted => None,
                    };
                    self.late(observer, &observation.key, (place, known), content, at, counts)
                } else {
                    self.delete(observer, place, at, counts)
                }
            }
        }
    }

    fn is_gone(&self, key: &ResourceKey, content: &Content) -> bool {
        content.state.as_deref().is_some_and(|state| self.rules.is_final(key.resource_type(), state))
    }

    #[expect(clippy::too_many_arguments, reason = "one row of facts, used once")]
    fn present(
        &mut self,
        observer: &Observer,
        key: &'a ResourceKey,
        found: Option<(u32, Known)>,
        differs: Option<(Revision, Vec<String>)>,
        content: &'a Arc<Content>,
        hash: ContentHash,
        at: Timestamp,
        counts: &mut ChangeCounts,
    ) -> Place {
        if let Some((place, known)) = found.filter(|(_, known)| known.alive && known.hash == hash) {
            return self.unchanged(observer, place, known, at, counts);
        }
        if let Some(found) = found.filter(|(_, known)| known.written.by_other(observer.scan, observer.token)) {
            return self.late(observer, key, found, Some((content, hash)), at, counts);
        }
        let Some((place, known)) = found.filter(|(_, known)| known.alive) else {
            return self.create(observer, key, found, content, hash, at, counts);
        };
        // An earlier observation of this commit may have altered the resource.
        let located = differs.filter(|(version, _)| *version == known.version).map(|(_, paths)| paths);
        let paths = located.or_else(|| self.differs(&known, key, content));
        if paths.as_ref().is_some_and(Vec::is_empty) {
            // The rules for what is volatile have changed since the version was stored.
            return self.unchanged(observer, place, Known { hash, ..known }, at, counts);
        }
        let (revision, at) = self.row(observer, key.scope_str(), Change::Updated, None, at);
        self.closings.push(Closing {
            version: known.version,
            revision,
            at,
            ended_by: Change::Updated,
            scan_id: Arc::clone(&observer.scan_id),
        });
        let mut after = Known { hash, version: revision, ..known };
        after.note(revision, observer.scan, true);
        self.state.update(place, after);
        self.version(observer, key, content, after, Change::Updated, paths.unwrap_or_default(), revision, at);
        counts.updated += 1;
        Some(place)
    }

    /// What a content differs in from a version.
    fn differs(&self, known: &Known, key: &ResourceKey, content: &Content) -> Option<Vec<String>> {
        let before = self.fresh.get(&known.version).or_else(|| self.contents.get(known.version))?;
        Some(changed_paths(before, content, self.rules.comparing(key.resource_type())))
    }

    fn unchanged(&mut self, observer: &Observer, place: u32, mut known: Known, at: Timestamp, counts: &mut ChangeCounts) -> Place {
        let scope = self.state.slot(place).map_or(0, |slot| slot.scope);
        let (revision, _) = self.row_in(observer, scope, Change::Unchanged, Some(known.version), at);
        known.note(revision, observer.scan, true);
        self.state.update(place, known);
        counts.unchanged += 1;
        Some(place)
    }

    #[expect(clippy::too_many_arguments, reason = "one row of facts, used once")]
    fn create(
        &mut self,
        observer: &Observer,
        key: &'a ResourceKey,
        found: Option<(u32, Known)>,
        content: &'a Arc<Content>,
        hash: ContentHash,
        at: Timestamp,
        counts: &mut ChangeCounts,
    ) -> Place {
        let (revision, at) = self.row(observer, key.scope_str(), Change::Created, None, at);
        let mut known = Known::born(hash, revision, at);
        if let Some((_, before)) = found {
            known = known.with_traces_of(&before);
        }
        known.note(revision, observer.scan, true);
        let place = match found {
            Some((place, _)) => {
                self.state.update(place, known);
                place
            }
            None => self.state.insert(key.clone(), known),
        };
        self.version(observer, key, content, known, Change::Created, Vec::new(), revision, at);
        counts.created += 1;
        Some(place)
    }

    /// Records an observation that alters no state. Without a content (a late deletion) it shows the version that lives on.
    fn late(
        &mut self,
        observer: &Observer,
        key: &'a ResourceKey,
        (place, mut known): (u32, Known),
        content: Option<(&'a Arc<Content>, ContentHash)>,
        at: Timestamp,
        counts: &mut ChangeCounts,
    ) -> Place {
        let shown = if content.is_some() { None } else { Some(known.version) };
        let (revision, at) = self.row(observer, key.scope_str(), Change::Late, shown, at);
        known.note(revision, observer.scan, content.is_some());
        self.state.update(place, known);
        if let Some((content, hash)) = content {
            self.version(observer, key, content, Known::born(hash, revision, at), Change::Late, Vec::new(), revision, at);
        }
        counts.late += 1;
        Some(place)
    }

    /// Ends the life of a resource that is alive.
    pub fn delete(&mut self, observer: &Observer, place: u32, at: Timestamp, counts: &mut ChangeCounts) -> Place {
        let slot = self.state.slot(place)?;
        let (scope, mut known) = (slot.scope, slot.known);
        let (revision, at) = self.row_in(observer, scope, Change::Deleted, Some(known.version), at);
        self.closings.push(Closing {
            version: known.version,
            revision,
            at,
            ended_by: Change::Deleted,
            scan_id: Arc::clone(&observer.scan_id),
        });
        known.alive = false;
        known.note(revision, observer.scan, false);
        self.state.update(place, known);
        counts.deleted += 1;
        Some(place)
    }

    fn row(&mut self, observer: &Observer, scope: &str, change: Change, version: Option<Revision>, at: Timestamp) -> (Revision, Timestamp) {
        let scope = self.state.scope_number(scope);
        self.row_in(observer, scope, change, version, at)
    }

    /// Appends an observation and returns its revision and its time, lifted to that of the one before it.
    fn row_in(
        &mut self,
        observer: &Observer,
        scope: u32,
        change: Change,
        version: Option<Revision>,
        at: Timestamp,
    ) -> (Revision, Timestamp) {
        let revision = self.next_revision;
        self.next_revision += 1;
        self.now = self.now.max(at);
        self.first_at.get_or_insert(self.now);
        if self.scans.last() != Some(&observer.scan_id) {
            self.scans.push(Arc::clone(&observer.scan_id));
        }
        self.version_revisions.push(version.unwrap_or(revision));
        self.changes.push(change as u8);
        self.scan_keys.push(self.scans.len() as u32 - 1);
        self.scope_keys.push(scope);
        self.times.push(self.now.micros());
        (revision, self.now)
    }

    #[expect(clippy::too_many_arguments, reason = "one row of facts, used once")]
    fn version(
        &mut self,
        observer: &Observer,
        key: &'a ResourceKey,
        content: &'a Arc<Content>,
        known: Known,
        change: Change,
        changed_paths: Vec<String>,
        revision: Revision,
        at: Timestamp,
    ) {
        if change != Change::Late {
            self.fresh.insert(revision, Arc::clone(content));
        }
        self.versions.push(NewVersion {
            key,
            content,
            hash: known.hash,
            first_seen: known.first_seen,
            first_seen_at: known.first_seen_at,
            change,
            changed_paths,
            scan_id: Arc::clone(&observer.scan_id),
            revision,
            at,
        });
    }

    /// The live resources of some scopes that a scan did not see: scope, place, and whether another scan has seen it
    /// since this one began.
    pub fn missing(&self, scopes: &HashMap<u32, usize>, observer: &Observer, seen: &SeenPlaces) -> Vec<(u32, u32, bool)> {
        let slots =
            self.state.slots().filter(|(place, slot)| slot.known.alive && !seen.contains(*place) && scopes.contains_key(&slot.scope));
        slots.map(|(place, slot)| (slot.scope, place, slot.known.sighted.by_other(observer.scan, observer.token))).collect()
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.entries.is_empty()
    }

    /// What a reader of the segment must know.
    pub fn features(&self) -> u16 {
        let redacts = self.entries.iter().any(|entry| entry.kind == EntryKind::Redacted);
        if redacts { FEATURE_REDACTED } else { 0 }
    }

    /// The tables of the commit, and what it does to the contents that are kept at hand.
    ///
    /// # Errors
    /// `Internal` if Arrow refuses them.
    pub fn finish(mut self) -> Result<(Payload, Replaced)> {
        let head = self.head();
        // What is redacted is all that there is with this commit: some of it may have been handed in later than that was.
        self.entries.iter_mut().filter(|entry| entry.kind == EntryKind::Redacted).for_each(|entry| entry.head = head);
        let scopes = self.used_scopes();
        let versions = versions_to_batches(&self.versions)?;
        let closings = closings_to_batch(&self.closings)?;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(self.version_revisions)),
            Arc::new(UInt8Array::from(self.changes)),
            dictionary(&self.scans, self.scan_keys)?,
            dictionary(&scopes.0, scopes.1)?,
            Arc::new(Int64Array::from(self.times)),
        ];
        let observations = RecordBatch::try_new(Arc::clone(&SEGMENT_OBSERVATIONS), columns)?;
        let replaced = Replaced { opened: self.fresh, closed: self.closings.iter().map(|closing| closing.version).collect() };
        Ok((Payload { observations, versions, closings, entries: entries_to_batch(&self.entries)? }, replaced))
    }

    /// The scopes of this commit in order of appearance, and each observation's place among them: the numbers within the
    /// state depend on the process, those in a segment must not.
    fn used_scopes(&self) -> (Vec<Arc<str>>, Vec<u32>) {
        let mut numbers = vec![u32::MAX; self.state.scopes().len()];
        let mut used = Vec::new();
        let keys = self.scope_keys.iter().map(|scope| {
            let Some(number) = numbers.get_mut(*scope as usize) else { return 0 };
            if *number == u32::MAX {
                *number = used.len() as u32;
                used.push(self.state.scope(*scope));
            }
            *number
        });
        let keys = keys.collect();
        (used, keys)
    }
}

fn closings_to_batch(closings: &[Closing]) -> Result<RecordBatch> {
    let number = |get: fn(&Closing) -> i64| -> ArrayRef { Arc::new(Int64Array::from_iter_values(closings.iter().map(get))) };
    let times = TimestampMicrosecondArray::from_iter_values(closings.iter().map(|closing| closing.at.micros())).with_timezone("UTC");
    let columns: Vec<ArrayRef> = vec![
        number(|closing| closing.version),
        number(|closing| closing.revision),
        Arc::new(times),
        Arc::new(StringViewArray::from_iter_values(closings.iter().map(|closing| closing.ended_by.as_str()))),
        Arc::new(StringViewArray::from_iter_values(closings.iter().map(|closing| &*closing.scan_id))),
    ];
    Ok(RecordBatch::try_new(Arc::clone(&schema::CLOSINGS), columns)?)
}

/// The versions that a commit opens, with their contents, and those that it closes.
#[derive(Debug)]
pub struct Replaced {
    /// By the revision that they begin with.
    pub opened: HashMap<Revision, Arc<Content>>,
    /// The revisions that they began with.
    pub closed: Vec<Revision>,
}

/// What is known of an observation before its commit begins: where its resource is, and from which version it differs in
/// what.
#[derive(Debug)]
pub struct Located {
    place: Place,
    differs: Option<(Revision, Vec<String>)>,
}

/// So many observations are compared with what they may have changed at once.
const COMPARED_AT_ONCE: usize = 512;

/// Finds the resources of a batch; adds the versions that an observation differs from, by their hashes: their contents are
/// to be compared.
pub fn locate(state: &State, observations: &[Observation], wanted: &mut Vec<Revision>) -> Vec<Located> {
    let find = |observation: &Observation| {
        let place = state.find(&observation.key);
        let mut located = Located { place, differs: None };
        if let Sighting::Present(_, hash) = &observation.sighting
            && let Some(known) = place.and_then(|place| state.slot(place)).map(|slot| &slot.known)
            && known.alive
            && known.hash != *hash
        {
            wanted.push(known.version);
            located.differs = Some((known.version, Vec::new()));
        }
        located
    };
    observations.iter().map(find).collect()
}

/// Tells in what located observations differ from the contents at hand, on all cores.
pub fn compare(contents: &Contents, rules: &TypeRulesSet, observations: &[Observation], located: &mut [Located]) {
    let mut differing: Vec<_> = located.iter_mut().zip(observations).filter(|(located, _)| located.differs.is_some()).collect();
    in_parallel(differing.chunks_mut(COMPARED_AT_ONCE), |chunk| {
        for (located, observation) in chunk {
            let Sighting::Present(after, _) = &observation.sighting else { continue };
            let rules = rules.comparing(observation.key.resource_type());
            located.differs = located.differs.take().and_then(|(version, _)| {
                let before = contents.get(version)?;
                Some((version, changed_paths(before, after, rules)))
            });
        }
    });
}

impl Known {
    /// As read from the tables: who saw it last is not known and, for scans that begin now, does not matter.
    pub fn stored(hash: ContentHash, version: Revision, first_seen: Revision, first_seen_at: Timestamp) -> Self {
        Self { version, first_seen, first_seen_at, ..Self::born(hash, version, first_seen_at) }
    }
}
