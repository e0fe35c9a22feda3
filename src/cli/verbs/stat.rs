//! How much changed, by resource type: a bar for each.

use super::pen::{Ink, Pen};
use super::row::Row;

/// Columns of the longest bar.
const BAR_WIDTH: u64 = 40;

/// The columns by which changes are counted.
pub const COUNTS: &str = "count(*) FILTER (WHERE change = 'created') AS created, \
     count(*) FILTER (WHERE change = 'updated') AS updated, \
     count(*) FILTER (WHERE change = 'deleted') AS deleted";

/// How much changed of a type.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    resource_type: String,
    /// Created, updated, deleted.
    changes: [u64; 3],
}

impl Counts {
    /// From a row with resource_type and the columns of [`COUNTS`].
    pub fn of(row: Row<'_>) -> Self {
        Self {
            resource_type: row.text("resource_type").to_owned(),
            changes: ["created", "updated", "deleted"].map(|name| row.number(name)),
        }
    }

    fn total(&self) -> u64 {
        self.changes.iter().sum()
    }
}

/// A line with a bar for each type, and one with the sums.
pub fn bars(types: &[Counts], pen: Pen) -> String {
    let longest = types.iter().map(Counts::total).max().unwrap_or_default();
    let name_width = types.iter().map(|counts| counts.resource_type.len()).max().unwrap_or_default();
    let number_width = longest.to_string().len();
    let mut page = String::new();
    for counts in types {
        let bar: String = [Ink::Added, Ink::Changed, Ink::Removed]
            .into_iter()
            .zip(["+", "~", "-"])
            .zip(counts.changes)
            .map(|((ink, mark), count)| pen.write(ink, &mark.repeat(length(count, longest))))
            .collect();
        let (name, total) = (&counts.resource_type, counts.total());
        page.push_str(&format!(" {}  {total:>number_width$} {bar}\n", pen.write(Ink::Name, &format!("{name:name_width$}"))));
    }
    let sum = |nth: usize| types.iter().filter_map(|counts| counts.changes.get(nth)).sum::<u64>();
    let kinds = if types.len() == 1 { "1 type".to_owned() } else { format!("{} types", types.len()) };
    page.push_str(&format!(" {kinds}: {} created, {} updated, {} deleted\n", sum(0), sum(1), sum(2)));
    page
}

/// The part of a bar for a count: one mark each if all fits, else in proportion, and what is not nothing is seen.
fn length(count: u64, longest: u64) -> usize {
    let scaled = if longest <= BAR_WIDTH { count } else { (count * BAR_WIDTH).div_ceil(longest) };
    usize::try_from(scaled).unwrap_or_default()
}
