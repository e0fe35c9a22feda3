//! Whose turn it is: writers of one store take turns without a coordinator and without comparing clocks.
//!
//! A batch's age is how many slots it has lost to others, and each segment says what age its batch had reached
//! (`lost_slots`). So all know from the log itself how long it takes at present to get a slot: a batch of that age goes at
//! once, a younger one lets the older go first, for a turn, in which a write is done and seen, and the longer the younger it
//! is. If nobody has taken the slot by then, there is nobody older. Nothing is ever forbidden: who goes too early loses a slot.
//!
//! A writer that has just committed is the youngest, and where its neighbours in the log are others it gives way for a turn too.
//! One that knows of no others does so at times, and hesitates more often, since of somebody who always comes a moment too late it
//! cannot know.
//!
//! The rule is an aged back-off: doubling the pause with each loss, as is usual, would let those wait longest that have waited
//! longest already.

use std::time::Duration;

use crate::store::segment::SegmentHeader;

/// So many commits after that of another writer it is taken for gone.
const OTHERS_GONE_AFTER: u32 = 4;
/// So many commits after that of another writer it is given way to.
const GIVE_WAY_COMMITS: u32 = 2;
/// A writer alone gives way once in so many commits.
const ALONE_COMMITS_MAX: u32 = 32;
/// It hesitates once in so many, and more often at first: most who come too late come a moment too late.
const HESITATES_COMMITS: u32 = 8;
/// It hesitates for a turn's part of so many, unless that is shorter than is worth while.
const HESITATES_PART: u32 = 4;
const HESITATES_MIN: Duration = Duration::from_millis(5);
/// A turn is taken for no longer than this, whatever was measured.
const TURN_MAX: Duration = Duration::from_secs(1);
/// A slot is looked at no more often than this.
const LOOK_EVERY_MIN: Duration = Duration::from_millis(1);
/// A slot is looked at so many times in the time that one look takes: half of what lies between two looks is lost with each commit.
const LOOKS_PER_READ: u32 = 12;
/// Who waits longer looks less often, but not less than this.
const LOOK_FACTOR_MAX: u32 = 8;
/// How much a new measurement counts: one part in so many.
const SMOOTHING: u32 = 8;

/// How long requests take at present.
#[derive(Debug, Default)]
pub(super) struct Latency(Duration);

impl Latency {
    /// Takes a measurement in.
    pub(super) fn note(&mut self, took: Duration) {
        self.0 = if self.0.is_zero() { took } else { (self.0 * (SMOOTHING - 1) + took) / SMOOTHING };
    }
}

/// What one writer knows of whose turn it is.
#[derive(Debug, Default)]
pub(super) struct Turns {
    pub(super) writes: Latency,
    pub(super) reads: Latency,
    /// The age of the batch in the newest segment.
    age: u32,
    /// How many segments in a row are this writer's, up to the newest.
    own: u32,
    /// Whether another writer was ever seen at work.
    has_others: bool,
    /// When the newest segment was seen, by what has elapsed on the clock.
    seen_at: Duration,
}

impl Turns {
    /// Notes a segment that this writer has written.
    pub(super) fn won(&mut self, header: &SegmentHeader, now: Duration) {
        (self.age, self.own, self.seen_at) = (header.lost_slots, self.own.saturating_add(1), now);
    }

    /// Notes a segment of another writer.
    pub(super) fn lost(&mut self, header: &SegmentHeader, now: Duration) {
        (self.age, self.own, self.seen_at, self.has_others) = (header.lost_slots, 0, now, true);
    }

    /// Whether others write to the store too, as far as is known.
    pub(super) fn is_contended(&self) -> bool {
        self.has_others && self.own < OTHERS_GONE_AFTER
    }

    /// Whether others may have gone on so far that a write would most likely come too late: it pays to read on first.
    pub(super) fn is_behind(&self, now: Duration) -> bool {
        self.is_contended() && now.saturating_sub(self.seen_at) >= self.turn()
    }

    /// How long a batch of an age lets others go first.
    pub(super) fn wait(&self, age: u32, now: Duration) -> Duration {
        let wait = self.turn().mul_f64(f64::from(self.age.saturating_sub(age).saturating_add(1)).log2()).max(self.gives_way());
        wait.saturating_sub(now.saturating_sub(self.seen_at))
    }

    /// How long a writer lets others go first that has committed before.
    fn gives_way(&self) -> Duration {
        let once_in = |commits: u32| self.own > 0 && self.own.is_multiple_of(commits);
        match self.is_contended() {
            true if (1..=GIVE_WAY_COMMITS).contains(&self.own) => self.turn(),
            false if once_in(ALONE_COMMITS_MAX) => self.turn(),
            false if once_in(HESITATES_COMMITS) || self.own.is_power_of_two() => {
                let part = self.turn() / HESITATES_PART;
                if part < HESITATES_MIN { Duration::ZERO } else { part }
            }
            _ => Duration::ZERO,
        }
    }

    /// How often a batch of an age looks whether its slot is taken, the less often the longer it waits; `None` where no time
    /// passes by the clock.
    pub(super) fn look_every(&self, age: u32) -> Option<Duration> {
        let younger = self.age.saturating_sub(age).clamp(1, LOOK_FACTOR_MAX);
        let every = (self.reads.0 / LOOKS_PER_READ).clamp(LOOK_EVERY_MIN, TURN_MAX);
        (!self.turn().is_zero()).then(|| every * younger)
    }

    /// How long it takes at most to write a segment and to be seen: by a look that comes just after it, and has its way back.
    fn turn(&self) -> Duration {
        (self.writes.0 + self.reads.0 / 2).min(TURN_MAX)
    }
}
