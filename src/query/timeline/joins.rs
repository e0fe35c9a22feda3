//! Joins over time.
//!
//! Rows are joined while both hold. Where a join asks only whether there is a row on its right side, each row of its left side
//! is cut into pieces: those in which there is one, and those in which there is none.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::common::{Column, JoinConstraint, JoinType, NullEquality};
use datafusion::error::Result;
use datafusion::functions::core::expr_fn::{coalesce, get_field, greatest, least, named_struct};
use datafusion::functions_aggregate::expr_fn::array_agg;
use datafusion::functions_nested::expr_fn::flatten;
use datafusion::logical_expr::{Aggregate, Expr, Join, LogicalPlan, LogicalPlanBuilder, ident, lit};

use super::Stretch;
use super::held::{Held, Names, columns_of, nulls_for, project};
use super::refusal::Stop;
use super::spans::{FROM, MATCHED, TO, no_spans, pieces, united};

impl Stretch {
    /// When the rows of a join held.
    pub(super) fn join(&self, join: &Join) -> Result<Held, Stop> {
        if matches!(join.join_type, JoinType::Right | JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark) {
            let turned = turned(join)?;
            return Ok(self.join(&turned)?.called_as(&turned.schema)?.project(columns_of(&join.schema))?);
        }
        let condition = Condition::of(join);
        let (left, right) = (self.held(&join.left)?, self.held(&join.right)?);
        Ok(match join.join_type {
            JoinType::LeftAnti if join.null_aware => condition.not_in(left, right)?,
            JoinType::LeftAnti => condition.without(left, right)?,
            JoinType::LeftSemi => condition.with(left, right)?,
            JoinType::LeftMark => condition.marked(left, right, JoinType::Left)?.0,
            JoinType::Left => {
                let parts = vec![condition.both(left.clone(), right.clone())?, condition.alone(left, right, join)?];
                Held::union(parts, self.names.clone())?
            }
            JoinType::Full => {
                let turned = turned(join)?;
                let of_right = Condition::of(&turned).alone(right.clone(), left.clone(), &turned)?;
                let of_right = of_right.project(columns_of(&join.schema))?;
                let parts = vec![condition.both(left.clone(), right.clone())?, condition.alone(left, right, join)?, of_right];
                Held::union(parts, self.names.clone())?
            }
            _ => condition.both(left, right)?,
        })
    }
}

/// The same join with its sides exchanged.
fn turned(join: &Join) -> Result<Join> {
    let on = join.on.iter().cloned().map(|(left, right)| (right, left)).collect();
    let (left, right, filter) = (Arc::clone(&join.right), Arc::clone(&join.left), join.filter.clone());
    Join::try_new(left, right, on, filter, join.join_type.swap(), join.join_constraint, join.null_equality, false)
}

/// On what the sides of a join meet.
struct Condition {
    on: Vec<(Expr, Expr)>,
    filter: Option<Expr>,
    null_equality: NullEquality,
}

impl Condition {
    fn of(join: &Join) -> Self {
        Self { on: join.on.clone(), filter: join.filter.clone(), null_equality: join.null_equality }
    }

    /// No equality, and perhaps a filter.
    fn only(filter: Option<Expr>) -> Self {
        Self { on: Vec::new(), filter, null_equality: NullEquality::NullEqualsNothing }
    }

    /// Pairs of rows, while both hold.
    fn both(&self, left: Held, right: Held) -> Result<Held> {
        let columns = left.columns().into_iter().chain(right.columns()).collect();
        let overlap = left.from().lt(right.to()).and(right.from().lt(left.to()));
        let held = [greatest(vec![left.from(), right.from()]), least(vec![left.to(), right.to()])];
        let filter = self.filter.iter().cloned().fold(overlap, Expr::and);
        let names = left.names();
        let (left, right) = (Arc::new(left.into_plan()), Arc::new(right.into_plan()));
        let how = (JoinType::Inner, JoinConstraint::On);
        let rows = Join::try_new(left, right, self.on.clone(), Some(filter), how.0, how.1, self.null_equality, false)?;
        Held::with(LogicalPlan::Join(rows), names, columns, held)
    }

    /// Rows of the left side, while there is one on the right.
    fn with(&self, left: Held, right: Held) -> Result<Held> {
        let columns = left.columns();
        let (pieces, matched) = self.marked(left, right, JoinType::Inner)?;
        pieces.filter(matched)?.project(columns)
    }

    /// Rows of the left side, while there is none on the right.
    fn without(&self, left: Held, right: Held) -> Result<Held> {
        let columns = left.columns();
        let (pieces, matched) = self.marked(left, right, JoinType::Left)?;
        pieces.filter(matched.is_false())?.project(columns)
    }

    /// Rows of the left side, while there is none on the right, with NULL in place of one.
    fn alone(&self, left: Held, right: Held, join: &Join) -> Result<Held> {
        let columns = left.columns().into_iter().chain(nulls_for(join.right.schema())?).collect();
        self.without(left, right)?.project(columns)
    }

    /// `NOT IN`: rows of the left side, while no row on the right is equal, none is NULL, and there is none at all if the left is
    /// NULL.
    fn not_in(&self, left: Held, right: Held) -> Result<Held, Stop> {
        let ([(of_left, of_right)], None) = (self.on.as_slice(), &self.filter) else {
            return Err(Stop::has("NOT IN with a subquery that looks at the row outside; NOT EXISTS can be asked so"));
        };
        let left = self.without(left, right.clone())?;
        let left = Self::only(None).without(left, right.clone().filter(of_right.clone().is_null())?)?;
        Ok(Self::only(Some(of_left.clone().is_null())).without(left, right)?)
    }

    /// Pieces of the left side's rows, with whether there is a row on the right as the last column, and that column. Joined by an
    /// inner join, rows for which there never is one are left out.
    fn marked(&self, left: Held, right: Held, how: JoinType) -> Result<(Held, Expr)> {
        let (names, columns, held) = (left.names(), left.columns(), [left.from(), left.to()]);
        let covered = self.covered(right)?;
        let on = self.on.iter().map(|(of_left, _)| of_left.clone()).zip(covered.keys).collect();
        let (left, right, on_what) = (Arc::new(left.into_plan()), Arc::new(covered.plan), JoinConstraint::On);
        let mut rows = LogicalPlan::Join(Join::try_new(left, right, on, self.filter.clone(), how, on_what, self.null_equality, false)?);
        let mut spans = covered.spans;
        if covered.several {
            let row = columns.iter().chain(&held).cloned().collect();
            (rows, spans) = grouped(rows, row, coalesce(vec![spans, no_spans()]), &names)?;
            spans = flatten(spans);
        }
        let piece = Column::new_unqualified(names.next("piece"));
        let of_piece = |name: &str| get_field(Expr::Column(piece.clone()), name);
        let [from, to] = held;
        let cut = columns.iter().cloned().chain([pieces(from, to, spans).alias(&piece.name)]).collect();
        let rows = LogicalPlanBuilder::from(project(rows, cut)?).unnest_column(piece.clone())?.build()?;
        let matched = names.next("matched");
        let columns = columns.into_iter().chain([of_piece(MATCHED).alias(&matched)]).collect();
        Ok((Held::with(rows, names, columns, [of_piece(FROM), of_piece(TO)])?, ident(matched)))
    }

    /// What the condition looks at on the right side, each combination once, with the spans in which there is a row that has it.
    fn covered(&self, right: Held) -> Result<Covered> {
        let names = right.names();
        let keys: Vec<Expr> = self.on.iter().map(|(_, of_right)| of_right.clone().alias(names.next("key"))).collect();
        let looked_at = self.looked_at(&right);
        let span = named_struct(vec![lit(FROM), right.from(), lit(TO), right.to()]).alias(names.next("span"));
        let rows = project(right.into_plan(), keys.into_iter().chain(looked_at.iter().cloned()).chain([span]).collect())?;
        let mut row = columns_of(rows.schema());
        let span = row.pop().unwrap_or_else(no_spans);
        let keys = row.iter().take(self.on.len()).cloned().collect();
        let (rows, list) = grouped(rows, row.clone(), span, &names)?;
        let name = names.next("spans");
        let plan = project(rows, row.into_iter().chain([united(list).alias(&name)]).collect())?;
        Ok(Covered { plan, keys, spans: ident(name), several: !looked_at.is_empty() })
    }

    /// The columns of the right side that the filter looks at.
    fn looked_at(&self, right: &Held) -> Vec<Expr> {
        let mut columns = right.columns();
        let used: HashSet<&Column> = self.filter.iter().flat_map(Expr::column_refs).collect();
        columns.retain(|column| matches!(column, Expr::Column(column) if used.contains(column)));
        columns
    }
}

/// The right side of a join that asks only whether there is a row.
struct Covered {
    plan: LogicalPlan,
    /// What the equalities compare.
    keys: Vec<Expr>,
    /// When there is a row.
    spans: Expr,
    /// Whether a row of the left side may meet several of these.
    several: bool,
}

/// Each row once, with a list of what belongs to it.
pub(super) fn grouped(plan: LogicalPlan, row: Vec<Expr>, item: Expr, names: &Names) -> Result<(LogicalPlan, Expr)> {
    let name = names.next("list");
    let grouped = Aggregate::try_new(Arc::new(plan), row, vec![array_agg(item).alias(&name)])?;
    Ok((LogicalPlan::Aggregate(grouped), ident(name)))
}
