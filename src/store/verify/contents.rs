//! Contents: those of versions must have the hash that is stored with them.

use arrow::array::RecordBatch;

use crate::error::Result;
use crate::model::{Content, ContentHash, TypeRules, TypeRulesSet};
use crate::store::content_columns::{ContentColumns, content_arrays};
use crate::store::entries::{EntryKind, EntryView};
use crate::store::index::{StoreSettings, read_details};
use crate::store::redaction::Redactions;
use crate::store::segment::{content_hashes, numbers, texts};

/// The rules that decided which contents are equal, with the segments that set them, oldest first.
#[derive(Debug, Default)]
pub struct RulesOverTime(Vec<(u64, TypeRulesSet)>);

impl RulesOverTime {
    /// Takes in an entry of the log.
    ///
    /// # Errors
    /// `Corrupt` if it cannot be read.
    pub fn take(&mut self, seq: u64, entry: &EntryView<'_>) -> Result<()> {
        if entry.kind == EntryKind::SettingChanged {
            let settings: StoreSettings = read_details(entry)?;
            if self.0.last().is_none_or(|(_, last)| *last != settings.types) {
                self.0.push((seq, settings.types));
            }
        }
        Ok(())
    }

    /// Whether a content that a segment wrote has a hash: under the rules that were in force then, or earlier, since a scan
    /// goes on with those that it began with.
    fn agree(&self, seq: u64, resource_type: &str, content: &Content, hash: ContentHash) -> bool {
        let mut tried: Option<Option<&TypeRules>> = None;
        for (_, rules) in self.0.iter().rev().filter(|(since, _)| *since < seq) {
            let rules = rules.comparing(resource_type);
            if tried != Some(rules) && content.hash(rules) == hash {
                return true;
            }
            tried = Some(rules);
        }
        false
    }

    /// The rows of versions, each written by a segment, whose content has another hash than is stored with it, or is not what
    /// replaces it where it is redacted.
    ///
    /// # Errors
    /// `Internal` if they have no contents.
    pub fn disagreeing(&self, versions: &RecordBatch, redactions: &Redactions, seq_of: impl Fn(usize) -> u64) -> Result<Vec<usize>> {
        let (types, hashes) = (texts(versions, "resource_type")?, content_hashes(versions)?);
        let (keys, began) = (texts(versions, "resource_key")?, numbers(versions, "valid_from_revision")?);
        let arrays = content_arrays(versions)?;
        let contents = ContentColumns::new(&arrays)?;
        let disagrees = |row: &usize| {
            let hash = ContentHash(hashes.value(*row).try_into().unwrap_or([0; 16]));
            let content = contents.content(*row);
            match redactions.content(keys.value(*row), began.value(*row)) {
                Some(expected) => content != expected || hash != expected.hash(None),
                None => !self.agree(seq_of(*row), types.value(*row), &content, hash),
            }
        };
        Ok((0..versions.num_rows()).filter(disagrees).collect())
    }
}
