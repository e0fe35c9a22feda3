//! Pins: a reader that takes long says which manifest it reads, and sweeps keep what that one names.
//!
//! `pins/<manifest, 20 digits>.<id>`, an empty object. Who came first is decided without clocks: a reader makes its pin, and then
//! looks whether what it has pinned is the newest manifest; only then does it go on. A sweep looks at the pins once a newer
//! manifest is there. So either the sweep sees the pin, or the reader the newer manifest, which it takes instead.
//!
//! A pin is a lease. Its reader writes it anew again and again; one that has not been for [`LEASE`], by the storage's own
//! clock, is nobody's any more. Who may not write goes without, and has the grace period.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinHandle;
use tracing::debug;

use super::backend::{Backend, Created};
use super::backup_point::manifest_in_force;
use super::history::History;
use super::manifest::manifest_name;
use crate::clock::Clock;
use crate::error::Result;

/// Where they are.
const FOLDER: &str = "pins";
/// A pin that was not written for so long is nobody's.
pub const LEASE: Duration = Duration::from_secs(3600);
/// A pin is written anew this often: a few times may fail.
const RENEW_EVERY: Duration = Duration::from_secs(600);

/// What keeps the files of a manifest from being removed while it is held. One that is dropped without being released runs out.
#[derive(Debug)]
pub struct ReaderPin {
    held: Option<Held>,
}

#[derive(Debug)]
struct Held {
    backend: Arc<dyn Backend>,
    name: String,
    renewing: JoinHandle<()>,
}

impl ReaderPin {
    /// Pins the manifest of a history; `None` if there is a newer one: read that first, and pin it. Where nothing can be
    /// written, what is returned holds nothing. By the clock the pin is written anew.
    ///
    /// # Errors
    /// `Unavailable` if the storage cannot be read.
    pub async fn take(history: &History, clock: &Arc<dyn Clock>) -> Result<Option<Self>> {
        let (backend, manifest) = (&history.backend, history.manifest.number);
        // A backup is not written to, and the tail is in memory.
        if history.point.is_some() || manifest == 0 {
            return Ok(Some(Self { held: None }));
        }
        let name = format!("{FOLDER}/{manifest:020}.{}", clock.new_id().simple());
        let created = backend.create(&name, Bytes::new()).await;
        // Nobody else makes one of this name: of one that is said to exist nobody knows whether it is there.
        if !matches!(created, Ok(Created::Done)) {
            debug!(?created, "read without a pin");
            return Ok(Some(Self { held: None }));
        }
        let renewing = tokio::spawn(keep_renewed(Arc::clone(backend), name.clone(), Arc::clone(clock)));
        let pin = Self { held: Some(Held { backend: Arc::clone(backend), name, renewing }) };
        let newer = manifest_in_force(&backend.list("manifest", &manifest_name(manifest)).await?);
        if newer.is_some() {
            pin.release().await;
            return Ok(None);
        }
        Ok(Some(pin))
    }

    /// Writes it anew, which it does by itself every few minutes.
    ///
    /// # Errors
    /// `Unavailable` if the storage refuses: it is tried again.
    pub async fn renew(&self) -> Result<()> {
        match &self.held {
            Some(held) => held.backend.replace(&held.name, Bytes::new()).await,
            None => Ok(()),
        }
    }

    /// Whether it holds anything.
    pub fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// Lets go. One that cannot be taken away runs out.
    pub async fn release(mut self) {
        if let Some(held) = self.held.take() {
            held.renewing.abort();
            if let Err(error) = held.backend.delete(&held.name).await {
                debug!(%error, "a pin is left to run out");
            }
        }
    }
}

impl Drop for ReaderPin {
    fn drop(&mut self) {
        if let Some(held) = &self.held {
            held.renewing.abort();
        }
    }
}

async fn keep_renewed(backend: Arc<dyn Backend>, name: String, clock: Arc<dyn Clock>) {
    loop {
        clock.sleep(RENEW_EVERY).await;
        if let Err(error) = backend.replace(&name, Bytes::new()).await {
            debug!(%error, "a pin could not be renewed; it is tried again");
        }
    }
}

/// A pin that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin {
    manifest: u64,
    runs_out_in: Duration,
}

impl Pin {
    /// The manifest that it names.
    pub fn manifest(&self) -> u64 {
        self.manifest
    }

    /// How long it holds if its reader does not write it anew.
    pub fn runs_out_in(&self) -> Duration {
        self.runs_out_in
    }
}

/// What readers have pinned. Pins that ran out are taken away.
///
/// # Errors
/// `Unavailable` if the storage refuses.
pub async fn pins(history: &History) -> Result<Vec<Pin>> {
    let mut pins = Vec::new();
    for listed in history.backend.list(FOLDER, "").await? {
        let left = LEASE.checked_sub(Duration::from_secs(listed.age_seconds)).filter(|left| !left.is_zero());
        match left {
            None => history.backend.delete(&listed.name).await?,
            Some(runs_out_in) => pins.extend(manifest_of(&listed.name).map(|manifest| Pin { manifest, runs_out_in })),
        }
    }
    Ok(pins)
}

/// The manifest that a pin names.
fn manifest_of(name: &str) -> Option<u64> {
    let (digits, _) = name.strip_prefix(FOLDER)?.strip_prefix('/')?.split_once('.')?;
    digits.parse().ok()
}
