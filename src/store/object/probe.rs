//! Tries out whether a storage keeps what the log rests on: of several creates of one name one is done, and what was written is
//! listed and read from then on. A storage that ignores conditions would lose what was acknowledged.
//!
//! That it held is kept in the store, under a name made from where the store is: a copy in another place is tried out anew, and
//! so is each after a while, since servers are replaced. So opening a store for writing costs one listing.

use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use sha2::{Digest, Sha256};
use tracing::warn;
use uuid::Uuid;

use super::ObjectBackend;
use crate::error::{Error, ErrorKind, Result};
use crate::store::backend::{Backend, Created, Listed};
use crate::store::manifest::hex;

/// Where the objects of probes are.
const FOLDER: &str = "probe";
/// Creates of one name at once.
const RACERS: u8 = 8;
/// How often it is tried out because answers were lost.
const TRIES_MAX: usize = 3;
/// After so long it is tried out anew.
const HELD: Duration = Duration::from_secs(30 * 24 * 3600);
/// An object of a probe this old belongs to no living process.
const LEFT_OVER: Duration = Duration::from_secs(24 * 3600);

/// Makes sure that the storage keeps creates exclusive.
///
/// # Errors
/// `Unavailable` if it does not, or cannot be written.
pub(super) async fn prove(backend: &ObjectBackend, identity: &str) -> Result<()> {
    let name = held_name(identity);
    let listed = backend.list(FOLDER, "").await?;
    if listed.iter().any(|object| object.name == name && object.age_seconds < HELD.as_secs()) {
        return Ok(());
    }
    for attempt in 1.. {
        let probe = Probe { backend, name: format!("{FOLDER}/{}", Uuid::new_v4().simple()) };
        let outcome = probe.run().await;
        probe.clean_up(&listed).await;
        match outcome {
            Err(error) if error.kind() == ErrorKind::Uncertain && attempt < TRIES_MAX => backend.back_off(attempt).await,
            Err(error) if error.kind() == ErrorKind::Uncertain => {
                return Err(
                    Error::unavailable(format!("whether {identity} keeps creates exclusive cannot be tried out now")).with_source(error)
                );
            }
            outcome => {
                outcome?;
                break;
            }
        }
    }
    backend.replace(&name, Bytes::from(format!("Creates of objects are exclusive: {identity}\n"))).await
}

/// The name under which it is kept that creates are exclusive in a place.
fn held_name(identity: &str) -> String {
    let hash = hex(&Sha256::digest(identity));
    format!("{FOLDER}/held-{}", hash.get(..32).unwrap_or(&hash))
}

struct Probe<'a> {
    backend: &'a ObjectBackend,
    /// What the names of its objects begin with.
    name: String,
}

impl Probe<'_> {
    fn names(&self) -> [String; 2] {
        ["twice", "race"].map(|what| format!("{}-{what}", self.name))
    }

    async fn run(&self) -> Result<()> {
        let [twice, race] = self.names();
        let first = self.backend.create(&twice, Bytes::from_static(b"first")).await?;
        let second = self.backend.create(&twice, Bytes::from_static(b"second")).await?;
        if (first, second) != (Created::Done, Created::Exists) {
            return Err(self.broken(&format!("a create of a new name and another of the same ended with {first:?} and {second:?}")));
        }
        let winner = self.race(&race).await?;
        for (name, content) in [(&twice, "first".to_owned()), (&race, winner.to_string())] {
            if self.backend.get(name).await?.as_deref() != Some(content.as_bytes()) {
                return Err(self.broken("what was written is not what is read"));
            }
        }
        let listed = self.backend.list(FOLDER, &self.name).await?;
        match [&twice, &race].into_iter().find(|name| !listed.iter().any(|object| object.name == **name)) {
            Some(name) => Err(self.broken(&format!("{name} was written and is not listed"))),
            None => Ok(()),
        }
    }

    /// Several creates of one name at once; says which was done.
    async fn race(&self, name: &str) -> Result<u8> {
        let racers = (0..RACERS).map(|racer| async move { (racer, self.backend.create(name, Bytes::from(racer.to_string())).await) });
        let (mut winners, mut unknown) = (Vec::new(), None);
        for (racer, outcome) in join_all(racers).await {
            match outcome {
                Ok(Created::Done) => winners.push(racer),
                Ok(Created::Exists) => {}
                Err(error) if error.kind() == ErrorKind::Uncertain => unknown = Some(error),
                Err(error) => return Err(error),
            }
        }
        match (winners.as_slice(), unknown) {
            ([winner], _) => Ok(*winner),
            ([], Some(error)) => Err(error),
            (winners, _) => Err(self.broken(&format!("of {RACERS} creates of one name at once, {} were done", winners.len()))),
        }
    }

    fn broken(&self, what: &str) -> Error {
        Error::unavailable(format!(
            "the storage of {} does not keep creates exclusive ({what}); a store there could lose data",
            self.backend.location()
        ))
        .with_hint("use a storage that keeps `If-None-Match: *` on PUT as Amazon's S3 does, or a folder on a local disk")
    }

    /// Removes its objects and those that others left long ago. Where that is not allowed they stay: they are small and few.
    async fn clean_up(&self, listed: &[Listed]) {
        let left_over = listed.iter().filter(|object| {
            let kept = if object.name.starts_with(&format!("{FOLDER}/held-")) { HELD } else { LEFT_OVER };
            object.age_seconds >= kept.as_secs()
        });
        for name in self.names().iter().chain(left_over.map(|object| &object.name)) {
            if let Err(error) = self.backend.delete(name).await {
                warn!(%error, "what was written to try the storage out stays there");
            }
        }
    }
}
