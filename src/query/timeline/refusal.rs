//! What no temporal query answers, and how that is said.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, LogicalPlan, Volatility};

use crate::query::now::ELAVA_NOW;

/// Why there is no temporal plan.
pub(super) enum Stop {
    /// The query is not of that kind.
    NotTemporal(String),
    /// It could not be planned.
    Failed(Box<DataFusionError>),
}

impl From<DataFusionError> for Stop {
    fn from(error: DataFusionError) -> Self {
        Self::Failed(Box::new(error))
    }
}

impl Stop {
    /// What it has, as `an aggregate`.
    pub(super) fn has(what: impl std::fmt::Display) -> Self {
        Self::NotTemporal(format!("the query has {what}"))
    }
}

/// Refuses functions that have another value at another time, before the optimizer makes constants of them, and subqueries that
/// stand for a value.
pub(super) fn check(plan: &LogicalPlan) -> Result<(), Stop> {
    let mut found = None;
    plan.apply_with_subqueries(|node| {
        // What it has are the arguments of a table function, and that is refused anyway.
        if matches!(node, LogicalPlan::TableScan(_)) {
            return Ok(TreeNodeRecursion::Continue);
        }
        node.apply_expressions(|expr| {
            expr.apply(|part| {
                found = found.take().or_else(|| of_the_moment(part));
                Ok(if found.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
            })
        })
    })?;
    found.map_or(Ok(()), |what| Err(Stop::has(what)))
}

fn of_the_moment(expr: &Expr) -> Option<String> {
    match expr {
        Expr::ScalarFunction(function) if function.func.signature().volatility != Volatility::Immutable => {
            Some(match function.func.name() {
                ELAVA_NOW => format!("{ELAVA_NOW}() elsewhere than in SELECT and WHERE"),
                name => format!("{name}(), which has another value each time it is asked for"),
            })
        }
        Expr::ScalarSubquery(_) => Some("a subquery in place of a value".to_owned()),
        Expr::WindowFunction(_) => Some("a window function".to_owned()),
        _ => None,
    }
}

/// Whether an expression has a subquery that no join could be made of.
pub(super) fn check_joined(plan: &LogicalPlan) -> Result<(), Stop> {
    let mut found = false;
    plan.apply_expressions(|expr| {
        expr.apply(|part| {
            found |= matches!(part, Expr::Exists(_) | Expr::InSubquery(_) | Expr::ScalarSubquery(_) | Expr::SetComparison(_));
            Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
        })
    })?;
    if found { Err(Stop::has("a subquery that no join can be made of")) } else { Ok(()) }
}

/// Why a node cannot be part of a temporal plan.
pub(super) fn of_node(node: &LogicalPlan) -> Stop {
    Stop::has(match node {
        LogicalPlan::Aggregate(_) => "an aggregate other than count(*) by groups".to_owned(),
        LogicalPlan::Window(_) => "a window function".to_owned(),
        LogicalPlan::Limit(_) | LogicalPlan::Sort(_) | LogicalPlan::TableScan(_) => "a LIMIT".to_owned(),
        LogicalPlan::Distinct(_) => "DISTINCT ON".to_owned(),
        LogicalPlan::RecursiveQuery(_) => "WITH RECURSIVE".to_owned(),
        LogicalPlan::Subquery(_) => "a lateral subquery over a table".to_owned(),
        other => format!("a part that is no plain query: {}", other.display()),
    })
}
