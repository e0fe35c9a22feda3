//! Messages that wait to be delivered, in the store's folder `outbox`: an object for each message and target.
//!
//! Names are `<number, 20 digits>.<target>.<id>`: numbers give the order of a target's messages, ids make names unique.

use std::sync::Arc;
use std::time::Duration;

use memchr::memmem;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::message::Message;
use crate::error::{Error, ErrorKind, Result};
use crate::store::{Backend, Listed};

/// Messages that are kept for one target. Of more, the oldest go.
pub const KEPT_MAX: usize = 1000;

/// Where they are.
const FOLDER: &str = "outbox";
/// The format of objects.
const VERSION: u32 = 1;

/// The messages of a store that wait.
#[derive(Debug, Clone)]
pub struct Outbox {
    backend: Arc<dyn Backend>,
}

/// A message that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its object.
    pub name: String,
    /// Where it is to go.
    pub target: String,
    /// How long it has waited, by the storage's own clock.
    pub age: Duration,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    version: u32,
    message: serde_json::Value,
}

impl Outbox {
    /// The outbox of a store.
    pub fn new(backend: Arc<dyn Backend>) -> Self {
        Self { backend }
    }

    /// Keeps a message for a target, after all that are there; says how many older ones had to go.
    ///
    /// # Errors
    /// `Unavailable`, `Uncertain`: it may not be there.
    pub async fn put(&self, target: &str, message: &Message) -> Result<usize> {
        let waiting = self.waiting().await?;
        let number = waiting.iter().filter_map(Waiting::number).max().unwrap_or_default() + 1;
        let name = format!("{FOLDER}/{number:020}.{target}.{}", Uuid::new_v4().simple());
        let encoded = serde_json::to_value(message).and_then(|message| serde_json::to_vec(&Kept { version: VERSION, message }));
        let bytes = encoded.map_err(|error| Error::internal("encode a message").with_source(error))?;
        self.backend.create(&name, bytes.into()).await?;
        let of_target: Vec<&Waiting> = waiting.iter().filter(|waiting| waiting.target == target).collect();
        let surplus = (of_target.len() + 1).saturating_sub(KEPT_MAX);
        for oldest in of_target.iter().take(surplus) {
            self.remove(oldest).await?;
        }
        Ok(surplus)
    }

    /// All that wait, those of a target in their order.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn waiting(&self) -> Result<Vec<Waiting>> {
        let listed = self.backend.list(FOLDER, "").await?;
        Ok(listed.into_iter().filter_map(Waiting::of).collect())
    }

    /// Those of the messages that wait in which a text stands, such as the key of a resource.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn naming(&self, text: &str) -> Result<Vec<Waiting>> {
        let encoded = serde_json::to_string(text).map_err(|error| Error::internal("encode a text").with_source(error))?;
        let wanted = encoded.trim_matches('"').as_bytes();
        let mut naming = Vec::new();
        for waiting in self.waiting().await? {
            let bytes = self.backend.get(&waiting.name).await?.unwrap_or_default();
            if memmem::find(&bytes, wanted).is_some() {
                naming.push(waiting);
            }
        }
        Ok(naming)
    }

    /// Reads a message; `None` if it waits no more.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` if it cannot be read; `Unsupported` if a newer Elava wrote it.
    pub async fn read(&self, waiting: &Waiting) -> Result<Option<Message>> {
        let Some(bytes) = self.backend.get(&waiting.name).await? else { return Ok(None) };
        let wrong = |error| Error::corrupt(format!("the message {} cannot be read", waiting.name)).with_source(error);
        let kept: Kept = serde_json::from_slice(&bytes).map_err(wrong)?;
        if kept.version > VERSION {
            let message = format!("the message {} has format {}; this build knows {VERSION}", waiting.name, kept.version);
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        serde_json::from_value(kept.message).map(Some).map_err(wrong)
    }

    /// Takes a message out.
    ///
    /// # Errors
    /// `Unavailable`: it may be delivered once more.
    pub async fn remove(&self, waiting: &Waiting) -> Result<()> {
        self.backend.delete(&waiting.name).await
    }
}

impl Waiting {
    fn of(Listed { name, age_seconds, .. }: Listed) -> Option<Self> {
        let target = name.strip_prefix(FOLDER)?.split('.').nth(1)?.to_owned();
        Some(Self { name, target, age: Duration::from_secs(age_seconds) })
    }

    fn number(&self) -> Option<u64> {
        self.name.strip_prefix(FOLDER)?.trim_start_matches('/').split('.').next()?.parse().ok()
    }
}
