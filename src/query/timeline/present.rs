//! `elava_now()` over time: a table of the points at which a query is asked. At each revision one of its rows is the present.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, ScalarValue};
use datafusion::datasource::provider_as_source;
use datafusion::error::Result;
use datafusion::logical_expr::utils::{conjunction, split_conjunction};
use datafusion::logical_expr::{BinaryExpr, Expr, Filter, LogicalPlan, LogicalPlanBuilder, Operator, lit};

use super::Stretch;
use super::held::{columns_of, project};
use crate::model::{Revision, Timestamp};
use crate::query::now::ELAVA_NOW;
use crate::store::schema::time_type;

/// The column of the present time.
pub(super) const AT: &str = "at";

/// The points of a stretch, each from its revision up to that of the next.
pub(super) fn moments(points: &[(Revision, Timestamp)]) -> Result<RecordBatch> {
    let number = |name, nullable| Field::new(name, DataType::Int64, nullable);
    let fields = vec![Field::new(AT, time_type(), false), number("valid_from_revision", false), number("valid_to_revision", true)];
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    let times = points.iter().map(|(_, time)| Some(time.micros())).collect::<TimestampMicrosecondArray>();
    let ends = points.iter().skip(1).map(|(revision, _)| Some(*revision)).chain([None]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(times.with_timezone("UTC")),
        Arc::new(points.iter().map(|(revision, _)| Some(*revision)).collect::<Int64Array>()),
        Arc::new(ends.take(points.len()).collect::<Int64Array>()),
    ];
    Ok(RecordBatch::try_new(schema, columns)?)
}

impl Stretch {
    /// A plan that asks the table in place of the function, wherever a row can be given the present.
    pub(super) fn with_present(&self, plan: LogicalPlan) -> Result<LogicalPlan> {
        let given = plan.transform_down_with_subqueries(|node| match node {
            LogicalPlan::Filter(filter) if asks_now(&filter.predicate) => self.given_to_filter(filter).map(Transformed::yes),
            LogicalPlan::Projection(made) if made.expr.iter().any(asks_now) => {
                let (input, at) = self.with_moment(LogicalPlan::clone(&made.input))?;
                let named = |(expr, name): (Expr, Column)| {
                    if asks_now(&expr) { Ok(put(expr, &at)?.alias_qualified(name.relation, name.name)) } else { Ok(expr) }
                };
                let columns = made.expr.into_iter().zip(made.schema.columns()).map(named).collect::<Result<_>>()?;
                project(input, columns).map(Transformed::yes)
            }
            // A lateral subquery is unnested only as it is written.
            LogicalPlan::SubqueryAlias(alias) if matches!(*alias.input, LogicalPlan::Subquery(_)) => {
                Ok(Transformed::new(LogicalPlan::SubqueryAlias(alias), false, TreeNodeRecursion::Jump))
            }
            other => Ok(Transformed::no(other)),
        });
        Ok(given?.data)
    }

    fn given_to_filter(&self, filter: Filter) -> Result<LogicalPlan> {
        let columns = columns_of(filter.input.schema());
        // Each row meets each point: those go first for which there is none.
        let ever = split_conjunction(&filter.predicate).into_iter().filter_map(|part| self.at_some_point(part).transpose());
        let input = match conjunction(ever.collect::<Result<Vec<_>>>()?) {
            Some(ever) => LogicalPlan::Filter(Filter::try_new(ever, filter.input)?),
            None => Arc::unwrap_or_clone(filter.input),
        };
        let (input, at) = self.with_moment(input)?;
        let filter = Filter::try_new(put(filter.predicate, &at)?, Arc::new(input))?;
        project(LogicalPlan::Filter(filter), columns)
    }

    /// A comparison with the present, or with a time so long before or after it, at the point at which it holds if it does at any;
    /// none for other conditions.
    fn at_some_point(&self, part: &Expr) -> Result<Option<Expr>> {
        let Expr::BinaryExpr(BinaryExpr { left, op, right }) = part else { return Ok(None) };
        let op = match (is_shifted_now(left), is_shifted_now(right)) {
            (false, true) if !asks_now(left) => Some(*op),
            (true, false) if !asks_now(right) => op.swap(),
            _ => None,
        };
        let point = match op {
            Some(Operator::Lt | Operator::LtEq) => self.points.last(),
            Some(Operator::Gt | Operator::GtEq) => self.points.first(),
            _ => None,
        };
        let Some((_, time)) = point else { return Ok(None) };
        let time = lit(ScalarValue::TimestampMicrosecond(Some(time.micros()), Some("UTC".into())));
        put(part.clone(), &time).map(Some)
    }

    /// Rows with the present as another column.
    fn with_moment(&self, rows: LogicalPlan) -> Result<(LogicalPlan, Expr)> {
        let name = self.names.next("moment");
        let moments = LogicalPlanBuilder::scan(name.clone(), provider_as_source(Arc::clone(&self.present)), None)?.build()?;
        let rows = LogicalPlanBuilder::from(rows).cross_join(moments)?.build()?;
        Ok((rows, Expr::Column(Column::new(Some(name), AT))))
    }
}

/// Whether an expression asks for the present, and not only a subquery in it.
fn asks_now(expr: &Expr) -> bool {
    expr.exists(|part| Ok(is_now(part))).unwrap_or(false)
}

fn is_now(expr: &Expr) -> bool {
    matches!(expr, Expr::ScalarFunction(function) if function.func.name() == ELAVA_NOW)
}

/// Whether an expression is the present, or a time that is always so long before or after it: later, the later that is.
fn is_shifted_now(expr: &Expr) -> bool {
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Plus | Operator::Minus, right }) => {
            is_shifted_now(left) && matches!(**right, Expr::Literal(..))
        }
        expr => is_now(expr),
    }
}

/// An expression with a value in place of the present.
pub(super) fn put(expr: Expr, at: &Expr) -> Result<Expr> {
    Ok(expr.transform_down(|part| Ok(if is_now(&part) { Transformed::yes(at.clone()) } else { Transformed::no(part) }))?.data)
}
