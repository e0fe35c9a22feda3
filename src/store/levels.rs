//! Levels of files: when the files of a table are merged into larger ones.

use super::data_file::DataFile;

/// How the files of a table grow: by levels of a factor.
#[derive(Debug)]
pub struct Levels {
    /// Rows of the lowest level.
    rows: u64,
    /// So many files of one level become one of the next.
    files: u64,
}

/// Of the open epoch: a query reads them all.
pub const VERSION_LEVELS: Levels = Levels { rows: 1 << 8, files: 4 };
/// A query of a stretch of history reads one or two; each level writes all payload once more.
pub const CHANGE_LEVELS: Levels = Levels { rows: 1 << 12, files: 64 };
/// The longer the window of a file, the more often a listing repeats in it and costs next to nothing.
pub const OBSERVATION_LEVELS: Levels = Levels { rows: 1 << 16, files: 4 };
/// Read as a whole.
pub const ENTRY_LEVELS: Levels = Levels { rows: 1 << 10, files: 4 };
/// Files with more rows than this are never merged again.
const MERGED_ROWS_MAX: u64 = 1 << 26;

impl Levels {
    /// Where as many trailing files as make a level are of one level or a lower one, they are merged, again and again.
    /// Returns the first file that becomes one with the new rows; the files in between are never written.
    pub fn first_to_merge(&self, files: &[DataFile], new_rows: usize) -> usize {
        let mut rows: Vec<u64> = files.iter().map(|file| file.rows).collect();
        let mut last = new_rows as u64;
        loop {
            let fits = |rows: &&u64| self.level(**rows) <= self.level(last) && **rows <= MERGED_ROWS_MAX;
            let run = rows.iter().rev().take_while(fits).count();
            if (run as u64) + 1 < self.files || last > MERGED_ROWS_MAX {
                return rows.len();
            }
            last += rows.split_off(rows.len() - run).iter().sum::<u64>();
        }
    }

    fn level(&self, rows: u64) -> u32 {
        (rows / self.rows).max(1).ilog(self.files)
    }
}
