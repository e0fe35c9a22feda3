//! Every layout of a history gives the answers that the list of its observations gives.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::fake::{FakeStore, History, Layout, Observed, Seen};
use super::{rows, session, sorted};
use crate::model::{Change, Revision};
use crate::query::QuerySession;

/// A small generator of numbers, so that a failing case is found again by its seed.
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

fn history(numbers: &mut Numbers) -> History {
    let mut history = History::default();
    for _ in 0..=numbers.below(8) {
        let mut seen = Vec::new();
        for key in 0..8 {
            if numbers.below(4) == 0 {
                continue;
            }
            let kind = ["aws_vpc", "aws_ec2_instance"][key as usize % 2];
            let content =
                (numbers.below(4) > 0).then(|| (format!("n{}", numbers.below(2)), ["dev", "prod"][numbers.below(2) as usize].to_owned()));
            seen.push(Seen { key: format!("aws/1/eu/{kind}/r{key}"), content, late: numbers.below(10) == 0 });
        }
        history.scan(seen);
    }
    history
}

pub(super) fn layout(numbers: &mut Numbers, head: Revision) -> Layout {
    let mut cuts: Vec<Revision> =
        (0..numbers.below(6)).map(|_| 1 + numbers.below(head.max(1) as u64) as Revision).filter(|cut| *cut <= head).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let sealed = numbers.below(cuts.len() as u64 + 1) as usize;
    let (sealed, appended) = cuts.split_at(sealed);
    let last = sealed.last().copied().unwrap_or(0);
    let appended = if appended.is_empty() && !sealed.is_empty() { vec![last] } else { appended.to_vec() };
    let floor = if sealed.is_empty() { 0 } else { numbers.below(last as u64 + 1) as Revision };
    Layout { sealed: sealed.to_vec(), appended, floor: if numbers.below(2) == 0 { 0 } else { floor } }
}

/// The state at a revision, by key: the observation that began each version.
fn state(history: &History, at: Revision) -> BTreeMap<String, Observed> {
    let mut state = BTreeMap::new();
    for observed in history.observed.iter().take_while(|observed| observed.revision <= at) {
        match observed.change {
            Change::Created | Change::Updated => drop(state.insert(observed.key.clone(), observed.clone())),
            Change::Deleted => drop(state.remove(&observed.key)),
            Change::Unchanged | Change::Late => {}
        }
    }
    state
}

fn state_lines(history: &History, at: Revision) -> Vec<String> {
    let line = |observed: &Observed| {
        format!("{}|{}|{}|{}|{}", observed.key, observed.content.0, observed.content.1, observed.revision, observed.first_seen)
    };
    let mut lines: Vec<String> = state(history, at).values().map(line).collect();
    lines.sort_unstable();
    lines
}

fn change_lines(history: &History, from: Revision, to: Revision) -> Vec<String> {
    let changed = history.observed.iter().filter(|observed| observed.revision > from && observed.revision <= to);
    let mut lines: Vec<String> = Vec::new();
    for observed in changed.filter(|observed| matches!(observed.change, Change::Created | Change::Updated | Change::Deleted)) {
        let before = state(history, observed.revision - 1).get(&observed.key).map_or("NULL".to_owned(), |before| before.content.0.clone());
        let after = if observed.change == Change::Deleted { "NULL" } else { observed.content.0.as_str() };
        let Observed { revision, scan, key, change, content, .. } = observed;
        lines.push(format!("{revision}|{scan}|{change}|{key}|{}|{before}|{after}", content.1));
    }
    lines.sort_unstable();
    lines
}

fn diff_lines(history: &History, from: Revision, to: Revision) -> Vec<String> {
    let (old, new) = (state(history, from), state(history, to));
    let mut lines = Vec::new();
    for key in old.keys().chain(new.keys()).collect::<std::collections::BTreeSet<_>>() {
        let (before, after) = (old.get(key), new.get(key));
        if before.map(|before| &before.content) == after.map(|after| &after.content) {
            continue;
        }
        let last = history.observed.iter().filter(|observed| {
            &observed.key == key
                && observed.revision > from
                && observed.revision <= to
                && !matches!(observed.change, Change::Unchanged | Change::Late)
        });
        let last = last.max_by_key(|observed| observed.revision).unwrap();
        let change = match (before, after) {
            (None, _) => "created",
            (_, None) => "deleted",
            _ => "updated",
        };
        let paths = match (before, after) {
            (Some(before), Some(after)) => {
                crate::model::changed_paths(&super::fake::content(&before.content), &super::fake::content(&after.content), None)
            }
            _ => vec![],
        };
        let name = |side: Option<&Observed>| side.map_or("NULL".to_owned(), |side| side.content.0.clone());
        let shown = after.or(before).unwrap();
        lines.push(format!("{}|{change}|{key}|{}|[{}]|{}|{}", last.revision, shown.content.1, paths.join(", "), name(before), name(after)));
    }
    lines.sort_unstable();
    lines
}

fn version_lines(history: &History, floor: Revision, head: Revision) -> Vec<String> {
    let mut lines = Vec::new();
    for row in history.rows.iter().filter(|row| row.began.change != Change::Late && row.began.revision <= head) {
        let ended = row.ended.as_ref().filter(|ended| ended.revision <= head);
        if ended.is_some_and(|ended| ended.revision <= floor) {
            continue;
        }
        let end = ended.map_or("NULL|NULL".to_owned(), |ended| format!("{}|{}", ended.revision, ended.change));
        lines.push(format!("{}|{}|{}|{end}", row.began.key, row.began.change, row.began.revision));
    }
    lines.sort_unstable();
    lines
}

fn observation_lines(history: &History, floor: Revision, head: Revision) -> Vec<String> {
    let seen = history.observed.iter().filter(|observed| observed.revision > floor && observed.revision <= head);
    let mut lines: Vec<String> = seen
        .map(|observed| format!("{}|{}|{}|{}|{}", observed.revision, observed.scan, observed.change, observed.key, observed.content.0))
        .collect();
    lines.sort_unstable();
    lines
}

async fn check(history: &History, session: &mut QuerySession, floor: Revision, head: Revision, numbers: &mut Numbers) {
    let state_columns = "resource_key, name, tags['env'], revision, first_seen_revision";
    assert_eq!(sorted(session, &format!("SELECT {state_columns} FROM resources")).await, state_lines(history, head));
    let count = |lines: &[String]| vec![lines.len().to_string()];
    for _ in 0..3 {
        let at = floor + numbers.below((head - floor + 1) as u64) as Revision;
        let expected = state_lines(history, at);
        assert_eq!(sorted(session, &format!("SELECT {state_columns} FROM resources_as_of({at})")).await, expected, "as of {at}");
        assert_eq!(rows(session, &format!("SELECT count(*) FROM resources_as_of({at})")).await, count(&expected));
        let to = at + numbers.below((head - at + 1) as u64) as Revision;
        let expected = change_lines(history, at, to);
        let columns = "revision, scan_id, change, resource_key, tags['env'], before->>'name', after->>'name'";
        assert_eq!(sorted(session, &format!("SELECT {columns} FROM changes({at}, {to})")).await, expected, "changes {at}, {to}");
        assert_eq!(rows(session, &format!("SELECT count(*) FROM changes({at}, {to})")).await, count(&expected));
    }
    for _ in 0..2 {
        let from = floor + numbers.below((head - floor + 1) as u64) as Revision;
        let to = from + numbers.below((head - from + 1) as u64) as Revision;
        let expected = diff_lines(history, from, to);
        let columns = "revision, change, resource_key, tags['env'], changed_paths, before->>'name', after->>'name'";
        assert_eq!(sorted(session, &format!("SELECT {columns} FROM diff({from}, {to})")).await, expected, "diff {from}, {to}");
        let without = sorted(session, &format!("SELECT resource_key FROM diff({from}, {to})")).await;
        assert_eq!(without.len(), expected.len());
    }
    let expected = version_lines(history, floor, head);
    let columns = "resource_key, change, valid_from_revision, valid_to_revision, ended_by";
    assert_eq!(sorted(session, &format!("SELECT {columns} FROM resource_versions")).await, expected, "versions");
    let of_key: Vec<String> = expected.iter().filter(|line| line.starts_with("aws/1/eu/aws_vpc/r2|")).cloned().collect();
    let sql = format!("SELECT {columns} FROM resource_versions WHERE resource_key = 'aws/1/eu/aws_vpc/r2'");
    assert_eq!(sorted(session, &sql).await, of_key);
    let mut by_start = of_key.clone();
    by_start.sort_by_key(|line| line.split('|').nth(2).unwrap().parse::<i64>().unwrap());
    assert_eq!(rows(session, &format!("SELECT {columns} FROM history('aws/1/eu/aws_vpc/r2')")).await, by_start, "history");
    assert_eq!(rows(session, &format!("SELECT {columns} FROM history('r2')")).await, by_start, "history by id");
    let mut of_arn: Vec<String> = expected.iter().filter(|line| line.contains("/r1|")).cloned().collect();
    of_arn.sort_by_key(|line| line.split('|').nth(2).unwrap().parse::<i64>().unwrap());
    assert_eq!(rows(session, &format!("SELECT {columns} FROM history('arn:r1')")).await, of_arn, "history by ARN");
    let deleted: Vec<String> = expected.iter().filter(|line| line.ends_with("|deleted")).cloned().collect();
    assert_eq!(sorted(session, &format!("SELECT {columns} FROM resource_versions WHERE ended_by = 'deleted'")).await, deleted);
    let expected = observation_lines(history, floor, head);
    let columns = "revision, scan_id, change, resource_key, name";
    assert_eq!(sorted(session, &format!("SELECT {columns} FROM observations")).await, expected, "observations");
    let of_type: Vec<String> = expected.iter().filter(|line| line.contains("aws_vpc")).cloned().collect();
    assert_eq!(sorted(session, &format!("SELECT {columns} FROM observations WHERE resource_type = 'aws_vpc'")).await, of_type);
    assert_eq!(rows(session, "SELECT count(*) FROM observations").await, count(&expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_layout_answers_as_the_list_of_observations() {
    let histories = std::env::var("ELAVA_TEST_HISTORIES").ok().and_then(|count| count.parse().ok()).unwrap_or(40);
    for seed in 0..histories {
        let mut numbers = Numbers(seed);
        let history = history(&mut numbers);
        let head = history.head();
        let layout = layout(&mut numbers, head);
        let store = Arc::new(FakeStore::new(&history, &layout).await);
        let mut session = session(store);
        check(&history, &mut session, layout.floor, head, &mut numbers).await;
        let pin = layout.floor + numbers.below((head - layout.floor + 1) as u64) as Revision;
        session.pin(&pin.to_string()).unwrap();
        check(&history, &mut session, layout.floor, pin, &mut numbers).await;
    }
}
