//! What other scans are listing at the moment: it is left to them.
//!
//! A scan tells the log, when it begins, which scopes it is about to list. That only spares requests: two scans that begin at
//! once both list, and what each of them may overrule is up to the store.

use std::collections::HashMap;
use std::sync::Arc;

use super::provider::{About, Failure, Reason};
use crate::model::Timestamp;
use crate::store::History;

/// Of a scan that wrote nothing for so long nobody knows whether it lives: nothing is left to it. Scans write page by page, and
/// one page seldom takes longer.
const SILENT_AFTER_MICROS: i64 = 2 * 60 * 1_000_000;

/// Scopes, and what there is to say of the scan that lists them.
#[derive(Debug)]
pub(super) struct Others(HashMap<String, Arc<str>>);

impl Others {
    /// Those of the scans that have not ended and were heard of lately.
    pub(super) fn of(history: &History, now: Timestamp) -> Self {
        let silent_since = now.micros() - SILENT_AFTER_MICROS;
        let mut scopes = HashMap::new();
        for (scan_id, scan) in history.index.open_scans.iter().filter(|(_, scan)| scan.last_at >= silent_since) {
            let seconds = (now.micros() - scan.last_at).max(0) / 1_000_000;
            let said: Arc<str> = format!("scan {scan_id} is listing it, and was heard of {seconds} seconds ago").into();
            scopes.extend(scan.scopes.iter().map(|scope| (scope.clone(), Arc::clone(&said))));
        }
        Self(scopes)
    }

    /// Why a listing is left to others: all of its scopes are being listed.
    pub(super) fn listing(&self, about: &About) -> Option<Failure> {
        let scans: Option<Vec<&Arc<str>>> = about.scopes.iter().map(|scope| self.0.get(scope.as_str())).collect();
        Some(Failure::new(Reason::LeftToOtherScan, scans?.first()?, 0))
    }
}
