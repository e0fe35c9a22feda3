//! Version rows: the three ways in which all tables of resources read history.
//!
//! An epoch covers the revisions after its start, up to and including its end, and holds every version alive at any
//! moment in it. So the state at a revision is in one epoch, the version that a revision opened is in the epoch of that
//! revision, and so is the one that it closed. In the open epoch a file's row may have been closed after it was
//! written: that is told by the closings. `late` rows are no versions, and have `valid_to_revision` =
//! `valid_from_revision`.

use std::sync::{Arc, LazyLock};

use arrow::array::{AsArray, BooleanArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Int64Type, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{JoinType, NullEquality};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType, col, lit};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::joins::{HashJoinExec, PartitionMode};
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion::physical_plan::union::UnionExec;

use super::leaf::{self, Leaf, int_bounds};
use super::view::View;
use crate::model::Revision;
use crate::store::schema::{CLOSINGS, VERSIONS};
use crate::store::{DataFile, Epoch};

/// Which rows to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    /// The versions alive at a revision.
    AliveAt(Revision),
    /// The versions that began after a revision, up to and including another.
    Began { after: Revision, until: Revision },
    /// The versions that ended after a revision, up to and including another, with how they ended.
    Ended { after: Revision, until: Revision },
    /// The content of every observation up to and including a revision, late ones too: each row once.
    Contents { until: Revision },
}

/// Version rows without how they ended: an epoch does not know that of all its rows.
static UNENDED: LazyLock<SchemaRef> = LazyLock::new(|| {
    let fields = VERSIONS.fields().iter().filter(|field| !ENDS.contains(&field.name().as_str()));
    Arc::new(Schema::new(fields.cloned().collect::<Vec<_>>()))
});

/// How a version ended.
const ENDS: [&str; 4] = ["valid_to_revision", "valid_to", "ended_by", "ending_scan_id"];

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

#[async_trait]
impl TableProvider for VersionRows {
    fn schema(&self) -> SchemaRef {
        match self.read {
            Read::Ended { .. } => Arc::clone(&VERSIONS),
            _ => Arc::clone(&UNENDED),
        }
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(filters.iter().map(|_| TableProviderFilterPushDown::Exact).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = self.schema();
        let all = (0..schema.fields().len()).collect();
        let mut columns = Vec::new();
        for at in projection.unwrap_or(&all) {
            columns.push(VERSIONS.index_of(schema.field(*at).name())?);
        }
        let scan = Scan { state, view: &self.view, filters, columns };
        let mut parts = match self.read {
            Read::AliveAt(at) => scan.alive_at(at)?,
            Read::Began { after, until } => scan.began(after, until)?,
            Read::Ended { after, until } => scan.ended(after, until)?,
            Read::Contents { until } => scan.contents(until)?,
        };
        match parts.pop() {
            None => Ok(Arc::new(EmptyExec::new(Arc::new(VERSIONS.project(&scan.columns)?)))),
            Some(only) if parts.is_empty() => Ok(only),
            Some(last) => {
                parts.push(last);
                UnionExec::try_new(parts)
            }
        }
    }
}

/// One scan: its filters and the columns of `VERSIONS` that it puts out.
struct Scan<'a> {
    state: &'a dyn Session,
    view: &'a View,
    filters: &'a [Expr],
    columns: Vec<usize>,
}

type Parts = Vec<Arc<dyn ExecutionPlan>>;

impl Scan<'_> {
    fn alive_at(&self, at: Revision) -> Result<Parts> {
        let alive =
            [col("valid_from_revision").lt_eq(lit(at)), col("valid_to_revision").gt(lit(at)).or(col("valid_to_revision").is_null())];
        let mut parts = Parts::new();
        if let Some(epoch) = self.view.epoch_of(at) {
            let files = choose(epoch, |file| int_bounds(file, "valid_from_revision").0 <= at);
            let closed = if epoch.end.is_none() { self.closings(Revision::MIN, at)? } else { None };
            parts.extend(match closed {
                None => self.files(files, &alive, &self.columns)?,
                Some(closed) => self.not_closed(files, &alive, closed)?,
            });
        }
        parts.extend(self.tail(&alive, |from, to| from <= at && to.is_none_or(|to| to > at))?);
        Ok(parts)
    }

    fn began(&self, after: Revision, until: Revision) -> Result<Parts> {
        let mut parts = Parts::new();
        for epoch in self.view.epochs_meeting(after, until) {
            let after = after.max(epoch.start);
            let files = choose(epoch, |file| meets(int_bounds(file, "valid_from_revision"), after, until));
            parts.extend(self.files(files, &began(after, until), &self.columns)?);
        }
        parts.extend(self.tail(&began(after, until), |from, _| from > after && from <= until)?);
        Ok(parts)
    }

    fn contents(&self, until: Revision) -> Result<Parts> {
        let mut parts = Parts::new();
        for (nth, epoch) in self.view.source().epochs().iter().enumerate().filter(|(_, epoch)| epoch.start < until) {
            // What was carried into a later epoch is in the one before.
            let after = if nth == 0 { Revision::MIN } else { epoch.start };
            let files = choose(epoch, |file| meets(int_bounds(file, "valid_from_revision"), after, until));
            let first = if nth == 0 { None } else { Some(col("valid_from_revision").gt(lit(after))) };
            let last = Some(col("valid_from_revision").lt_eq(lit(until)));
            let bounds = first.into_iter().chain(last).collect::<Vec<_>>();
            parts.extend(self.files(files, &bounds, &self.columns)?);
        }
        parts.extend(self.tail(&[col("valid_from_revision").lt_eq(lit(until))], |from, _| from <= until)?);
        Ok(parts)
    }

    fn ended(&self, after: Revision, until: Revision) -> Result<Parts> {
        let ended =
            [col("valid_to_revision").gt(lit(after)), col("valid_to_revision").lt_eq(lit(until)), col("change").not_eq(lit("late"))];
        let mut parts = Parts::new();
        for epoch in self.view.epochs_meeting(after, until) {
            let files = choose(epoch, |file| meets(int_bounds(file, "valid_to_revision"), after, until));
            parts.extend(self.files(files, &ended, &self.columns)?);
            if epoch.end.is_none()
                && let Some(closings) = self.closings(after, until)?
            {
                parts.extend(self.closed_later(choose(epoch, |_| true), closings)?);
            }
        }
        parts.extend(self.tail(&ended, |_, to| to.is_some_and(|to| to > after && to <= until))?);
        Ok(parts)
    }

    fn files(&self, files: Vec<&DataFile>, bounds: &[Expr], columns: &[usize]) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        if files.is_empty() {
            return Ok(None);
        }
        let filters = [bounds, self.filters].concat();
        let leaf = Leaf::Files(self.view.source().as_ref(), files);
        leaf::read(self.state, &leaf, &VERSIONS, &filters, columns).map(Some)
    }

    /// Rows of the tail. It is small: rows that cannot qualify are left out while planning.
    fn tail(&self, bounds: &[Expr], holds: impl Fn(Revision, Option<Revision>) -> bool) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let mut batches = Vec::new();
        for batch in self.view.source().tail_versions() {
            let from = int64(batch, "valid_from_revision")?;
            let to = int64(batch, "valid_to_revision")?;
            let mask: BooleanArray = from.iter().zip(to).map(|(from, to)| from.is_some_and(|from| holds(from, to))).map(Some).collect();
            if mask.true_count() > 0 {
                batches.push(filter_record_batch(batch, &mask)?);
            }
        }
        if batches.is_empty() {
            return Ok(None);
        }
        let filters = [bounds, self.filters].concat();
        leaf::read(self.state, &Leaf::Memory(batches), &VERSIONS, &filters, &self.columns).map(Some)
    }

    /// The closings after a revision, up to and including another, if there are any.
    fn closings(&self, after: Revision, until: Revision) -> Result<Option<RecordBatch>> {
        let closings = self.view.source().closings();
        let to = int64(closings, "valid_to_revision")?;
        let mask: BooleanArray = to.iter().map(|to| to.is_some_and(|to| to > after && to <= until)).map(Some).collect();
        if mask.true_count() == 0 {
            return Ok(None);
        }
        Ok(Some(filter_record_batch(closings, &mask)?))
    }

    /// Rows of files without those that were closed.
    fn not_closed(&self, files: Vec<&DataFile>, bounds: &[Expr], closed: RecordBatch) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let (columns, from) = self.with_valid_from()?;
        let Some(rows) = self.files(files, bounds, &columns)? else { return Ok(None) };
        let closed = leaf::read(self.state, &Leaf::Memory(vec![closed]), &CLOSINGS, &[], &[0])?;
        let on = vec![(column(&closed, 0), column(&rows, from))];
        let kept = (0..self.columns.len()).collect::<Vec<_>>();
        join(closed, rows, on, JoinType::RightAnti, kept).map(Some)
    }

    /// Rows of files that were closed after they were written, with how they ended.
    ///
    /// The user's filters may ask how a version ended, so they are applied after the join where they do.
    fn closed_later(&self, files: Vec<&DataFile>, closings: RecordBatch) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        if files.is_empty() {
            return Ok(None);
        }
        let asks_end = |filter: &&Expr| filter.column_refs().iter().any(|column| ENDS.contains(&column.name.as_str()));
        let (above, below): (Vec<&Expr>, Vec<&Expr>) = self.filters.iter().partition(asks_end);
        let below: Vec<Expr> = below.into_iter().cloned().collect();
        let mut wanted = self.columns.clone();
        for filter in &above {
            for column in filter.column_refs() {
                let at = VERSIONS.index_of(&column.name)?;
                if !wanted.contains(&at) {
                    wanted.push(at);
                }
            }
        }
        let stored = |at: &usize| !ENDS.contains(&VERSIONS.field(*at).name().as_str());
        let from_at = VERSIONS.index_of("valid_from_revision")?;
        let mut columns: Vec<usize> = wanted.iter().copied().filter(stored).collect();
        if !columns.contains(&from_at) {
            columns.push(from_at);
        }
        let bounds = [[col("change").not_eq(lit("late"))].as_slice(), &below].concat();
        let leaf = Leaf::Files(self.view.source().as_ref(), files);
        let rows = leaf::read(self.state, &leaf, &VERSIONS, &bounds, &columns)?;
        let closings = leaf::read(self.state, &Leaf::Memory(vec![closings]), &CLOSINGS, &[], &[0, 1, 2, 3, 4])?;
        let from = columns.iter().position(|at| *at == from_at).unwrap_or_default();
        let on = vec![(column(&closings, 0), column(&rows, from))];
        let mut places = Vec::new();
        for at in &wanted {
            let name = VERSIONS.field(*at).name();
            places.push(match columns.iter().position(|stored| stored == at) {
                Some(place) => CLOSINGS.fields().len() + place,
                None => CLOSINGS.index_of(name)?,
            });
        }
        let joined = join(closings, rows, on, JoinType::Inner, places)?;
        let joined = renullable(joined, &wanted)?;
        let above: Vec<Expr> = above.into_iter().cloned().collect();
        leaf::filter(self.state, joined, &above, self.columns.len()).map(Some)
    }

    /// The columns with `valid_from_revision`, and its place among them.
    fn with_valid_from(&self) -> Result<(Vec<usize>, usize)> {
        let from = VERSIONS.index_of("valid_from_revision")?;
        let mut columns = self.columns.clone();
        let place = columns.iter().position(|at| *at == from).unwrap_or_else(|| {
            columns.push(from);
            columns.len() - 1
        });
        Ok((columns, place))
    }
}

fn began(after: Revision, until: Revision) -> [Expr; 3] {
    let from = || col("valid_from_revision");
    [from().gt(lit(after)), from().lt_eq(lit(until)), col("change").not_eq(lit("late"))]
}

fn choose(epoch: &Epoch, wanted: impl Fn(&DataFile) -> bool) -> Vec<&DataFile> {
    epoch.files.iter().filter(|file| wanted(file)).collect()
}

fn meets((min, max): (i64, i64), after: Revision, until: Revision) -> bool {
    min <= until && max > after
}

fn int64<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a arrow::array::Int64Array> {
    let found = batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<Int64Type>());
    found.ok_or_else(|| datafusion::error::DataFusionError::Internal(format!("column {name} is no BIGINT")))
}

fn column(plan: &Arc<dyn ExecutionPlan>, at: usize) -> Arc<dyn datafusion::physical_plan::PhysicalExpr> {
    Arc::new(Column::new(plan.schema().field(at).name(), at))
}

fn join(
    build: Arc<dyn ExecutionPlan>,
    probe: Arc<dyn ExecutionPlan>,
    on: Vec<(Arc<dyn datafusion::physical_plan::PhysicalExpr>, Arc<dyn datafusion::physical_plan::PhysicalExpr>)>,
    kind: JoinType,
    columns: Vec<usize>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let mode = PartitionMode::CollectLeft;
    Ok(Arc::new(HashJoinExec::try_new(build, probe, on, None, &kind, Some(columns), mode, NullEquality::NullEqualsNothing, false)?))
}

/// The same columns with the names and nullability of `VERSIONS`.
fn renullable(plan: Arc<dyn ExecutionPlan>, columns: &[usize]) -> Result<Arc<dyn ExecutionPlan>> {
    let renamed = columns
        .iter()
        .enumerate()
        .map(|(place, at)| ProjectionExpr { expr: column(&plan, place), alias: VERSIONS.field(*at).name().clone() });
    Ok(Arc::new(ProjectionExec::try_new(renamed.collect::<Vec<_>>(), plan)?))
}
