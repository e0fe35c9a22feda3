//! Processes that raise the floor, to a revision of the log as it is or as a policy has it, and tags that hold it back.

use std::collections::BTreeMap;
use std::sync::Mutex;

use elava::model::TimeSpan;
use elava::store::{History, RetentionPlan, RetentionSettings, Writer};
use elava::{ErrorKind, Result};

use super::storage::Storage;
use super::weather::Event;

/// What was acknowledged of the floor and of tags that hold it.
#[derive(Debug, Default)]
pub struct Kept {
    /// The highest floor.
    pub floor: i64,
    /// Revisions by the tags that hold them.
    pub held: BTreeMap<String, i64>,
    /// How many tags were thought of.
    tags: usize,
}

/// One step.
pub async fn keep(writer: &Writer, storage: &Storage, kept: &Mutex<Kept>) -> Result<()> {
    let history = writer.history().await?;
    let pick = |below: usize| storage.world.state().chance.next(below);
    match pick(6) {
        0 | 1 => hold(writer, &history, kept, pick(1 << 20)).await,
        2 => release(writer, kept).await,
        _ => {
            let policy = policy(&history, writer, [pick(1 << 20), pick(1 << 20)], pick(3));
            let Some(floor) = policy.floor(&history.index, writer.clock().now()) else { return Ok(()) };
            raise(writer, &history, floor, storage, kept).await
        }
    }
}

/// Raises the floor as far as nothing holds it.
pub async fn raise(writer: &Writer, history: &History, asked: i64, storage: &Storage, kept: &Mutex<Kept>) -> Result<()> {
    let plan = RetentionPlan::new(&history.index, &history.manifest, asked)?;
    if plan.held_by.is_some() {
        storage.world.state().count(Event::FloorHeldBack);
    }
    if plan.raises() {
        writer.retain(&plan, "a test").await?;
        storage.world.state().count(Event::FloorRaised);
        let mut kept = kept.lock().unwrap();
        kept.floor = kept.floor.max(plan.floor);
    }
    Ok(())
}

/// A policy by age, by revisions or by both, which keeps some of what there is.
fn policy(history: &History, writer: &Writer, picks: [usize; 2], kind: usize) -> RetentionSettings {
    let index = &history.index;
    let revision = |pick: usize| index.floor + i64::try_from(pick).unwrap() % (index.head - index.floor + 1);
    let [oldest, first] = picks.map(revision);
    let now = writer.clock().now().micros();
    let keep = index.time_of(oldest).map(|at| TimeSpan::from_micros(now - at.micros())).filter(|_| kind != 1);
    let keep_revisions = Some(index.head.abs_diff(first)).filter(|_| kind != 0);
    RetentionSettings { keep, keep_revisions }
}

/// Makes a tag that holds a revision, unless the floor has passed that by then.
async fn hold(writer: &Writer, history: &History, kept: &Mutex<Kept>, pick: usize) -> Result<()> {
    let index = &history.index;
    let revision = index.floor + i64::try_from(pick).unwrap() % (index.head - index.floor + 1);
    let name = {
        let mut kept = kept.lock().unwrap();
        kept.tags += 1;
        format!("tag-{}", kept.tags)
    };
    writer.tag(&name, revision).await?;
    match writer.hold_tag(&name, revision).await {
        Ok(()) => drop(kept.lock().unwrap().held.insert(name, revision)),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Lets a tag hold nothing any more.
async fn release(writer: &Writer, kept: &Mutex<Kept>) -> Result<()> {
    let Some((name, revision)) = kept.lock().unwrap().held.pop_first() else { return Ok(()) };
    writer.release_tag(&name, revision).await
}
