//! The store as one session sees it: a snapshot, and the revision it is pinned at.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use super::source::HistorySource;
use crate::clock::Clock;
use crate::model::{Revision, Timestamp};
use crate::store::Epoch;

/// Where a session is pinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin {
    /// The newest revision that it sees.
    pub revision: Revision,
    /// Its present time.
    pub time: Timestamp,
}

/// A snapshot as a session sees it. Nothing after the pin is there.
#[derive(Debug, Clone)]
pub struct View {
    source: Arc<dyn HistorySource>,
    clock: Arc<dyn Clock>,
    pin: Option<Pin>,
}

impl View {
    /// The present of a snapshot.
    pub fn new(source: Arc<dyn HistorySource>, clock: Arc<dyn Clock>) -> Self {
        Self { source, clock, pin: None }
    }

    /// The same snapshot as it stood at a pin.
    pub fn pinned(&self, pin: Option<Pin>) -> Self {
        Self { pin, ..self.clone() }
    }

    /// Another snapshot, seen in the same way.
    pub fn with_source(&self, source: Arc<dyn HistorySource>) -> Self {
        Self { source, ..self.clone() }
    }

    /// Where it is pinned.
    pub fn pin(&self) -> Option<Pin> {
        self.pin
    }

    /// The snapshot.
    pub fn source(&self) -> &Arc<dyn HistorySource> {
        &self.source
    }

    /// The newest revision that is seen.
    pub fn head(&self) -> Revision {
        self.pin.map_or_else(|| self.source.head(), |pin| pin.revision)
    }

    /// The oldest revision that can be asked for.
    pub fn floor(&self) -> Revision {
        self.source.floor()
    }

    /// What time it is: the pin's time, else the clock's.
    pub fn now(&self) -> Timestamp {
        self.pin.map_or_else(|| self.clock.now(), |pin| pin.time)
    }

    /// The last revision that is seen and was observed at or before a time; 0 before the first.
    pub fn revision_at(&self, time: Timestamp) -> Revision {
        self.source.revision_at(time).min(self.head())
    }

    /// When a revision was observed; for revision 0 the moment before the first observation.
    pub fn time_of(&self, revision: Revision) -> Timestamp {
        let before_first = || self.source.time_of(1.max(self.floor())).map(|first| Timestamp::from_micros(first.micros() - 1));
        self.source.time_of(revision).filter(|_| revision > 0).or_else(before_first).unwrap_or_else(|| self.clock.now())
    }

    /// The revision that a tag names, if the tag was made by then.
    pub fn tag(&self, name: &str) -> Option<Revision> {
        self.source.tag(name).filter(|point| point.head <= self.head()).map(|point| point.revision)
    }

    /// The ends of scans that are seen: for each the last revision written before it.
    pub fn scan_ends(&self) -> &[Revision] {
        let ends = self.source.scan_ends();
        let seen = ends.partition_point(|end| *end <= self.head());
        ends.get(..seen).unwrap_or(ends)
    }

    /// Those of them that lie between two revisions, which are not among them.
    pub fn scan_ends_between(&self, after: Revision, before: Revision) -> &[Revision] {
        let ends = self.scan_ends();
        let place = |revision: Revision| ends.partition_point(|end| *end < revision);
        ends.get(place(after.saturating_add(1))..place(before)).unwrap_or_default()
    }

    /// Of the epochs that hold the state at a revision, the one with fewest rows.
    pub fn epoch_of(&self, revision: Revision) -> Option<&Epoch> {
        let holds = |epoch: &&Epoch| epoch.start <= revision && epoch.end.is_none_or(|end| revision <= end);
        let rows = |epoch: &&Epoch| epoch.files.iter().map(|file| file.rows).sum::<u64>();
        self.source.epochs().iter().filter(holds).min_by_key(rows)
    }

    /// The revision after which an epoch's rows tell what began: its start. What the first epoch has carried is in no other.
    pub fn told_from(&self, epoch: &Epoch) -> Revision {
        let first = self.source.epochs().first().is_some_and(|first| first.start == epoch.start);
        if first { 0 } else { epoch.start }
    }

    /// The epochs with a revision after `after`, up to and including `until`.
    pub fn epochs_meeting(&self, after: Revision, until: Revision) -> impl Iterator<Item = &Epoch> {
        self.source.epochs().iter().filter(move |epoch| epoch.start < until && epoch.end.is_none_or(|end| end > after))
    }
}

/// The view of a session, which every table of it shares: a statement is planned against one view.
#[derive(Clone)]
pub struct SharedView(Arc<RwLock<Arc<View>>>);

impl SharedView {
    /// A cell that holds a view.
    pub fn new(view: View) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(view))))
    }

    /// The view that statements are planned against.
    pub fn get(&self) -> Arc<View> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether two are of one session.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Changes what the next statements see.
    pub fn set(&self, view: View) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(view);
    }
}

impl fmt::Debug for SharedView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedView")
    }
}
