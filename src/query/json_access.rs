//! `tags['env']`, `properties['State']['Name']`, `->` and `->>` on JSON text.
//!
//! Brackets and `->>` give text: scalars as they are, objects and arrays as JSON. `->` gives JSON, so that it can go on.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{DFSchema, Result};
use datafusion::execution::SessionStateDefaults;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr, RawFieldAccessExpr};
use datafusion::logical_expr::{Expr, ExprSchemable, GetFieldAccess, lit};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::functions::{MEMBER_AS_JSON, MEMBER_AS_TEXT};
use super::operators::TextOperators;

/// The planners of expressions in Elava's SQL: ours before DataFusion's.
pub(super) fn expr_planners() -> Vec<Arc<dyn ExprPlanner>> {
    let mut planners = SessionStateDefaults::default_expr_planners();
    planners.splice(0..0, [Arc::new(JsonAccess) as Arc<dyn ExprPlanner>, Arc::new(TextOperators)]);
    planners
}

/// Plans access to members of JSON text.
#[derive(Debug)]
struct JsonAccess;

impl ExprPlanner for JsonAccess {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        if !is_text(&expr.left, schema) {
            return Ok(PlannerResult::Original(expr));
        }
        match expr.op {
            BinaryOperator::Arrow => Ok(PlannerResult::Planned(step(expr.left, expr.right, Some("->")))),
            BinaryOperator::LongArrow => Ok(PlannerResult::Planned(step(expr.left, expr.right, Some("->>")))),
            _ => Ok(PlannerResult::Original(expr)),
        }
    }

    fn plan_field_access(&self, expr: RawFieldAccessExpr, schema: &DFSchema) -> Result<PlannerResult<RawFieldAccessExpr>> {
        if !is_text(&expr.expr, schema) {
            return Ok(PlannerResult::Original(expr));
        }
        match expr.field_access {
            GetFieldAccess::NamedStructField { name } => Ok(PlannerResult::Planned(step(expr.expr, lit(name), None))),
            GetFieldAccess::ListIndex { key } => Ok(PlannerResult::Planned(step(expr.expr, *key, None))),
            GetFieldAccess::ListRange { .. } => Ok(PlannerResult::Original(expr)),
        }
    }
}

/// Whether an expression is text, of whatever kind.
pub(super) fn is_text(expr: &Expr, schema: &DFSchema) -> bool {
    matches!(expr.get_type(schema), Ok(DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8))
}

/// One step into JSON. Steps into the result of steps become one longer path, so that the text is read once. The
/// column is named as the step is written.
fn step(from: Expr, key: Expr, arrow: Option<&str>) -> Expr {
    let shown = match &key {
        Expr::Literal(value, _) => value.try_as_str().flatten().map_or_else(|| value.to_string(), |text| format!("'{text}'")),
        other => other.schema_name().to_string(),
    };
    let name = match &from {
        Expr::Column(column) => column.name.clone(),
        other => other.schema_name().to_string(),
    };
    let name = arrow.map_or_else(|| format!("{name}[{shown}]"), |arrow| format!("{name}{arrow}{shown}"));
    let function = Arc::clone(if arrow == Some("->") { &MEMBER_AS_JSON } else { &MEMBER_AS_TEXT });
    let inner = match from {
        Expr::Alias(alias) => *alias.expr,
        other => other,
    };
    let path = match inner {
        Expr::ScalarFunction(ScalarFunction { func, mut args })
            if [MEMBER_AS_TEXT.name(), MEMBER_AS_JSON.name()].contains(&func.name()) =>
        {
            args.push(key);
            args
        }
        other => vec![other, key],
    };
    Expr::ScalarFunction(ScalarFunction::new_udf(function, path)).alias(name)
}
