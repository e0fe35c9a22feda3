//! What goes wrong in a run, how often, and that it did.

use std::collections::BTreeMap;

use crate::support::traced_files::Chance;

/// Something that a run is meant to go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// A create did not reach the storage.
    CreateNotSent,
    /// The disk is full.
    DiskFull,
    /// A create was done; the reply was lost.
    CreateReplyLost,
    /// A create was lost, and nobody knows.
    CreateLost,
    /// A create that nobody knows of is done later, up to days.
    LateCreate,
    /// A create is refused as others of the name are under way, and nothing is there (409).
    ConflictWithNothing,
    /// A create was done by a first try, and the answer is about a second one.
    EchoOfOneself,
    /// An object or a listing could not be read.
    ReadRefused,
    /// A part of a data file could not be read.
    RangeRefused,
    /// A listing came in two pages with time between them.
    ListingInPages,
    ReplaceRefused,
    ReplaceReplyLost,
    LateReplace,
    DeleteRefused,
    DeleteReplyLost,
    LateDelete,
    PublishRefused,
    PublishReplyLost,
    LatePublish,
    /// One request took up to hours.
    SlowRequest,
    /// A process stood still for days, before a request reached the storage or after it did.
    PausedBefore,
    PausedAfter,
    /// A process was killed, before a request reached the storage or after it did.
    KilledBefore,
    KilledAfter,
    /// A clock jumped, up to days.
    ClockAhead,
    ClockBehind,

    /// A late create found its name free.
    LateLandingTookTheName,
    /// Another writer held the slot.
    SlotLost,
    /// Another compactor had published the same manifest.
    CompactedTwice,
    SegmentCutDown,
    ObjectSwept,
    /// A scan that broke off went on under its id.
    ScanContinued,
    /// A scan was found to have been written to by a life that had ended.
    ScanOvertaken,
    /// A reader asked again what it had asked before the store was compacted.
    ReaderAskedAgain,
    /// A reader that held its snapshot for longer than files are kept was told so.
    ReaderOutlivedFiles,
    VerifiedMeanwhile,
}

impl Event {
    /// What the weather brings; all others come of themselves.
    pub const FAULTS: [Self; 26] = [
        Self::CreateNotSent,
        Self::DiskFull,
        Self::CreateReplyLost,
        Self::CreateLost,
        Self::LateCreate,
        Self::ConflictWithNothing,
        Self::EchoOfOneself,
        Self::ReadRefused,
        Self::RangeRefused,
        Self::ListingInPages,
        Self::ReplaceRefused,
        Self::ReplaceReplyLost,
        Self::LateReplace,
        Self::DeleteRefused,
        Self::DeleteReplyLost,
        Self::LateDelete,
        Self::PublishRefused,
        Self::PublishReplyLost,
        Self::LatePublish,
        Self::SlowRequest,
        Self::PausedBefore,
        Self::PausedAfter,
        Self::KilledBefore,
        Self::KilledAfter,
        Self::ClockAhead,
        Self::ClockBehind,
    ];

    pub const OTHERS: [Self; 10] = [
        Self::LateLandingTookTheName,
        Self::SlotLost,
        Self::CompactedTwice,
        Self::SegmentCutDown,
        Self::ObjectSwept,
        Self::ScanContinued,
        Self::ScanOvertaken,
        Self::ReaderAskedAgain,
        Self::ReaderOutlivedFiles,
        Self::VerifiedMeanwhile,
    ];

    pub fn all() -> impl Iterator<Item = Self> {
        Self::FAULTS.into_iter().chain(Self::OTHERS)
    }
}

/// How often a fault of a kind happens: once in so many requests that it can happen to.
const ONE_IN: [usize; 4] = [4, 10, 25, 60];

/// Kinds of requests that are rare are hit more often; faults that can happen to all requests less.
fn one_in(fault: Event, chance: &mut Chance) -> usize {
    let rate = ONE_IN[chance.next(ONE_IN.len())];
    match fault {
        Event::ReplaceRefused | Event::ReplaceReplyLost | Event::LateReplace => 1 + rate / 20,
        Event::DeleteRefused | Event::DeleteReplyLost | Event::LateDelete => 1 + rate / 20,
        Event::PausedBefore | Event::PausedAfter | Event::KilledBefore | Event::KilledAfter => rate * 10,
        Event::ReadRefused | Event::SlowRequest => rate * 10,
        _ => rate,
    }
}

/// Which faults a run has, and for how long.
#[derive(Debug)]
pub struct Weather {
    one_in: BTreeMap<Event, usize>,
    left: usize,
}

impl Weather {
    /// Each run has about half of the faults, so that also few of them meet.
    pub fn of(chance: &mut Chance) -> Self {
        let mut rates = BTreeMap::new();
        for fault in Event::FAULTS {
            let rate = one_in(fault, chance);
            if chance.next(2) == 0 {
                rates.insert(fault, rate);
            }
        }
        Self { one_in: rates, left: 10 + chance.next(70) }
    }

    /// Whether a fault happens now. There are so many in a run, so that it ends.
    pub fn brings(&mut self, fault: Event, chance: &mut Chance) -> bool {
        let brought = self.left > 0 && self.one_in.get(&fault).is_some_and(|one_in| chance.next(*one_in) == 0);
        self.left -= usize::from(brought);
        brought
    }

    pub fn end(&mut self) {
        self.left = 0;
    }
}

/// How often what happened.
#[derive(Debug, Clone, Default)]
pub struct Events(BTreeMap<Event, usize>);

impl Events {
    pub fn count(&mut self, event: Event) {
        *self.0.entry(event).or_default() += 1;
    }

    pub fn of(&self, event: Event) -> usize {
        self.0.get(&event).copied().unwrap_or_default()
    }
}
