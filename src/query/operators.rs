//! Operators of PostgreSQL on text that is JSON or an address: what DataFusion parses, and has no meaning for.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{Expr, ExprSchemable, ScalarUDF, lit};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::functions::{AT_PATH, CONTAINS, EXISTS, EXISTS_ALL, EXISTS_ANY, TEXT_AT_PATH, WITHIN, WITHIN_OR_EQUAL, array_literal};
use super::json_access::is_text;
use crate::error::Error;

/// `<<=` and `>>=`, which the parser has no names for.
pub(super) const SUBNET_OR_EQUAL: &str = "<<=";
pub(super) const SUPERNET_OR_EQUAL: &str = ">>=";

/// Plans the operators as calls of functions.
#[derive(Debug)]
pub(super) struct TextOperators;

impl ExprPlanner for TextOperators {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        if !is_text(&expr.left, schema) {
            return Ok(PlannerResult::Original(with_truth(expr, schema)));
        }
        let with_list = match &expr.op {
            BinaryOperator::HashArrow => Some(&AT_PATH),
            BinaryOperator::HashLongArrow => Some(&TEXT_AT_PATH),
            BinaryOperator::QuestionPipe => Some(&EXISTS_ANY),
            BinaryOperator::QuestionAnd => Some(&EXISTS_ALL),
            _ => None,
        };
        if let Some(function) = with_list {
            let list = list(expr.right, &expr.op)?;
            return Ok(PlannerResult::Planned(function.call(vec![expr.left, list])));
        }
        match of_texts(&expr.op).filter(|_| is_text(&expr.right, schema)) {
            Some((function, false)) => Ok(PlannerResult::Planned(function.call(vec![expr.left, expr.right]))),
            Some((function, true)) => Ok(PlannerResult::Planned(function.call(vec![expr.right, expr.left]))),
            None => Ok(PlannerResult::Original(expr)),
        }
    }
}

/// `encrypted = 'false'` compares truth with truth: the text is read as what it is compared with.
fn with_truth(expr: RawBinaryExpr, schema: &DFSchema) -> RawBinaryExpr {
    let is_truth =
        matches!(expr.op, BinaryOperator::Eq | BinaryOperator::NotEq) && matches!(expr.left.get_type(schema), Ok(DataType::Boolean));
    let read = match &expr.right {
        Expr::Literal(text @ (ScalarValue::Utf8(_) | ScalarValue::Utf8View(_)), _) if is_truth => text.cast_to(&DataType::Boolean).ok(),
        _ => None,
    };
    match read {
        Some(truth) => RawBinaryExpr { right: lit(truth), ..expr },
        None => expr,
    }
}

/// The function of two texts that an operator calls, and whether it takes them the other way round.
fn of_texts(operator: &BinaryOperator) -> Option<(&'static Arc<ScalarUDF>, bool)> {
    Some(match operator {
        BinaryOperator::Question => (&EXISTS, false),
        BinaryOperator::AtArrow => (&CONTAINS, false),
        BinaryOperator::ArrowAt => (&CONTAINS, true),
        BinaryOperator::PGBitwiseShiftLeft => (&WITHIN, false),
        BinaryOperator::PGBitwiseShiftRight => (&WITHIN, true),
        BinaryOperator::Custom(name) if name == SUBNET_OR_EQUAL => (&WITHIN_OR_EQUAL, false),
        BinaryOperator::Custom(name) if name == SUPERNET_OR_EQUAL => (&WITHIN_OR_EQUAL, true),
        _ => return None,
    })
}

/// The list that stands on the right: an array, or its literal.
fn list(right: Expr, operator: &BinaryOperator) -> Result<Expr> {
    let Expr::Literal(literal, _) = &right else { return Ok(right) };
    let Some(Some(text)) = literal.try_as_str() else { return Ok(right) };
    let texts = array_literal(text).ok_or_else(|| {
        let message = format!("{operator} takes a list of texts, such as '{{a,b}}' or ARRAY['a', 'b'], not '{text}'");
        Error::invalid(message)
    })?;
    let texts: Vec<ScalarValue> = texts.into_iter().map(ScalarValue::Utf8View).collect();
    Ok(lit(ScalarValue::List(ScalarValue::new_list_nullable(&texts, &DataType::Utf8View))))
}
