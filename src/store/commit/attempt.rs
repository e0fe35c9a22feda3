//! The attempt to get a slot of the log, and its three outcomes.

use std::sync::Arc;

use bytes::Bytes;

use super::lookout::Lookout;
use super::turns::Turns;
use crate::error::{Error, ErrorKind, Result};
use crate::store::backend::{Backend, Created};
use crate::store::segment::{HEADER_BYTES, SegmentHeader, segment_name};

/// How often an unknown outcome is looked into before the caller is told that it is unknown.
const UNKNOWN_ATTEMPTS_MAX: usize = 8;

/// How an attempt ended. The third way, unknown, is an error of kind `Uncertain`.
#[derive(Debug)]
pub(super) enum Attempt {
    /// The segment is durable.
    Won,
    /// Another writer's segment is in the slot: its bytes.
    Lost(Bytes),
}

/// Creates a segment. Where others write too, an eye is kept on the slot meanwhile: as soon as a foreign segment is seen in it
/// the slot is lost, and whatever becomes of the create, it cannot be done any more.
pub(super) async fn attempt(lookout: &mut Lookout, turns: &mut Turns, header: &SegmentHeader, bytes: &Bytes) -> Result<Attempt> {
    let (backend, clock) = (Arc::clone(&lookout.backend), Arc::clone(&lookout.clock));
    let began = clock.elapsed();
    let created = match turns.look_every(header.lost_slots).filter(|_| turns.is_contended()) {
        None => create_segment(&*backend, header, bytes).await?,
        Some(every) => {
            let foreign = async {
                let found = lookout.watch(header.seq, every, &mut turns.reads).await;
                match decode(&found, header) {
                    Ok(other) if other.batch_id != header.batch_id => found,
                    // Our own, or one that cannot be read: the create tells.
                    _ => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                created = create_segment(&*backend, header, bytes) => created?,
                found = foreign => Attempt::Lost(found),
            }
        }
    };
    if matches!(created, Attempt::Won) {
        turns.writes.note(clock.elapsed().saturating_sub(began));
        lookout.won(header.seq);
    }
    Ok(created)
}

fn decode(found: &Bytes, header: &SegmentHeader) -> Result<SegmentHeader> {
    SegmentHeader::decode(found.get(..HEADER_BYTES).unwrap_or(found), header.seq, Some(header.store_id))
}

/// Creates a segment.
///
/// Only a create that answers says that a segment is durable, so an unknown outcome is looked into by trying again.
/// Once an outcome was unknown, no later refusal makes it known: the error stays `Uncertain`.
pub(super) async fn create_segment(backend: &dyn Backend, header: &SegmentHeader, bytes: &Bytes) -> Result<Attempt> {
    let name = segment_name(header.seq);
    let mut unknown = None;
    for attempt in 0..UNKNOWN_ATTEMPTS_MAX {
        if attempt > 0 {
            backend.back_off(attempt).await;
        }
        match backend.create(&name, bytes.clone()).await {
            Ok(Created::Done) => return Ok(Attempt::Won),
            Ok(Created::Exists) => match backend.get(&name).await {
                Ok(Some(found)) => {
                    let is_ours = decode(&found, header)?.batch_id == header.batch_id;
                    return Ok(if is_ours { Attempt::Won } else { Attempt::Lost(found) });
                }
                // It may be our own from an attempt that was thought to have failed; or other creates of the name were under way,
                // of which an object store lets none be done then.
                Ok(None) => unknown = unknown.or(Some(Error::unavailable(format!("{name} exists, but cannot be found")))),
                Err(error) => unknown = Some(error),
            },
            Err(error) if error.kind() == ErrorKind::Uncertain => unknown = Some(error),
            Err(error) if unknown.is_none() => return Err(error),
            Err(error) => unknown = Some(error),
        }
    }
    let error = Error::new(ErrorKind::Uncertain, format!("it is not known whether {name} was written"));
    let error = error.with_hint("begin the scan again under its id, or repeat the import: what was written is found");
    Err(match unknown {
        Some(cause) => error.with_source(cause),
        None => error,
    })
}
