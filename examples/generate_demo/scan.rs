//! Scans: the estate at one moment as NDJSON in Elava's import format.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use crate::dice::Dice;
use crate::faults::{self, Listing};
use crate::kind::{self, Kind};
use crate::site::{EUROPE, MAIN, OREGON};
use crate::story::{DAYS, FIRST_DAY};
use crate::time::Time;
use crate::world::{PROD, Place, Resource, STAGING, World};

const SCAN_HOURS: [i64; 2] = [2, 14];

/// The hours at which scans are planned: two a day.
pub(crate) fn slots() -> impl Iterator<Item = Time> {
    (0..DAYS).flat_map(|day| SCAN_HOURS.map(|hour| FIRST_DAY.plus_days(day).plus_minutes(hour * 60)))
}

/// The scan id of a planned hour.
pub(crate) fn scan_id(slot: Time) -> String {
    format!("demo-{}", slot.date_hour())
}

/// Every scope that a scan lists, in order.
pub(crate) fn scopes() -> Vec<(Place, Kind)> {
    let mut scopes = Vec::new();
    for account in [PROD, STAGING] {
        for region in [EUROPE.place.region, MAIN.place.region, OREGON] {
            let kinds = kind::ALL.into_iter().filter(|kind| region != OREGON || *kind == Kind::Bucket);
            scopes.extend(kinds.map(|kind| (Place { account, region }, kind)));
        }
    }
    scopes
}

/// What a scan wrote.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Written {
    pub(crate) observations: usize,
    pub(crate) scopes: usize,
}

/// Writes the scan planned for `slot`. It starts within the minute, and takes one to three.
pub(crate) fn write(world: &World, slot: Time, out: &mut impl Write) -> io::Result<Written> {
    let id = scan_id(slot);
    let started = started(world.dice, slot);
    line(out, &json!({"scan": "started", "scan_id": id, "provider": "aws", "at": started.to_string()}))?;
    let mut written = Written::default();
    for (place, kind) in scopes() {
        let outcome = faults::listing(slot, place, kind);
        let found: Vec<&Resource> = world.of(kind).filter(|it| it.place == place).collect();
        let last = faults::is_cut(slot) && (place, kind) == (MAIN.place, Kind::Interface);
        let seen = match outcome {
            Listing::Complete if last => found.len() / 2,
            Listing::Complete => found.len(),
            Listing::Partial(_) => found.len() / 2,
            Listing::Failed(_) | Listing::NotReached => 0,
        };
        for resource in found.into_iter().take(seen) {
            observation(out, resource)?;
            written.observations += 1;
        }
        if last || outcome == Listing::NotReached {
            continue;
        }
        scope(out, place, kind, &outcome)?;
        written.scopes += 1;
    }
    if !faults::is_cut(slot) {
        let took = world.dice.between(&format!("took {id}"), 55, 170);
        line(out, &json!({"scan": "completed", "at": started.plus_seconds(took).to_string()}))?;
    }
    Ok(written)
}

fn started(dice: Dice, slot: Time) -> Time {
    slot.plus_seconds(dice.between(&format!("start {slot}"), 1, 9))
}

fn scope(out: &mut impl Write, place: Place, kind: Kind, listing: &Listing) -> io::Result<()> {
    let (status, failure) = match listing {
        Listing::Complete | Listing::NotReached => ("complete", None),
        Listing::Partial(failure) => ("partial", Some(failure)),
        Listing::Failed(failure) => ("failed", Some(failure)),
    };
    line(
        out,
        &json!({
            "scan": "scope",
            "provider": "aws",
            "account_id": place.account,
            "region": place.region,
            "resource_type": kind.names().resource_type,
            "status": status,
            "error_code": failure.map(|it| it.code),
            "error": failure.map(|it| it.message.as_str()),
        }),
    )
}

fn observation(out: &mut impl Write, resource: &Resource) -> io::Result<()> {
    let names = resource.kind.names();
    line(
        out,
        &json!({
            "provider": "aws",
            "account_id": resource.place.account,
            "region": resource.place.region,
            "resource_type": names.resource_type,
            "resource_id": resource.id,
            "native_type": names.native_type,
            "arn": resource.arn(),
            "name": resource.name,
            "state": resource.state,
            "created_at": resource.created_at.map(|at| at.to_string()),
            "tags": resource.tags,
            "properties": properties(resource),
        }),
    )
}

/// The response element: what is held of it, and the tags as the API lists them.
fn properties(resource: &Resource) -> Value {
    let mut properties = resource.properties.clone();
    if let (Some(tags), Some(member), Value::Object(members)) = (&resource.tags, resource.kind.names().tags_member, &mut properties) {
        let listed = tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        let listed = match resource.kind {
            Kind::Bucket if tags.is_empty() => Value::Null,
            Kind::Bucket => json!({"TagSet": Value::Array(listed)}),
            _ => Value::Array(listed),
        };
        members.insert(member.to_owned(), listed);
    }
    properties
}

/// One line: members sorted by name on every level, so that the bytes depend on the content alone.
fn line(out: &mut impl Write, value: &Value) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &sorted(value))?;
    out.write_all(b"\n")
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut pairs: Vec<(&String, &Value)> = members.iter().collect();
            pairs.sort_by_key(|(name, _)| *name);
            Value::Object(pairs.into_iter().map(|(name, value)| (name.clone(), sorted(value))).collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        _ => value.clone(),
    }
}
