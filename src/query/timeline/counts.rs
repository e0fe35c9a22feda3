//! `count(*)` over time: the rows of a group cut each other's spans into pieces, in each of which there is another number of them.

use datafusion::common::Column;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::functions::core::expr_fn::{get_field, named_struct};
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan, LogicalPlanBuilder, lit};

use super::Stretch;
use super::held::{Held, columns_of, project};
use super::joins::grouped;
use super::refusal::Stop;
use super::spans::{COUNT, FROM, TO, counted};

impl Stretch {
    /// When each group had how many rows.
    pub(super) fn counted(&self, aggregate: &Aggregate) -> Result<Held, Stop> {
        let names = self.names.clone();
        let input = self.held(&aggregate.input)?;
        let span = named_struct(vec![lit(FROM), input.from(), lit(TO), input.to()]).alias(names.next("span"));
        let groups = aggregate.group_expr.iter().map(|group| group.clone().alias(names.next("group")));
        let rows = project(input.into_plan(), groups.chain([span]).collect())?;
        let mut row = columns_of(rows.schema());
        let span = row.pop().ok_or_else(|| Stop::has("a count of nothing"))?;
        let (rows, spans) = grouped(rows, row.clone(), span, &names)?;
        let piece = Column::new_unqualified(names.next("piece"));
        let of_piece = |name: &str| get_field(Expr::Column(piece.clone()), name);
        let cut = row.iter().cloned().chain([counted(spans).alias(&piece.name)]).collect();
        let rows = LogicalPlanBuilder::from(project(rows, cut)?).unnest_column(piece.clone())?.build()?;
        let counts = aggregate.aggr_expr.iter().map(|_| of_piece(COUNT).alias(names.next("count")));
        let columns = row.into_iter().chain(counts).collect();
        Ok(Held::with(rows, names.clone(), columns, [of_piece(FROM), of_piece(TO)])?)
    }
}

/// Whether an aggregate counts the rows of groups, and its input has each row as often as the query has: where rows are a set, none
/// can be counted.
pub(super) fn counts_rows(aggregate: &Aggregate) -> Result<bool> {
    let is_plain = !aggregate.group_expr.iter().any(|group| matches!(group, Expr::GroupingSet(_)));
    if aggregate.group_expr.is_empty() || !is_plain || !aggregate.aggr_expr.iter().all(is_count) {
        return Ok(false);
    }
    let mut is_bag = true;
    aggregate.input.apply(|node| {
        is_bag &= !matches!(node, LogicalPlan::Distinct(_) | LogicalPlan::Aggregate(_));
        Ok(if is_bag { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    })?;
    Ok(is_bag)
}

/// `count(*)`, which is a count of a literal.
fn is_count(expr: &Expr) -> bool {
    let Expr::AggregateFunction(call) = expr.clone().unalias() else { return false };
    let params = &call.params;
    let counts_all = matches!(params.args.as_slice(), [Expr::Literal(value, _)] if !value.is_null());
    call.func.name() == "count" && counts_all && !params.distinct && params.filter.is_none()
}
