//! Operators of one input, and tables.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::Column;
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::error::Result;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Distinct, Expr, LogicalPlan, LogicalPlanBuilder, SubqueryAlias, TableScan, Unnest, lit};

use super::Stretch;
use super::counts::counts_rows;
use super::held::{Held, columns_of};
use super::refusal::{Stop, check_joined, of_node};
use super::windows::Window;
use crate::query::relation::RelationTable;

impl Stretch {
    /// When the rows of an optimized plan held. Its columns are called as they are there.
    pub(super) fn held(&self, plan: &LogicalPlan) -> Result<Held, Stop> {
        check_joined(plan)?;
        Ok(self.held_by_node(plan)?.called_as(plan.schema())?)
    }

    fn held_by_node(&self, plan: &LogicalPlan) -> Result<Held, Stop> {
        Ok(match plan {
            LogicalPlan::TableScan(scan) => self.state(scan)?,
            LogicalPlan::EmptyRelation(_) | LogicalPlan::Values(_) => Held::always(plan.clone(), self.names.clone(), self.from)?,
            LogicalPlan::Projection(projection) => self.held(&projection.input)?.project(projection.expr.clone())?,
            LogicalPlan::Filter(filter) => self.held(&filter.input)?.filter(filter.predicate.clone())?,
            LogicalPlan::SubqueryAlias(aliased) => {
                let input = self.held(&aliased.input)?.into_plan();
                Held::of(LogicalPlan::SubqueryAlias(SubqueryAlias::try_new(Arc::new(input), aliased.alias.clone())?), self.names.clone())
            }
            LogicalPlan::Unnest(unnest) => {
                let input = self.held(&unnest.input)?.into_plan();
                let (columns, options) = (unnest.exec_columns.clone(), unnest.options.clone());
                Held::of(LogicalPlan::Unnest(Unnest::try_new(Arc::new(input), columns, options)?), self.names.clone())
            }
            LogicalPlan::Union(union) => {
                let parts = union.inputs.iter().map(|input| self.held(input)).collect::<Result<_, _>>()?;
                Held::union(parts, self.names.clone())?
            }
            LogicalPlan::Join(join) => self.join(join)?,
            // Rows are a set, in no order.
            LogicalPlan::Distinct(Distinct::All(input)) => self.held(input)?,
            LogicalPlan::Aggregate(distinct) if distinct.aggr_expr.is_empty() && !has_sets(&distinct.group_expr) => {
                self.held(&distinct.input)?.project(distinct.group_expr.clone())?
            }
            LogicalPlan::Aggregate(aggregate) if counts_rows(aggregate)? => self.counted(aggregate)?,
            LogicalPlan::Sort(sort) if sort.fetch.is_none() => self.held(&sort.input)?,
            other => return Err(of_node(other)),
        })
    }

    /// The versions of which a table shows the state, or the changes of which it shows a window.
    fn state(&self, scan: &TableScan) -> Result<Held, Stop> {
        if scan.fetch.is_some() {
            return Err(of_node(&LogicalPlan::TableScan(scan.clone())));
        }
        let column = |column: &str| Expr::Column(Column::new(Some(scan.table_name.clone()), column));
        let provider = source_as_provider(&scan.source)?;
        let (rows, from, to) = if let Some(window) = provider.downcast_ref::<Window>() {
            (window.rows(&self.until)?, column("revision"), window.passed(column("revision")))
        } else if let Some(table) = self.versions_of(&provider) {
            let rows = LogicalPlanBuilder::scan(scan.table_name.clone(), provider_as_source(table), None)?.build()?;
            (rows, column("valid_from_revision"), column("valid_to_revision"))
        } else {
            return Err(Stop::has(format!("the table {}, which is not the state of resources", scan.table_name.table())));
        };
        let alive = to.clone().is_null().or(to.clone().gt(lit(self.from)));
        let rows = filtered(rows, scan.filters.iter().cloned().chain([alive]))?;
        Ok(Held::between(rows, self.names.clone(), columns_of(&scan.projected_schema), [from, lit(self.from)], to)?)
    }

    /// The table of versions with the columns of a table of a state.
    fn versions_of(&self, table: &Arc<dyn TableProvider>) -> Option<Arc<dyn TableProvider>> {
        if Arc::ptr_eq(table, &self.present) {
            return Some(Arc::clone(table));
        }
        let versions = table.downcast_ref::<RelationTable>()?.versions(self.until.clone())?;
        Some(Arc::new(versions))
    }
}

fn filtered(plan: LogicalPlan, predicates: impl Iterator<Item = Expr>) -> Result<LogicalPlan> {
    match conjunction(predicates) {
        Some(predicate) => LogicalPlanBuilder::from(plan).filter(predicate)?.build(),
        None => Ok(plan),
    }
}

fn has_sets(exprs: &[Expr]) -> bool {
    exprs.iter().any(|expr| matches!(expr, Expr::GroupingSet(_)))
}
