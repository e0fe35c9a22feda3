//! The points of a range at which a question is asked, told by their places.

use super::intervals::Moment;
use crate::model::{Revision, TimeSpan, Timestamp};
use crate::query::View;

/// Points of the history, the oldest first: where a range begins, where scans ended in it, and where it ends.
pub(super) struct Points {
    points: Vec<Point>,
    /// The place of the point where the range begins. Before it are those that tell whether what is so there has lasted.
    begin: usize,
    lasting: TimeSpan,
}

struct Point {
    moment: Moment,
    /// Its time, which for revision 0 is a moment before the first observation.
    time: Timestamp,
}

impl Points {
    /// The points of a range, both ends included, for what has to last so long.
    pub(super) fn new(view: &View, from: Revision, to: Revision, lasting: Option<TimeSpan>) -> Self {
        let first = lasting.map_or(from, |lasting| long_before(view, from, lasting));
        let mut revisions: Vec<Revision> = view.scan_ends_between(first, to).iter().copied().chain([first, from, to]).collect();
        revisions.sort_unstable();
        revisions.dedup();
        let begin = revisions.partition_point(|revision| *revision < from);
        let point = |revision| {
            let moment = Moment { revision, at: view.source().time_of(revision) };
            Point { moment, time: view.time_of(revision) }
        };
        Self { points: revisions.into_iter().map(point).collect(), begin, lasting: lasting.unwrap_or_default() }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.points.len()
    }

    /// Their revisions.
    pub(super) fn revisions(&self) -> Vec<Revision> {
        self.points.iter().map(|point| point.moment.revision).collect()
    }

    /// The place of the first that is not before a revision.
    pub(super) fn at_or_after(&self, revision: Revision) -> usize {
        self.points.partition_point(|point| point.moment.revision < revision)
    }

    /// What is where.
    pub(super) fn moment(&self, place: usize) -> Option<Moment> {
        self.points.get(place).map(|point| point.moment)
    }

    /// When what is so at one point, and up to another, is told of: the place of the point, and whether that is where the range
    /// begins. Nothing if it does not last, or is over by then.
    pub(super) fn told_at(&self, first: usize, end: usize) -> Option<(usize, bool)> {
        let since = self.points.get(first)?.time.micros();
        let lasted = |point: &Point| point.time.micros().saturating_sub(since) >= self.lasting.micros();
        let opened = first + self.points.get(first..end)?.iter().position(lasted)?;
        (end > self.begin).then(|| (opened.max(self.begin), opened <= self.begin))
    }
}

/// The last end of a scan that was so long before a revision, else where the history begins.
fn long_before(view: &View, revision: Revision, span: TimeSpan) -> Revision {
    let before = view.revision_at(Timestamp::from_micros(view.time_of(revision).micros().saturating_sub(span.micros())));
    let end = view.scan_ends().iter().copied().rfind(|end| (view.floor()..=before).contains(end));
    end.unwrap_or_else(|| view.floor()).min(revision)
}
