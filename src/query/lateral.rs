//! `CROSS JOIN jsonb_array_elements(t.list) AS e`: functions of PostgreSQL that make rows of each row before them. And casts to
//! JSON, which text is already.
//!
//! DataFusion plans a lateral subquery that unnests a list, but cannot run it. So such a function is spelled out as a lateral
//! subquery when a statement is read ([`spell_out`]), and the join with one becomes an unnest of its left side when the plan
//! is analyzed ([`LateralUnnest`]).

use std::ops::ControlFlow;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, JoinType, NullHandling, Result, ScalarValue, TableReference, UnnestOptions};
use datafusion::logical_expr::{Expr, Join, LogicalPlan, LogicalPlanBuilder};
use datafusion::optimizer::AnalyzerRule;
use datafusion::sql::parser::{CopyToSource, CopyToStatement, Statement as DFStatement};
use datafusion::sql::sqlparser::ast::{
    DataType, Expr as SqlExpr, FunctionArg, FunctionArgExpr, ObjectName, SetExpr, Statement, TableAlias, TableFactor, Value, VisitMut,
    VisitorMut,
};

use super::dialect::parser;
use super::json_elements::JSON_ELEMENTS_TEXT;
use super::relation::unaliased;

/// A list of the elements of a JSON array, as JSON: of the library of JSON functions.
const JSON_ELEMENTS: &str = "json_get_array";
/// PostgreSQL's functions, and those that make a list of what they make rows of.
const FUNCTIONS: [(&str, &str); 4] = [
    ("jsonb_array_elements", JSON_ELEMENTS),
    ("json_array_elements", JSON_ELEMENTS),
    ("jsonb_array_elements_text", JSON_ELEMENTS_TEXT),
    ("json_array_elements_text", JSON_ELEMENTS_TEXT),
];
/// The column of lists, while there is one.
const LISTS: &str = "elava lists";

/// Spells out the functions that stand in FROM.
pub(super) fn spell_out(statement: &mut DFStatement) {
    let _ = match statement {
        DFStatement::Statement(statement) => VisitMut::visit(statement, &mut SpellOut),
        DFStatement::CopyTo(CopyToStatement { source: CopyToSource::Query(query), .. }) => VisitMut::visit(query, &mut SpellOut),
        DFStatement::Explain(explain) => return spell_out(&mut explain.statement),
        DFStatement::CopyTo(_) | DFStatement::CreateExternalTable(_) | DFStatement::Reset(_) => return,
    };
}

struct SpellOut;

impl VisitorMut for SpellOut {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        let spelled = match factor {
            TableFactor::Table { name, alias, args: Some(args), .. } => lateral(name, &args.args, alias.as_ref()),
            TableFactor::Function { name, args, alias, .. } => lateral(name, args, alias.as_ref()),
            _ => None,
        };
        if let Some(spelled) = spelled {
            *factor = spelled;
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut SqlExpr) -> ControlFlow<()> {
        if let SqlExpr::Cast { expr: json, data_type: DataType::JSON | DataType::JSONB, .. } = expr {
            let json = std::mem::replace(&mut **json, SqlExpr::value(Value::Null));
            *expr = SqlExpr::Nested(Box::new(json));
        }
        ControlFlow::Continue(())
    }
}

/// The lateral subquery that a call stands for.
fn lateral(name: &ObjectName, arguments: &[FunctionArg], alias: Option<&TableAlias>) -> Option<TableFactor> {
    let called = name.to_string();
    let (_, list) = FUNCTIONS.iter().find(|(function, _)| called.eq_ignore_ascii_case(function))?;
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))] = arguments else { return None };
    let (table, column) = match alias {
        Some(alias) => {
            (alias.name.to_string(), alias.columns.first().map_or_else(|| alias.name.to_string(), |column| column.name.to_string()))
        }
        None => (called.clone(), "value".to_owned()),
    };
    let sql = format!("SELECT 1 FROM t CROSS JOIN LATERAL (SELECT unnest({list}({argument})) AS {column}) AS {table}");
    let DFStatement::Statement(statement) = parser(&sql).ok()?.parse_statement().ok()? else { return None };
    let Statement::Query(query) = *statement else { return None };
    let SetExpr::Select(select) = *query.body else { return None };
    Some(select.from.into_iter().next()?.joins.into_iter().next()?.relation)
}

/// Makes an unnest of a join with a lateral subquery that does nothing but unnest one list.
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
    let Some((table, column, lists)) = unnested_list(&join.right).filter(|_| is_plain(join)) else { return Ok(Transformed::no(plan)) };
    let left = join.left.schema().columns();
    let mut columns: Vec<Expr> = left.iter().cloned().map(Expr::Column).collect();
    columns.push(of_left(lists.clone())?.alias(LISTS));
    // A row without a list, or with an empty one, has nothing to join with.
    let null_handling = if join.join_type == JoinType::Left { NullHandling::PreserveAndExpandEmpty } else { NullHandling::Drop };
    let options = UnnestOptions { null_handling, ..UnnestOptions::default() };
    let rows = LogicalPlanBuilder::from(join.left.as_ref().clone())
        .project(columns)?
        .unnest_column_with_options(Column::new_unqualified(LISTS), options)?;
    let value = Expr::Column(Column::new_unqualified(LISTS)).alias_qualified(Some(table), column);
    let rows = rows.project(left.into_iter().map(Expr::Column).chain([value]))?;
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

/// Table and column of a lateral subquery that unnests one list, and the list.
fn unnested_list(right: &LogicalPlan) -> Option<(TableReference, String, &Expr)> {
    let LogicalPlan::SubqueryAlias(aliased) = right else { return None };
    let LogicalPlan::Subquery(subquery) = aliased.input.as_ref() else { return None };
    let LogicalPlan::Projection(shown) = subquery.subquery.as_ref() else { return None };
    let LogicalPlan::Unnest(unnest) = shown.input.as_ref() else { return None };
    let LogicalPlan::Projection(lists) = unnest.input.as_ref() else { return None };
    let ([_], [list], LogicalPlan::EmptyRelation(_)) = (shown.expr.as_slice(), lists.expr.as_slice(), lists.input.as_ref()) else {
        return None;
    };
    let column = right.schema().fields().first()?.name().clone();
    Some((aliased.alias.clone(), column, unaliased(list)))
}

/// An expression of a lateral subquery, where its outer columns are at hand.
fn of_left(expr: Expr) -> Result<Expr> {
    let at_hand = expr.transform_up(|node| {
        Ok(match node {
            Expr::OuterReferenceColumn(_, column) => Transformed::yes(Expr::Column(column)),
            other => Transformed::no(other),
        })
    });
    Ok(at_hand?.data)
}
