//! `changes(from, 'head')` over time: a change is told from its revision on, until the beginning of the window has passed it.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array};
use arrow::datatypes::{DataType, Int64Type, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::Transformed;
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SessionState;
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlan, LogicalPlanBuilder, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TableScan, TableType,
    Volatility, ident, lit,
};
use datafusion::physical_plan::ExecutionPlan;

use super::Stretch;
use super::present::{AT, put};
use crate::error::Error;
use crate::model::Revision;
use crate::query::leaf::predicate;
use crate::query::point::Point;
use crate::query::relation::{Relation, RelationTable};
use crate::query::view::{Pin, SharedView};

/// The function whose calls are windows.
const CHANGES: &str = "changes";

/// A window of changes that moves along the points of a stretch. It is never read: a plan over the stretch takes its place.
#[derive(Debug)]
pub(super) struct Window {
    changes: Arc<dyn Relation>,
    schema: SchemaRef,
    /// Where it begins at each point, and the point.
    begins: Arc<Vec<(Revision, Revision)>>,
}

#[async_trait]
impl TableProvider for Window {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(&self, _: &dyn Session, _: Option<&Vec<usize>>, _: &[Expr], _: Option<usize>) -> Result<Arc<dyn ExecutionPlan>> {
        Err(Error::internal("a window of changes was read as a table").into())
    }
}

impl Window {
    /// The changes that are in the window at any point.
    pub(super) fn rows(&self, until: &SharedView) -> Result<LogicalPlan> {
        let first = self.begins.first().map_or(0, |(begin, _)| *begin);
        RelationTable::call(Arc::clone(&self.changes), until.clone(), vec![lit(first), lit(until.get().head())])
    }

    /// The point at which the window has passed a change, NULL if there is none.
    pub(super) fn passed(&self, revision: Expr) -> Expr {
        let signature = Signature::exact(vec![DataType::Int64], Volatility::Immutable);
        ScalarUDF::from(Passed { signature, begins: Arc::clone(&self.begins) }).call(vec![revision])
    }
}

impl Stretch {
    /// A plan with windows in place of the calls that are some.
    pub(super) fn with_windows(&self, state: &SessionState, plan: LogicalPlan) -> Result<LogicalPlan> {
        let moved = plan.transform_down_with_subqueries(|node| {
            let LogicalPlan::TableScan(scan) = &node else { return Ok(Transformed::no(node)) };
            let Some(window) = self.window(state, scan)? else { return Ok(Transformed::no(node)) };
            let source = provider_as_source(Arc::new(window));
            LogicalPlanBuilder::scan(scan.table_name.clone(), source, None)?.build().map(Transformed::yes)
        });
        Ok(moved?.data)
    }

    /// A call of `changes` that ends at the head of each point, and never begins earlier than at the point before.
    fn window(&self, state: &SessionState, scan: &TableScan) -> Result<Option<Window>> {
        let table = source_as_provider(&scan.source)?;
        let call = table.downcast_ref::<RelationTable>().and_then(|table| table.called(&scan.filters));
        let Some((changes, [from, to])) = call.filter(|(relation, _)| relation.name() == CHANGES) else { return Ok(None) };
        let (Some(begins), Some(ends)) = (self.resolved(state, from)?, self.resolved(state, to)?) else { return Ok(None) };
        let begins: Vec<_> = begins.into_iter().zip(self.points.iter().map(|(point, _)| *point)).collect();
        let is_one = begins.is_sorted() && ends.iter().zip(&begins).all(|(end, (_, point))| end == point);
        let (changes, schema) = (Arc::clone(changes), changes.schema());
        Ok(is_one.then(|| Window { changes, schema, begins: Arc::new(begins) }))
    }

    /// The revision that an argument stands for at each point; nothing if there is none at one of them.
    fn resolved(&self, state: &SessionState, argument: &Expr) -> Result<Option<Vec<Revision>>> {
        let moments = &self.moments;
        let Some(value) = predicate(state, &moments.schema(), &[put(argument.clone(), &ident(AT))?])? else { return Ok(None) };
        let values = value.evaluate(moments)?.into_array(moments.num_rows())?;
        let revision = |(row, (revision, time)): (usize, &(Revision, _))| {
            let view = self.until.get().pinned(Some(Pin { revision: *revision, time: *time }));
            let value = ScalarValue::try_from_array(&values, row).ok()?;
            Some(Point::from_value(&value).ok()?.resolve(&view).ok()?.revision)
        };
        Ok(self.points.iter().enumerate().map(revision).collect())
    }
}

/// When the window has passed a revision.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Passed {
    signature: Signature,
    begins: Arc<Vec<(Revision, Revision)>>,
}

impl ScalarUDFImpl for Passed {
    fn name(&self) -> &'static str {
        "window_passed"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let no_number = || DataFusionError::from(Error::internal("a change has no revision"));
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let revisions = arrays.first().and_then(|array| array.as_primitive_opt::<Int64Type>()).ok_or_else(no_number)?;
        let passed = |revision: &Revision| {
            let place = self.begins.partition_point(|(begin, _)| begin < revision);
            self.begins.get(place).map(|(_, point)| *point)
        };
        let passed: ArrayRef = Arc::new(revisions.values().iter().map(passed).collect::<Int64Array>());
        Ok(ColumnarValue::Array(passed))
    }
}
