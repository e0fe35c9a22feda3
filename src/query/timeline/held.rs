//! Plans whose rows say when they held.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::datatypes::DataType;
use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::error::Result;
use datafusion::functions::core::expr_fn::{coalesce, greatest, nullif};
use datafusion::logical_expr::{Expr, Filter, LogicalPlan, Projection, Union, lit};

use crate::model::Revision;

/// The column of a timeline that says from which revision a row held.
pub const HELD_FROM: &str = "elava held from";
/// The column of a timeline that says from which revision a row held no more.
pub const HELD_TO: &str = "elava held to";

/// The end of what has none.
const NEVER: Revision = Revision::MAX;

/// Names for columns, each given once in a plan: the optimizer carries columns further than they were meant to go.
#[derive(Clone, Default)]
pub(super) struct Names(Arc<AtomicUsize>);

impl Names {
    /// A name that no other column has, nor can any user's.
    pub(super) fn next(&self, what: &str) -> String {
        format!("elava {what} {}", self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// A plan whose last two columns say from which revision its rows held, and from which they held no more. The second is never NULL.
#[derive(Clone)]
pub(super) struct Held {
    plan: LogicalPlan,
    names: Names,
}

impl Held {
    /// A plan that has the two columns as its last ones.
    pub(super) fn of(plan: LogicalPlan, names: Names) -> Self {
        Self { plan, names }
    }

    /// These columns of a plan, and when they held.
    pub(super) fn with(plan: LogicalPlan, names: Names, mut columns: Vec<Expr>, [from, to]: [Expr; 2]) -> Result<Self> {
        columns.extend([from.alias(names.next("from")), to.alias(names.next("to"))]);
        Ok(Self { plan: project(plan, columns)?, names })
    }

    /// These columns of a plan, held from the later of two revisions up to another, or ever since where that is NULL.
    pub(super) fn between(plan: LogicalPlan, names: Names, columns: Vec<Expr>, from: [Expr; 2], to: Expr) -> Result<Self> {
        Self::with(plan, names, columns, [greatest(from.to_vec()), coalesce(vec![to, lit(NEVER)])])
    }

    /// Rows that do not change.
    pub(super) fn always(plan: LogicalPlan, names: Names, since: Revision) -> Result<Self> {
        let columns = columns_of(plan.schema());
        Self::with(plan, names, columns, [lit(since), lit(NEVER)])
    }

    /// The plan, with both columns.
    pub(super) fn into_plan(self) -> LogicalPlan {
        self.plan
    }

    /// The plan as it is told: with NULL as the end of what has none.
    pub(super) fn told(self) -> Result<LogicalPlan> {
        let mut columns = self.columns();
        columns.extend([self.from().alias(HELD_FROM), nullif(self.to(), lit(NEVER)).alias(HELD_TO)]);
        project(self.plan, columns)
    }

    /// Where its columns get their names.
    pub(super) fn names(&self) -> Names {
        self.names.clone()
    }

    /// All columns but the two.
    pub(super) fn columns(&self) -> Vec<Expr> {
        let mut columns = columns_of(self.plan.schema());
        columns.truncate(columns.len().saturating_sub(2));
        columns
    }

    /// From when rows held.
    pub(super) fn from(&self) -> Expr {
        self.last(2)
    }

    /// From when they held no more.
    pub(super) fn to(&self) -> Expr {
        self.last(1)
    }

    fn last(&self, nth: usize) -> Expr {
        let schema = self.plan.schema();
        Expr::Column(Column::from(schema.qualified_field(schema.fields().len().saturating_sub(nth))))
    }

    /// Other columns of the same rows.
    pub(super) fn project(self, columns: Vec<Expr>) -> Result<Self> {
        let held = [self.from(), self.to()];
        Self::with(self.plan, self.names, columns, held)
    }

    /// The rows that fulfil a predicate.
    pub(super) fn filter(self, predicate: Expr) -> Result<Self> {
        let plan = LogicalPlan::Filter(Filter::try_new(predicate, Arc::new(self.plan))?);
        Ok(Self { plan, names: self.names })
    }

    /// The same rows, with the columns called as those of a plan are: what stands above it refers to them so.
    pub(super) fn called_as(self, schema: &DFSchema) -> Result<Self> {
        let names = schema.columns();
        let columns = self.columns();
        if columns.iter().zip(&names).all(|(column, name)| matches!(column, Expr::Column(column) if column == name)) {
            return Ok(self);
        }
        let renamed = columns.into_iter().zip(names).map(|(column, name)| column.alias_qualified(name.relation, name.name));
        self.project(renamed.collect())
    }

    /// The rows of all, with names of its own for their columns: a union forgets of which tables these are.
    pub(super) fn union(parts: Vec<Self>, names: Names) -> Result<Self> {
        let columns = parts.first().map_or(0, |part| part.columns().len());
        let called: Vec<String> = (0..columns).map(|_| names.next("column")).collect();
        let input = |part: Self| {
            let columns = part.columns().into_iter().zip(&called).map(|(column, name)| column.alias(name)).collect();
            Ok(Arc::new(part.project(columns)?.plan))
        };
        let inputs = parts.into_iter().map(input).collect::<Result<_>>()?;
        Ok(Self { plan: LogicalPlan::Union(Union::try_new(inputs)?), names })
    }
}

/// The columns of a plan as expressions.
pub(super) fn columns_of(schema: &DFSchema) -> Vec<Expr> {
    schema.columns().into_iter().map(Expr::Column).collect()
}

/// NULL in place of columns.
pub(super) fn nulls_for(schema: &DFSchema) -> Result<Vec<Expr>> {
    let null = |(column, field): (Column, &DataType)| {
        let value = ScalarValue::try_from(field)?;
        Ok(lit(value).alias_qualified(column.relation, column.name))
    };
    schema.columns().into_iter().zip(schema.fields().iter().map(|field| field.data_type())).map(null).collect()
}

/// A projection of expressions that are resolved already.
pub(super) fn project(plan: LogicalPlan, columns: Vec<Expr>) -> Result<LogicalPlan> {
    Ok(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(plan))?))
}
