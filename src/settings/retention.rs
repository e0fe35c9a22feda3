//! `[retention]`: how much of the past is kept.

use serde::Deserialize;

use crate::model::TimeSpan;
use crate::store::RetentionSettings;

/// `[retention]`: what `elava retain` and jobs that retain keep. Written into the store's log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionFileSettings {
    /// The states of so long a time.
    pub keep: Option<TimeSpan>,
    /// So many revisions; with `keep`, what keeps more.
    pub keep_revisions: Option<u64>,
}

impl RetentionFileSettings {
    /// What a store keeps after the file has had its say.
    pub fn over(&self, known: RetentionSettings) -> RetentionSettings {
        match (self.keep, self.keep_revisions) {
            (None, None) => known,
            (keep, keep_revisions) => RetentionSettings { keep, keep_revisions },
        }
    }
}
