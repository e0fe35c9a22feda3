//! The log: headers, payloads, and the chain that they make.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};

use super::digest::{Digests, Ledger, Side, Sum};
use super::files::{Listing, Manifests};
use super::tables::{names_of, opened_columns};
use super::{Audit, Damage};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Revision;
use crate::store::backend::Backend;
use crate::store::entries::{place_entries, read_entries};
use crate::store::manifest::{Manifest, hex, manifest_name};
use crate::store::redaction::Redactions;
use crate::store::schema;
use crate::store::segment::{HEADER_BYTES, Hash, Segment, SegmentHeader, segment_name};

/// Segments that are read at once.
const SEGMENTS_AT_ONCE: usize = 4;

/// Segments that are missed one by one: a name with a large number in it is no reason to look for all before it.
const MISSING_MAX: u64 = 1000;

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

/// What a segment says that the tables hold: versions, ends, observations by [`Told`], all empty below the floor; and entries.
#[derive(Debug, Default)]
struct Sums {
    told: [Sum; 3],
    entries: Sum,
}

/// What became of a payload.
#[derive(Debug)]
enum Payload {
    /// Only the header is left.
    CutDown,
    /// No manifest covers it.
    OfTail,
    Summed(Box<Sums>),
    Damaged(Error),
}

/// A segment that was read.
#[derive(Debug)]
struct Read {
    seq: u64,
    bytes: u64,
    /// None if there is no such segment.
    header: Option<Result<SegmentHeader>>,
    payload: Payload,
}

/// Reads segments, each by itself: several at once.
#[derive(Debug)]
struct Reader {
    backend: Arc<dyn Backend>,
    digests: Digests,
    deep: bool,
    covered_seq: u64,
    after: Revision,
    /// What the tables do not hold as segments wrote it.
    redactions: Redactions,
}

impl Reader {
    async fn read(self: Arc<Self>, seq: u64) -> Result<Read> {
        let Some(bytes) = self.backend.get(&segment_name(seq)).await? else {
            return Ok(Read { seq, bytes: 0, header: None, payload: Payload::OfTail });
        };
        let header = SegmentHeader::decode(&bytes, seq, None);
        let payload = match &header {
            Ok(header) if bytes.len() == HEADER_BYTES && header.payload_bytes > 0 => Payload::CutDown,
            Ok(_) => self.payload(&bytes, seq).unwrap_or_else(Payload::Damaged),
            Err(_) => Payload::OfTail,
        };
        Ok(Read { seq, bytes: bytes.len() as u64, header: Some(header), payload })
    }

    fn payload(&self, bytes: &Bytes, seq: u64) -> Result<Payload> {
        let segment = Segment::decode(bytes, seq, None)?;
        let header = &segment.header;
        if seq > self.covered_seq {
            return check_tail(&segment).map(|()| Payload::OfTail);
        }
        let observations = segment.observations()?;
        let (versions, entries) = (self.redactions.versions(&segment.versions)?, self.redactions.entries(&segment.entries, |_| seq)?);
        let placed = place_entries(&entries, header.seq, &header.writer_id.to_string(), &hex(&segment.hash))?;
        let mut sums = Sums { entries: Sum::of(&self.digests.of(&placed, &names_of(&schema::ENTRIES))?), ..Sums::default() };
        if header.first_revision > self.after {
            sums.told = [
                Sum::of(&self.digests.of(&versions, &opened_columns(self.deep))?),
                Sum::of(&self.digests.of(&segment.closings, &names_of(&schema::CLOSINGS))?),
                Sum::of(&self.digests.of(&observations, &names_of(&schema::OBSERVATIONS))?),
            ];
        }
        Ok(Payload::Summed(Box::new(sums)))
    }
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
    pub async fn read(audit: &mut Audit<'_>, listing: &Listing, manifests: &Manifests) -> Result<Self> {
        let (before, last) = (audit.report.damage.len(), listing.last_seq());
        let looked_for = last.min(listing.log.len() as u64 + MISSING_MAX);
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
        let reader = Arc::new(Reader {
            backend: Arc::clone(&audit.backend),
            digests: audit.digests.clone(),
            deep: audit.options.deep,
            covered_seq,
            after,
            redactions: manifests.newest.as_ref().map(|manifest| Redactions::new(&manifest.index.redactions)).unwrap_or_default(),
        });
        let read = |seq| {
            let reading = tokio::spawn(Arc::clone(&reader).read(seq));
            async move { reading.await.unwrap_or_else(|error| Err(Error::internal("the reading of a segment").with_source(error))) }
        };
        let mut segments = futures::stream::iter(1..=looked_for).map(read).buffered(SEGMENTS_AT_ONCE);
        while let Some(read) = segments.try_next().await? {
            chain.take(audit, &mut link, read)?;
        }
        if looked_for < last {
            link.lose(audit, Damage::new(&segment_name(last), format!("all before it are missing from segment {} on", looked_for + 1)));
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

    fn take(&mut self, audit: &mut Audit<'_>, link: &mut Link<'_>, read: Read) -> Result<()> {
        let (seq, name) = (read.seq, segment_name(read.seq));
        audit.read(read.bytes);
        let header = match read.header {
            Some(Ok(header)) => header,
            Some(Err(error)) if error.kind() == ErrorKind::Unsupported => return Err(error),
            Some(Err(error)) => {
                link.lose(audit, Damage::of(&name, &error));
                return Ok(());
            }
            None => {
                link.lose(audit, Damage::new(&name, "it is missing"));
                return Ok(());
            }
        };
        if link.store_id.is_some_and(|known| known != header.store_id) {
            let error = Error::corrupt(format!("it belongs to another store ({})", header.store_id)).at_byte(12);
            link.lose(audit, Damage::of(&name, &error));
            return Ok(());
        }
        link.check(audit, &name, &header);
        let hash = header.hash();
        audit.report.segments += 1;
        match read.payload {
            Payload::CutDown => {
                audit.report.headers_only += 1;
                link.cut_down.push(seq);
            }
            Payload::OfTail => {}
            Payload::Summed(sums) => self.add(&header, *sums),
            Payload::Damaged(error) => audit.found(Damage::of(&name, &error).about(header.first_revision, header.last_revision())),
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

    /// Takes in what a segment says that the tables hold.
    fn add(&mut self, header: &SegmentHeader, sums: Sums) {
        // Of what lies at or below the floor the tables may hold some.
        let is_above = header.first_revision > self.after;
        self.told.open(if is_above { header.first_revision } else { header.last_revision() + 1 }, header.last_revision());
        self.entries.open(seq_key(header.seq), seq_key(header.seq));
        let place = self.told.len() - 1;
        for (fact, sum) in sums.told.into_iter().enumerate() {
            self.told.set_at(place, fact, Side::Expected, sum);
        }
        self.entries.set_at(place, 0, Side::Expected, sums.entries);
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
    manifest.index.floor.max(manifest.epochs.first().map_or(0, |epoch| epoch.start))
}

/// The tail is read as a reader does that opens the store.
fn check_tail(segment: &Segment) -> Result<()> {
    segment.observations()?;
    read_entries(&segment.entries).map(|_| ())
}

fn seq_key(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
