//! The log: headers, payloads, and the chain that they make.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};

use super::digest::{Ledger, Side};
use super::files::Manifests;
use super::tables::{names_of, opened_columns};
use super::{Audit, Damage};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Revision;
use crate::store::entries::{place_entries, read_entries};
use crate::store::manifest::{Manifest, hex, manifest_name};
use crate::store::schema;
use crate::store::segment::{HEADER_BYTES, Hash, Segment, SegmentHeader, segment_name};

/// Segments that are asked for at once.
const SEGMENTS_AT_ONCE: usize = 4;

/// What segments and tables both tell of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Versions as they began.
    Opened,
    /// How versions ended.
    Closed,
    /// Observations.
    Observed,
}

impl Told {
    const ALL: [Self; 3] = [Self::Opened, Self::Closed, Self::Observed];

    fn in_words(self) -> &'static str {
        match self {
            Self::Opened => "versions",
            Self::Closed => "ends of versions",
            Self::Observed => "observations",
        }
    }
}

/// What is kept of a header.
#[derive(Debug, Clone, Copy)]
pub struct Head {
    /// The last revision with it.
    pub last: Revision,
    /// A digest of its hash and its writer, as log entries name them.
    pub mark: u64,
}

/// The log as far as it could be read.
#[derive(Debug)]
pub struct Chain {
    /// Whether nothing is wrong with it.
    pub whole: bool,
    /// Headers in order, the first being that of segment 1.
    pub heads: Vec<Head>,
    /// Only what came after this revision is compared: all that is not below the floor.
    pub after: Revision,
    /// What segments say that the tables hold, by revisions: a stretch for each that has a payload.
    pub told: Ledger<3>,
    /// Their entries, by seq: a stretch for each.
    pub entries: Ledger<1>,
    /// The header of the last segment that the tables cover: its hash, and the head's time.
    pub covered: Option<(Hash, i64)>,
}

/// Where the reading of a chain is.
struct Link<'m> {
    manifests: &'m Manifests,
    covered_seq: u64,
    store_id: Option<uuid::Uuid>,
    /// The hash of the header before, if it could be read.
    previous: Option<Hash>,
    next_revision: Revision,
    /// Findings whose revisions become known with the next header.
    lost: Vec<usize>,
    cut_down: Vec<u64>,
    /// Manifests that headers name and that are not there, though there is no newer one.
    missing: BTreeSet<u64>,
}

impl Chain {
    /// Reads the log up to a segment and checks each; what those say that the tables cover and that have a payload is summed up.
    pub async fn read(audit: &mut Audit<'_>, last: u64, manifests: &Manifests) -> Result<Self> {
        let before = audit.report.damage.len();
        let covered_seq = manifests.newest.as_ref().map_or(0, |manifest| manifest.covered_seq);
        let mut link = Link {
            manifests,
            covered_seq,
            store_id: manifests.newest.as_ref().map(|manifest| manifest.store_id),
            previous: Some([0; 32]),
            next_revision: 1,
            lost: Vec::new(),
            cut_down: Vec::new(),
            missing: BTreeSet::new(),
        };
        let after = manifests.newest.as_ref().map_or(0, after);
        let mut chain = Self { whole: false, heads: Vec::new(), after, told: Ledger::new(), entries: Ledger::new(), covered: None };
        let backend = Arc::clone(&audit.backend);
        let get = |seq| {
            let backend = Arc::clone(&backend);
            async move { backend.get(&segment_name(seq)).await.map(|bytes| (seq, bytes)) }
        };
        let mut segments = futures::stream::iter(1..=last).map(get).buffered(SEGMENTS_AT_ONCE);
        while let Some((seq, bytes)) = segments.try_next().await? {
            match bytes {
                Some(bytes) => chain.take(audit, &mut link, seq, &bytes)?,
                None => link.lose(audit, Damage::new(&segment_name(seq), "it is missing")),
            }
        }
        // Where the newest manifest cannot be read, nobody knows what it covers.
        if !manifests.newest_is_damaged {
            for seq in link.cut_down.iter().filter(|seq| **seq > covered_seq) {
                audit.found(Damage::new(&segment_name(*seq), "it was cut down to its header, but no manifest covers it"));
            }
        }
        chain.check_covered(audit, manifests, last);
        audit.report.replayed = chain.entries.len() as u64;
        chain.whole = audit.report.damage.len() == before;
        Ok(chain)
    }

    fn take(&mut self, audit: &mut Audit<'_>, link: &mut Link<'_>, seq: u64, bytes: &bytes::Bytes) -> Result<()> {
        let name = segment_name(seq);
        audit.read(bytes.len() as u64);
        let header = match SegmentHeader::decode(bytes, seq, link.store_id) {
            Ok(header) => header,
            Err(error) if error.kind() == ErrorKind::Unsupported => return Err(error),
            Err(error) => {
                link.lose(audit, Damage::of(&name, &error));
                return Ok(());
            }
        };
        link.check(audit, &name, &header);
        let hash = header.hash();
        audit.report.segments += 1;
        if bytes.len() == HEADER_BYTES && header.payload_bytes > 0 {
            audit.report.headers_only += 1;
            link.cut_down.push(seq);
        } else {
            let segment = Segment::decode(bytes, seq, link.store_id);
            let read =
                segment.and_then(|segment| if seq <= link.covered_seq { self.sum_up(audit, &segment) } else { check_tail(&segment) });
            if let Err(error) = read {
                audit.found(Damage::of(&name, &error).about(header.first_revision, header.last_revision()));
            }
        }
        let writer = header.writer_id.to_string();
        self.heads.push(Head { last: header.last_revision(), mark: audit.digests.of_texts(&hex(&hash), &writer) });
        if seq == link.covered_seq {
            self.covered = Some((hash, header.last_at.micros()));
        }
        (audit.report.head, audit.report.head_hash) = (header.last_revision(), hex(&hash));
        if audit.options.head.is_some_and(|noted| noted.eq_ignore_ascii_case(&audit.report.head_hash)) {
            audit.report.noted_hash_found = Some(true);
        }
        Ok(())
    }

    /// Sums up what a segment says that the tables hold.
    fn sum_up(&mut self, audit: &Audit<'_>, segment: &Segment) -> Result<()> {
        let header = &segment.header;
        let observations = segment.observations()?;
        let (digests, deep) = (&audit.digests, audit.options.deep);
        let opened = digests.of(&segment.versions, &opened_columns(deep))?;
        let closed = digests.of(&segment.closings, &names_of(&schema::CLOSINGS))?;
        let observed = digests.of(&observations, &names_of(&schema::OBSERVATIONS))?;
        let placed = place_entries(&segment.entries, header.seq, &header.writer_id.to_string(), &hex(&segment.hash))?;
        let entries = digests.of(&placed, &names_of(&schema::ENTRIES))?;
        // Of what lies at or below the floor the tables may hold some.
        let is_above = header.first_revision > self.after;
        self.told.open(if is_above { header.first_revision } else { header.last_revision() + 1 }, header.last_revision());
        self.entries.open(seq_key(header.seq), seq_key(header.seq));
        let place = self.told.len() - 1;
        for (fact, rows) in [(Told::Opened, opened), (Told::Closed, closed), (Told::Observed, observed)].into_iter().filter(|_| is_above) {
            rows.into_iter().for_each(|digest| self.told.add_at(place, fact as usize, Side::Expected, digest));
        }
        entries.into_iter().for_each(|digest| self.entries.add_at(place, 0, Side::Expected, digest));
        Ok(())
    }

    /// Each manifest must cover a segment of this log.
    fn check_covered(&self, audit: &mut Audit<'_>, manifests: &Manifests, last: u64) {
        let in_force = manifests.newest.as_ref().map_or(u64::MAX, |manifest| manifest.number);
        for (number, mark) in manifests.marks.range(..=in_force).filter(|(_, mark)| mark.covered_seq > last) {
            let what = format!("it covers segment {}, but the log ends with {last}", mark.covered_seq);
            audit.found(Damage::new(&manifest_name(*number), what));
        }
    }

    /// What the tables of a manifest do not hold as segments wrote it.
    pub fn compare(&self, audit: &mut Audit<'_>, manifest: &str) {
        let what = |told: &str, seq: i64, expected: u64, found: u64| {
            let segment = segment_name(seq.unsigned_abs());
            Damage::new(
                manifest,
                format!("the {told} of {segment} are not in the tables as it wrote them: expected {expected}, found {found}"),
            )
        };
        for differing in self.told.differing() {
            let (Some((seq, _)), Some(told)) = (self.entries.span(differing.place), Told::ALL.get(differing.fact)) else { continue };
            let (first, last) = differing.span;
            audit.found(what(told.in_words(), seq, differing.expected, differing.found).about(first, last));
        }
        for differing in self.entries.differing() {
            audit.found(what("log entries", differing.span.0, differing.expected, differing.found));
        }
    }

    /// The segment that wrote a revision.
    pub fn seq_of(&self, revision: Revision) -> u64 {
        self.heads.partition_point(|head| head.last < revision) as u64 + 1
    }
}

impl Link<'_> {
    /// A segment that cannot be read.
    fn lose(&mut self, audit: &mut Audit<'_>, damage: Damage) {
        self.lost.push(audit.report.damage.len());
        audit.found(damage);
        self.previous = None;
    }

    /// Checks a header against the one before it and the manifests.
    fn check(&mut self, audit: &mut Audit<'_>, name: &str, header: &SegmentHeader) {
        self.store_id = Some(header.store_id);
        if self.previous.is_some_and(|previous| header.previous_hash != previous) {
            let error = Error::corrupt("the chain is broken, it does not follow the segment before it").at_byte(108);
            audit.found(Damage::of(name, &error).about(header.first_revision, header.last_revision()));
        }
        let next = self.next_revision;
        if self.lost.is_empty() && header.first_revision != next {
            let error = Error::corrupt(format!("expected it to begin with revision {next}, found {}", header.first_revision)).at_byte(36);
            audit.found(Damage::of(name, &error).about(header.first_revision, header.last_revision()));
        }
        for lost in self.lost.drain(..) {
            if let Some(damage) = audit.report.damage.get_mut(lost) {
                *damage = damage.clone().about(next, header.first_revision - 1);
            }
        }
        let (named, hash) = (self.manifests.marks.get(&header.manifest_number), hex(&header.manifest_hash));
        if let Some(mark) = named.filter(|mark| mark.hash != hash) {
            let what = format!("{name} names it with the hash {hash}, found {}", mark.hash);
            audit.found(Damage::new(&manifest_name(header.manifest_number), what));
        }
        let newest = self.manifests.newest.as_ref().map_or(0, |manifest| manifest.number);
        if header.manifest_number > newest && !self.manifests.newest_is_damaged && self.missing.insert(header.manifest_number) {
            let damage = Damage::new(&manifest_name(header.manifest_number), format!("it is missing, but {name} names it"));
            audit.found(damage);
        }
        let hash = header.hash();
        for (number, mark) in self.manifests.marks.iter().filter(|(_, mark)| mark.covered_seq == header.seq) {
            if mark.covered_hash != hex(&hash) {
                audit.found(Damage::new(&manifest_name(*number), format!("it covers another segment {} than that of the log", header.seq)));
            }
        }
        (self.previous, self.next_revision) = (Some(hash), header.last_revision() + 1);
    }
}

/// The revision after which the tables of a manifest are complete.
fn after(manifest: &Manifest) -> Revision {
    manifest.floor.max(manifest.epochs.first().map_or(0, |epoch| epoch.start))
}

/// The tail is read as a reader does that opens the store.
fn check_tail(segment: &Segment) -> Result<()> {
    segment.observations()?;
    read_entries(&segment.entries).map(|_| ())
}

fn seq_key(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
