//! `CROSS JOIN LATERAL (SELECT unnest(f(t.list)) AS e) AS e`: rows made of each row before them, by functions of its columns.
//!
//! DataFusion plans such a lateral subquery, but cannot run it. So a join with one becomes an unnest, or a projection, of its
//! left side when the plan is analyzed.

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, JoinType, NullHandling, Result, ScalarValue, TableReference, UnnestOptions};
use datafusion::logical_expr::{Expr, Join, LogicalPlan, LogicalPlanBuilder};
use datafusion::optimizer::AnalyzerRule;

use super::relation::unaliased;

/// Makes an unnest of a join with a lateral subquery that does nothing but unnest lists, and a projection of one that does
/// nothing but call functions.
#[derive(Debug)]
pub(super) struct LateralUnnest;

impl AnalyzerRule for LateralUnnest {
    fn name(&self) -> &str {
        "lateral_unnest"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        Ok(plan.transform_up_with_subqueries(unnested)?.data)
    }
}

fn unnested(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let LogicalPlan::Join(join) = &plan else { return Ok(Transformed::no(plan)) };
    let Some(made) = Made::by(&join.right)?.filter(|_| is_plain(join)) else { return Ok(Transformed::no(plan)) };
    let left: Vec<Expr> = join.left.schema().columns().into_iter().map(Expr::Column).collect();
    let mut rows = LogicalPlanBuilder::from(join.left.as_ref().clone());
    if !made.lists.is_empty() {
        // A row without a list, or with an empty one, has nothing to join with.
        let null_handling = if join.join_type == JoinType::Left { NullHandling::PreserveAndExpandEmpty } else { NullHandling::Drop };
        let options = UnnestOptions { null_handling, ..UnnestOptions::default() };
        let lists = made.lists.iter().enumerate().map(|(nth, list)| list.clone().alias(element(nth).name));
        rows = rows
            .project(left.iter().cloned().chain(lists))?
            .unnest_columns_with_options((0..made.lists.len()).map(element).collect(), options)?;
    }
    let shown = made.shown.into_iter().map(|(name, expr)| expr.alias_qualified(Some(made.table.clone()), name));
    let rows = rows.project(left.into_iter().chain(shown))?;
    let rows = match &join.filter {
        Some(filter) if join.join_type == JoinType::Inner => rows.filter(filter.clone())?,
        _ => rows,
    };
    Ok(Transformed::yes(rows.build()?))
}

/// A join that keeps all pairs, or the left side of none.
fn is_plain(join: &Join) -> bool {
    let no_condition = match &join.filter {
        None => true,
        Some(Expr::Literal(value, _)) => *value == ScalarValue::Boolean(Some(true)),
        Some(_) => join.join_type == JoinType::Inner,
    };
    join.on.is_empty() && no_condition && matches!(join.join_type, JoinType::Inner | JoinType::Left)
}

/// What a lateral subquery makes of a row.
struct Made {
    table: TableReference,
    /// What is unnested.
    lists: Vec<Expr>,
    /// The columns, of the row and of the lists' elements.
    shown: Vec<(String, Expr)>,
}

impl Made {
    /// What a subquery makes, if it reads no table.
    fn by(right: &LogicalPlan) -> Result<Option<Self>> {
        let LogicalPlan::SubqueryAlias(aliased) = right else { return Ok(None) };
        let LogicalPlan::Subquery(subquery) = aliased.input.as_ref() else { return Ok(None) };
        let LogicalPlan::Projection(shown) = subquery.subquery.as_ref() else { return Ok(None) };
        let (lists, unnested): (&[Expr], &[Column]) = match shown.input.as_ref() {
            LogicalPlan::EmptyRelation(_) => (&[], &[]),
            LogicalPlan::Unnest(unnest) => {
                let LogicalPlan::Projection(lists) = unnest.input.as_ref() else { return Ok(None) };
                let LogicalPlan::EmptyRelation(_) = lists.input.as_ref() else { return Ok(None) };
                (&lists.expr, &unnest.schema.columns())
            }
            _ => return Ok(None),
        };
        let lists = lists.iter().map(|list| of_left(unaliased(list).clone(), &[])).collect::<Result<_>>()?;
        let exprs = shown.expr.iter().map(|expr| of_left(unaliased(expr).clone(), unnested));
        let names = right.schema().fields().iter().map(|field| field.name().clone());
        let shown = names.zip(exprs).map(|(name, expr)| Ok((name, expr?))).collect::<Result<_>>()?;
        Ok(Some(Self { table: aliased.alias.clone(), lists, shown }))
    }
}

/// The column of the elements of a list. No user can name it.
fn element(nth: usize) -> Column {
    Column::new_unqualified(format!("elava element {nth}"))
}

/// An expression of a lateral subquery, where its outer columns and the elements of these lists are at hand.
fn of_left(expr: Expr, unnested: &[Column]) -> Result<Expr> {
    let at_hand = expr.transform_up(|node| {
        Ok(match node {
            Expr::OuterReferenceColumn(_, column) => Transformed::yes(Expr::Column(column)),
            Expr::Column(column) => match unnested.iter().position(|one| *one == column) {
                Some(nth) => Transformed::yes(Expr::Column(element(nth))),
                None => Transformed::no(Expr::Column(column)),
            },
            other => Transformed::no(other),
        })
    });
    Ok(at_hand?.data)
}
