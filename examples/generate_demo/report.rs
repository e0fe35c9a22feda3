//! What is in the file, as markdown: the table of planted events, and `data/README.md` around it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::dice::SEED_DEFAULT;
use crate::faults::{self, Listing};
use crate::kind::Kind;
use crate::scan::{self, Written};
use crate::time::Time;
use crate::world::{Note, Place, World};

const EVENTS: [(&str, &str); 13] = [
    ("E01", "rolling deploys"),
    ("E02", "daily scaling"),
    ("E03", "drift: changes by hand"),
    ("E04", "open to the world"),
    ("E05", "lost `owner` tags"),
    ("E06", "leftovers"),
    ("E07", "failed scans"),
    ("E08", "a region that could not be listed"),
    ("E09", "databases and buckets reconfigured"),
    ("E10", "deleted, and made again"),
    ("E11", "terminated instances"),
    ("E12", "a partial listing"),
    ("E13", "maintenance"),
];

/// What one run wrote.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) scans: usize,
    pub(crate) written: Written,
    pub(crate) bytes: u64,
    /// Every resource that any scan listed.
    pub(crate) listed: BTreeSet<(Place, Kind, String)>,
    pub(crate) first: BTreeMap<Kind, usize>,
    pub(crate) last: BTreeMap<Kind, usize>,
}

/// The table of planted events.
pub(crate) fn events(world: &World) -> String {
    let mut notes: Vec<&Note> = world.notes.iter().collect();
    notes.sort_by_key(|note| (note.event, note.at));
    let mut text = String::new();
    for (event, title) in EVENTS {
        let _ = writeln!(text, "### {event}: {title}\n");
        text.push_str("| happened at | first scan that tells | resource | what |\n|---|---|---|---|\n");
        for note in notes.iter().filter(|note| note.event == event) {
            let resource = note.resource.as_ref().map(|(place, kind, id)| {
                let resource_type = kind.names().resource_type;
                format!("`aws/{}/{}/{resource_type}/{id}`", place.account, place.region)
            });
            let scan = first_scan(note).map(|slot| format!("`{}`", scan::scan_id(slot)));
            let (scan, resource) = (scan.unwrap_or_default(), resource.unwrap_or_default());
            let _ = writeln!(text, "| {} | {scan} | {resource} | {} |", note.at, note.what);
        }
        text.push('\n');
    }
    text
}

/// `data/README.md`.
pub(crate) fn readme(world: &World, totals: &Totals) -> String {
    let mut text = String::from(INTRODUCTION);
    let _ = writeln!(text, "Seed: {SEED_DEFAULT}.\n\n## Contents\n");
    let observations = totals.written.observations;
    let lines = observations + totals.written.scopes + 2 * totals.scans - 1;
    let (scans, scopes, resources) = (totals.scans, totals.written.scopes, totals.listed.len());
    let _ = writeln!(
        text,
        "{scans} scans, {observations} observations of {resources} resources, {scopes} scope lines; {lines} lines, {} bytes uncompressed.\n",
        totals.bytes
    );
    text.push_str("| resource_type | in the first scan | in the last scan |\n|---|---:|---:|\n");
    let count = |counts: &BTreeMap<Kind, usize>, kind: Kind| counts.get(&kind).copied().unwrap_or(0);
    for kind in crate::kind::ALL {
        let _ = writeln!(text, "| `{}` | {} | {} |", kind.names().resource_type, count(&totals.first, kind), count(&totals.last, kind));
    }
    let (first, last): (usize, usize) = (totals.first.values().sum(), totals.last.values().sum());
    let _ = writeln!(text, "| all | {first} | {last} |\n");
    text.push_str(NOTES);
    text.push_str(&events(world));
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// The first scan, planned at or after the note's time, that lists the scope of its resource.
fn first_scan(note: &Note) -> Option<Time> {
    let mut later = scan::slots().filter(|slot| *slot >= note.at);
    match &note.resource {
        None => later.next(),
        Some((place, kind, _)) => later.find(|slot| {
            let halved = faults::is_cut(*slot) && *kind == Kind::Interface;
            faults::listing(*slot, *place, *kind) == Listing::Complete && !halved
        }),
    }
}

const INTRODUCTION: &str = "\
# Demo data

`demo.ndjson.zst` is sixty days in the life of a made-up company's AWS estate, two scans a day, in Elava's import format
(one JSON object a line, zstd). It is what `elava demo` shows, and what the queries in `sql/tour/` ask about.

No real account was looked at. A seeded generator made all of it, and the same seed makes the same bytes:

    cargo run --example generate_demo -- data/demo.ndjson.zst
    cargo run --example generate_demo -- --readme > data/README.md

Licence: Apache-2.0, as the rest of the repository.

The estate: accounts `111122223333` (prod) and `444455556666` (staging); regions `us-east-1` and `eu-west-1`, and
`us-west-2` for buckets alone. The first scan is `demo-2026-09-01T02`, the last `demo-2026-10-30T14`. All times are UTC.
";

const NOTES: &str = "\
A subnet's `AvailableIpAddressCount` and a database's and a cluster's `LatestRestorableTime` change from scan to scan: they are
volatile attributes, and no event.

## Planted events

Generated by `cargo run --example generate_demo -- --events`. *Happened at* is when the cloud changed; a history can only know
it from the *first scan that tells*: the first one at or after that time which lists the resource's scope to its end.

";
