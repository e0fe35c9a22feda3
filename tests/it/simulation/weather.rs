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
    /// A process that stood still was taken for dead: another took its place, and it went on beside that.
    TakenForDead,
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
    PinRenewed,
    /// A reader with a pin asked again when files that it needs would have been gone without it.
    PinKeptFiles,
    /// A reader whose pin was not renewed in time was told that files are gone.
    PinRanOut,
    FloorRaised,
    /// A scan or a tag kept the floor from rising as far as was asked for.
    FloorHeldBack,
    /// A reader was told where the floor is.
    AskedBelowFloor,
    VerifiedMeanwhile,
}

impl Event {
    /// What the weather brings; all others come of themselves.
    pub const FAULTS: [Self; 27] = [
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
        Self::TakenForDead,
        Self::ClockAhead,
        Self::ClockBehind,
    ];

    pub const OTHERS: [Self; 16] = [
        Self::LateLandingTookTheName,
        Self::SlotLost,
        Self::CompactedTwice,
        Self::SegmentCutDown,
        Self::ObjectSwept,
        Self::ScanContinued,
        Self::ScanOvertaken,
        Self::ReaderAskedAgain,
        Self::ReaderOutlivedFiles,
        Self::PinRenewed,
        Self::PinKeptFiles,
        Self::PinRanOut,
        Self::FloorRaised,
        Self::FloorHeldBack,
        Self::AskedBelowFloor,
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
        Event::PublishRefused | Event::PublishReplyLost | Event::LatePublish | Event::RangeRefused => 1 + rate / 2,
        Event::DeleteRefused | Event::DeleteReplyLost | Event::LateDelete | Event::TakenForDead => 1 + rate / 20,
        Event::PausedBefore | Event::PausedAfter | Event::KilledBefore | Event::KilledAfter => rate * 6,
        Event::ReadRefused | Event::SlowRequest | Event::ClockAhead | Event::ClockBehind => rate * 10,
        _ => rate,
    }
}

/// How often a fault happens in a run at most, so that runs end, and no fault keeps the others away.
const TIMES_MAX: usize = 7;

/// How often a fault still happens.
#[derive(Debug)]
struct Rate {
    one_in: usize,
    left: usize,
}

/// Which faults a run has.
#[derive(Debug)]
pub struct Weather(BTreeMap<Event, Rate>);

impl Weather {
    /// Each run has about half of the faults, so that also few of them meet.
    pub fn of(chance: &mut Chance) -> Self {
        let mut rates = BTreeMap::new();
        for fault in Event::FAULTS {
            let rate = Rate { one_in: one_in(fault, chance), left: 1 + chance.next(TIMES_MAX) };
            if chance.next(2) == 0 {
                rates.insert(fault, rate);
            }
        }
        Self(rates)
    }

    /// Whether a fault happens now.
    pub fn brings(&mut self, fault: Event, chance: &mut Chance) -> bool {
        let Some(rate) = self.0.get_mut(&fault).filter(|rate| rate.left > 0) else { return false };
        let brought = chance.next(rate.one_in) == 0;
        rate.left -= usize::from(brought);
        brought
    }

    pub fn end(&mut self) {
        self.0.clear();
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
