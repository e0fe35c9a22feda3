//! Version rows: the ways in which all tables of resources read history.
//!
//! An epoch covers the revisions after its start, up to and including its end, and holds every version alive at any
//! moment in it. So the state at a revision is in one epoch, the version that a revision opened is in the epoch of that
//! revision, and so is the one that it closed. In the open epoch a file's row may have been closed after it was
//! written: that is told by the closings. `late` rows are no versions, and have `valid_to_revision` =
//! `valid_from_revision`.

use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, BooleanArray, Int64Array};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::catalog::Session;
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, Operator, binary_expr, ident, lit, when};
use datafusion::physical_plan::ExecutionPlan;

use super::compact::compact;
use super::ending::ending;
use super::leaf::{Kept, Leaf, Parts, Placed, Rows, Scan, filter, int_bounds, project, with_columns_of};
use super::tagged::read_versions;
use super::view::View;
use crate::model::Revision;
use crate::store::schema::{ENDS, PAYLOAD_COLUMNS, VERSIONS};
use crate::store::{Closings, DataFile, Epoch, numbers};

/// Which rows to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    /// The versions alive at a revision.
    AliveAt(Revision),
    /// The versions that ended after a revision, up to and including another, with how they ended.
    Ended { after: Revision, until: Revision },
    /// The versions that ended after a revision, or are alive at another, with how they ended up to it.
    Versions { after: Revision, until: Revision },
    /// The content of every observation up to and including a revision, late ones too: each row once.
    Contents { until: Revision },
}

/// The revision after which a row's epoch tells what began. A version alive then began in an epoch before.
const EPOCH_START: &str = "epoch_start";

/// Version rows as they are read: with the start of their epoch.
static PLACED: LazyLock<SchemaRef> = LazyLock::new(|| {
    let mut fields: Vec<Arc<Field>> = VERSIONS.fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new(EPOCH_START, DataType::Int64, false)));
    Arc::new(Schema::new(fields))
});

/// Version rows without how they ended: an epoch does not know that of all its rows.
static UNENDED: LazyLock<SchemaRef> = LazyLock::new(|| {
    let fields = VERSIONS.fields().iter().filter(|field| !is_end(field.name()));
    Arc::new(Schema::new(fields.cloned().collect::<Vec<_>>()))
});

fn is_end(column: &str) -> bool {
    ENDS.contains(&column)
}

/// Version rows of a view.
#[derive(Debug)]
pub(super) struct VersionRows {
    view: Arc<View>,
    read: Read,
}

impl VersionRows {
    pub(super) fn new(view: &Arc<View>, read: Read) -> Self {
        Self { view: Arc::clone(view), read }
    }
}

impl Rows for VersionRows {
    fn schema(&self) -> SchemaRef {
        match self.read {
            Read::AliveAt(_) | Read::Contents { .. } => Arc::clone(&UNENDED),
            Read::Ended { .. } | Read::Versions { .. } => Arc::clone(&VERSIONS),
        }
    }

    fn parts(&self, scan: &Scan<'_>) -> Result<Parts> {
        let schema = self.schema();
        let columns = scan.columns.iter().map(|at| PLACED.index_of(schema.field(*at).name()));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let scan = VersionScan { scan: Scan { columns: &columns, ..*scan }, view: &self.view };
        match self.read {
            Read::AliveAt(at) => scan.alive_at(at),
            Read::Ended { after, until } => scan.ended(after, until),
            Read::Versions { after, until } => scan.versions(after, until),
            Read::Contents { until } => scan.contents(until),
        }
    }
}

/// One scan: what it asks for, as places in `PLACED`, of a view.
struct VersionScan<'a> {
    scan: Scan<'a>,
    view: &'a View,
}

/// What rows do not tell of their ends themselves.
#[derive(Default)]
struct Ends {
    /// How rows ended by a revision that were written open.
    closings: Option<Closed>,
    /// A later end is none yet.
    until: Option<Revision>,
    /// What the ends have to fulfil.
    bounds: Vec<Expr>,
}

/// The closings up to and including a revision.
struct Closed(Arc<Closings>, Revision);

impl VersionScan<'_> {
    fn alive_at(&self, at: Revision) -> Result<Parts> {
        let alive = [from().lt_eq(lit(at)), to().gt(lit(at)).or(to().is_null())];
        let mut parts = Parts::new();
        if let Some(epoch) = self.view.epoch_of(at) {
            let files = choose(epoch, |file| int_bounds(file, "valid_from_revision").0 <= at);
            let began_all = files.iter().all(|file| int_bounds(file, "valid_from_revision").1 <= at);
            let mut bounds = alive.get(usize::from(began_all)..).unwrap_or_default().to_vec();
            if epoch.end.is_none() {
                bounds.extend(self.closed(Revision::MIN, at)?.map(|closed| closed.told("valid_to_revision").is_null()));
            }
            // Of an epoch's rows at least five in seven are alive (see the store's `cutting`).
            let kept = if self.scan.filters.is_empty() { Kept::Most } else { Kept::Few };
            parts.extend(self.files(self.placed(epoch, files), kept, &bounds)?);
        }
        parts.extend(self.tail(&alive, |from, to| from <= at && to.is_none_or(|to| to > at))?);
        Ok(parts)
    }

    /// The versions that ended, as their rows or the closings tell.
    fn ended(&self, after: Revision, until: Revision) -> Result<Parts> {
        let rows = ended(after, until);
        let (mut told, mut parts) = (Vec::new(), Parts::new());
        for epoch in self.view.epochs_meeting(after, until) {
            let closed = if epoch.end.is_none() { self.closed(after, until)? } else { None };
            match closed {
                None => told.extend(self.placed(epoch, choose(epoch, |file| meets(int_bounds(file, "valid_to_revision"), after, until)))),
                Some(closed) => {
                    let leaf = self.leaf(self.placed(epoch, choose(epoch, |_| true)));
                    let rows = rows.clone().or(closed.told("valid_to_revision").gt(lit(after)));
                    parts.push(self.with_ends(&leaf, &[rows], &Ends { closings: Some(closed), ..Ends::default() })?);
                }
            }
        }
        parts.extend(self.files(told, Kept::Few, std::slice::from_ref(&rows))?);
        let ended_then = |_, to: Option<Revision>| to.is_some_and(|to| to > after && to <= until);
        parts.extend(self.tail(std::slice::from_ref(&rows), ended_then)?);
        parts.into_iter().map(|part| compacted(self.scan.state, part)).collect()
    }

    fn versions(&self, after: Revision, until: Revision) -> Result<Parts> {
        let mut parts = Parts::new();
        let last = self.view.epoch_of(until);
        let before = self.view.source().epochs().iter().filter(|epoch| last.is_some_and(|last| epoch.start < last.start));
        let files =
            before.flat_map(|epoch| self.placed(epoch, choose(epoch, |file| meets(int_bounds(file, "valid_to_revision"), after, until))));
        parts.extend(self.files(files.collect(), Kept::Few, &[ended(after, until)])?);
        if let Some(epoch) = last {
            let files = choose(epoch, |file| int_bounds(file, "valid_from_revision").0 <= until);
            let ends = Ends {
                closings: if epoch.end.is_none() { self.closed(Revision::MIN, until)? } else { None },
                until: files.iter().any(|file| int_bounds(file, "valid_to_revision").1 > until).then_some(until),
                bounds: if after > epoch.start { vec![to().gt(lit(after)).or(to().is_null())] } else { Vec::new() },
            };
            let mut bounds = vec![not_late()];
            if files.iter().any(|file| int_bounds(file, "valid_from_revision").1 > until) {
                bounds.push(from().lt_eq(lit(until)));
            }
            if !files.is_empty() {
                parts.push(self.with_ends(&self.leaf(self.placed(epoch, files)), &bounds, &ends)?);
            }
        }
        let batches = self.tail_rows(|from, to| from <= until && to.is_none_or(|to| to > after && to != from))?;
        if !batches.is_empty() {
            let ends = Ends { until: self.view.pin().map(|_| until), ..Ends::default() };
            parts.push(self.with_ends(&Leaf::Memory(batches), &[], &ends)?);
        }
        Ok(parts)
    }

    fn contents(&self, until: Revision) -> Result<Parts> {
        // What was carried into an epoch is in the one before.
        let told = |epoch| {
            let start = self.view.told_from(epoch);
            self.placed(epoch, choose(epoch, |file| meets(int_bounds(file, "valid_from_revision"), start, until)))
        };
        let files = self.view.source().epochs().iter().filter(|epoch| epoch.start < until).flat_map(told).collect();
        let mut parts = Parts::new();
        parts.extend(self.files(files, Kept::Few, &[from().gt(ident(EPOCH_START)), from().lt_eq(lit(until))])?);
        parts.extend(self.tail(&[from().lt_eq(lit(until))], |from, _| from <= until)?);
        Ok(parts)
    }

    /// Files with the start of their epoch.
    fn placed<'a>(&self, epoch: &Epoch, files: Vec<&'a DataFile>) -> Vec<Placed<'a>> {
        let start = ScalarValue::Int64(Some(self.view.told_from(epoch)));
        files.into_iter().map(|file| Placed::with(file, start.clone())).collect()
    }

    fn leaf<'a>(&'a self, files: Vec<Placed<'a>>) -> Leaf<'a> {
        Leaf::Files(self.view.source().as_ref(), files, Kept::Few)
    }

    fn files(&self, files: Vec<Placed<'_>>, kept: Kept, bounds: &[Expr]) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        if files.is_empty() {
            return Ok(None);
        }
        self.read(&Leaf::Files(self.view.source().as_ref(), files, kept), bounds).map(Some)
    }

    fn read(&self, leaf: &Leaf<'_>, bounds: &[Expr]) -> Result<Arc<dyn ExecutionPlan>> {
        read_versions(self.scan.state, leaf, &PLACED, &[bounds, self.scan.filters].concat(), self.scan.columns)
    }

    fn tail(&self, bounds: &[Expr], holds: impl Fn(Revision, Option<Revision>) -> bool) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let batches = self.tail_rows(holds)?;
        if batches.is_empty() {
            return Ok(None);
        }
        self.read(&Leaf::Memory(batches), bounds).map(Some)
    }

    /// Rows of the tail. It is small: rows that cannot qualify are left out while planning.
    fn tail_rows(&self, holds: impl Fn(Revision, Option<Revision>) -> bool) -> Result<Vec<RecordBatch>> {
        let mut batches = Vec::new();
        for batch in self.view.source().tail_versions() {
            let (from, to) = (numbers(batch, "valid_from_revision")?, numbers(batch, "valid_to_revision")?);
            let mask: BooleanArray = from.iter().zip(to).map(|(from, to)| from.is_some_and(|from| holds(from, to))).map(Some).collect();
            if mask.true_count() > 0 {
                let rows = filter_record_batch(batch, &mask)?;
                let start: ArrayRef = Arc::new(Int64Array::from_value(0, rows.num_rows()));
                let columns = rows.columns().iter().cloned().chain([start]).collect();
                batches.push(RecordBatch::try_new(Arc::clone(&PLACED), columns)?);
            }
        }
        Ok(batches)
    }

    /// The closings up to and including a revision, if any tell of an end after another.
    fn closed(&self, after: Revision, until: Revision) -> Result<Option<Closed>> {
        let closings = self.view.source().closings();
        let any = numbers(closings.rows(), "valid_to_revision")?.values().iter().any(|to| *to > after && *to <= until);
        Ok(any.then(|| Closed(Arc::clone(closings), until)))
    }

    /// Rows of a leaf with their ends as they are told elsewhere.
    ///
    /// The user's filters may ask how a version ended, so they are applied afterwards where they do.
    fn with_ends(&self, leaf: &Leaf<'_>, bounds: &[Expr], ends: &Ends) -> Result<Arc<dyn ExecutionPlan>> {
        let asks_end = |filter: &&Expr| filter.column_refs().iter().any(|column| is_end(&column.name));
        let (above, below): (Vec<&Expr>, Vec<&Expr>) = self.scan.filters.iter().chain(&ends.bounds).partition(asks_end);
        let (above, below): (Vec<Expr>, Vec<Expr>) = (above.into_iter().cloned().collect(), below.into_iter().cloned().collect());
        let (state, below) = (self.scan.state, [bounds, &below].concat());
        let wanted = with_columns_of(&above, &PLACED, self.scan.columns)?;
        let names: Vec<&str> = wanted.iter().map(|at| PLACED.field(*at).name().as_str()).collect();
        if !names.iter().any(|name| is_end(name)) || (ends.closings.is_none() && ends.until.is_none()) {
            return read_versions(state, leaf, &PLACED, &[below, above].concat(), self.scan.columns);
        }
        let columns = with_columns_of(&[from(), to()], &PLACED, &wanted)?;
        let rows = read_versions(state, leaf, &PLACED, &below, &columns)?;
        let told = |name: &&str| if is_end(name) { ends.told(name) } else { Ok(ident(*name)) };
        let rows = project(state, rows, &names.iter().map(told).collect::<Result<Vec<_>>>()?, &names)?;
        filter(state, rows, &above, self.scan.columns.len())
    }
}

impl Ends {
    /// An end's column, from the closings and from the rows themselves.
    fn told(&self, column: &str) -> Result<Expr> {
        let stored = match self.until {
            Some(until) => when(to().lt_eq(lit(until)), ident(column)).end()?,
            None => ident(column),
        };
        match &self.closings {
            Some(closed) => when(closed.told(column).is_not_null(), closed.told(column)).otherwise(stored),
            None => Ok(stored),
        }
    }
}

impl Closed {
    /// A column of a row's closing.
    fn told(&self, column: &str) -> Expr {
        ending(&self.0, self.1, column, from())
    }
}

fn from() -> Expr {
    ident("valid_from_revision")
}

fn to() -> Expr {
    ident("valid_to_revision")
}

fn not_late() -> Expr {
    binary_expr(to(), Operator::IsDistinctFrom, from())
}

/// Whether a row ended after a revision, up to and including another, as far as it tells that itself.
fn ended(after: Revision, until: Revision) -> Expr {
    to().gt(lit(after)).and(to().lt_eq(lit(until))).and(to().gt(from()))
}

fn choose(epoch: &Epoch, wanted: impl Fn(&DataFile) -> bool) -> Vec<&DataFile> {
    epoch.files.iter().filter(|file| wanted(file)).collect()
}

fn meets((min, max): (i64, i64), after: Revision, until: Revision) -> bool {
    min <= until && max > after
}

/// Few rows of many, in memory of their own.
fn compacted(state: &dyn Session, rows: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let schema = rows.schema();
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    if !names.iter().any(|name| PAYLOAD_COLUMNS.contains(name)) {
        return Ok(rows);
    }
    let column = |name: &&str| if PAYLOAD_COLUMNS.contains(name) { compact(ident(*name)) } else { ident(*name) };
    project(state, rows, &names.iter().map(column).collect::<Vec<_>>(), &names)
}
