//! Values that a query names as `$name`: put in as literals, in the syntax tree, before it is planned.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use datafusion::sql::parser::Statement as DFStatement;
use datafusion::sql::sqlparser::ast::{Array, DateTimeField, Expr as SqlExpr, Interval, UnaryOperator, Value, VisitorMut};
use datafusion::sql::sqlparser::tokenizer::Token;
use serde::{Serialize, Serializer};

use super::dialect::tokens;
use super::literal::{text_literal, text_literals};
use super::near::nearest;
use super::session::one_query;
use super::spelling::{each_part, expression};
use crate::error::{Error, Result};
use crate::model::TimeSpan;

/// A value with its type.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ParameterValue {
    /// A text.
    Text(String),
    /// A BIGINT.
    Integer(i64),
    /// A DOUBLE.
    Number(f64),
    /// A truth.
    Boolean(bool),
    /// An INTERVAL.
    Duration(TimeSpan),
    /// A list of texts.
    List(Vec<String>),
    /// JSON, which is a text in SQL.
    Json(serde_json::Value),
}

/// The values of a query's parameters, by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parameters(BTreeMap<String, ParameterValue>);

impl Parameters {
    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&ParameterValue> {
        self.0.get(name)
    }

    /// The names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ParameterValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// A query's text with the values in it, else as it is.
    ///
    /// # Errors
    /// `Invalid` if the text cannot be read, and for a name that has no value.
    pub fn written_in(&self, sql: &str) -> Result<String> {
        let mut written = String::with_capacity(sql.len());
        for (text, token) in tokens(sql)? {
            let name = match &token {
                Token::Placeholder(placeholder) => named(placeholder),
                _ => None,
            };
            match name {
                Some(name) => {
                    let value = self.0.get(name).ok_or_else(|| Error::invalid(format!("there is no parameter ${name}")))?;
                    written.push_str(&in_sql(value));
                }
                None => written.push_str(text),
            }
        }
        Ok(written)
    }

    /// Puts the values into a statement.
    ///
    /// # Errors
    /// `Invalid` for a name that has no value, and for a value whose name is not there.
    pub(super) fn put_in(&self, statement: &mut DFStatement) -> Result<()> {
        let mut used = Names::default();
        each_part(statement, &mut used);
        if let Some(unknown) = used.0.iter().find(|name| !self.0.contains_key(*name)) {
            let error = Error::invalid(format!("there is no parameter ${unknown}"));
            return Err(match (nearest(unknown, self.0.keys().map(String::as_str)), self.0.is_empty()) {
                (Some(near), _) => error.with_hint(format!("did you mean ${near}?")),
                (None, true) => error.with_hint("no parameters were given"),
                (None, false) => error.with_hint(format!("given are {}", self.listed())),
            });
        }
        if let Some(unused) = self.0.keys().find(|name| !used.0.contains(*name)) {
            return Err(Error::invalid(format!("a value is given for ${unused}, which the query does not name")));
        }
        each_part(statement, &mut PutIn(self));
        Ok(())
    }

    fn listed(&self) -> String {
        self.0.keys().map(|name| format!("${name}")).collect::<Vec<_>>().join(", ")
    }
}

impl FromIterator<(String, ParameterValue)> for Parameters {
    fn from_iter<I: IntoIterator<Item = (String, ParameterValue)>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

impl Serialize for Parameters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// The names of the parameters that a query has.
///
/// # Errors
/// `Invalid` if the text is not one query.
pub fn query_parameters(sql: &str) -> Result<BTreeSet<String>> {
    let mut names = Names::default();
    each_part(&mut one_query(sql)?, &mut names);
    Ok(names.0)
}

/// The name behind `$`; none for `$1`, which belongs to a prepared statement.
fn name_of(expr: &SqlExpr) -> Option<&str> {
    let SqlExpr::Value(value) = expr else { return None };
    let Value::Placeholder(placeholder) = &value.value else { return None };
    named(placeholder)
}

fn named(placeholder: &str) -> Option<&str> {
    placeholder.strip_prefix('$').filter(|name| !name.starts_with(|first: char| first.is_ascii_digit()))
}

/// Gathers names.
#[derive(Default)]
struct Names(BTreeSet<String>);

impl VisitorMut for Names {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut SqlExpr) -> ControlFlow<()> {
        self.0.extend(name_of(expr).map(ToOwned::to_owned));
        ControlFlow::Continue(())
    }
}

struct PutIn<'a>(&'a Parameters);

impl VisitorMut for PutIn<'_> {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut SqlExpr) -> ControlFlow<()> {
        if let Some(value) = name_of(expr).and_then(|name| self.0.get(name)) {
            *expr = literal(value);
        }
        ControlFlow::Continue(())
    }
}

fn literal(value: &ParameterValue) -> SqlExpr {
    match value {
        ParameterValue::Text(value) => text(value),
        ParameterValue::Integer(value) => number(value.unsigned_abs().to_string(), *value < 0),
        ParameterValue::Number(value) => number(format!("{:?}", value.abs()), value.is_sign_negative()),
        ParameterValue::Boolean(value) => SqlExpr::value(Value::Boolean(*value)),
        ParameterValue::Duration(span) => interval(*span),
        ParameterValue::List(items) => list(items),
        ParameterValue::Json(value) => text(&value.to_string()),
    }
}

/// A literal as it is written in SQL. The syntax tree's own words take two quotes in a text for one.
fn in_sql(value: &ParameterValue) -> String {
    match value {
        ParameterValue::Text(value) => text_literal(value),
        ParameterValue::Json(value) => text_literal(&value.to_string()),
        ParameterValue::List(items) if !items.is_empty() => format!("ARRAY[{}]", text_literals(items)),
        // Two signs would begin a comment.
        ParameterValue::Integer(value) if *value < 0 => format!("({})", literal(&ParameterValue::Integer(*value))),
        ParameterValue::Number(value) if value.is_sign_negative() => format!("({})", literal(&ParameterValue::Number(*value))),
        other => literal(other).to_string(),
    }
}

fn text(value: &str) -> SqlExpr {
    SqlExpr::value(Value::SingleQuotedString(value.to_owned()))
}

fn number(digits: String, is_negative: bool) -> SqlExpr {
    let number = SqlExpr::value(Value::Number(digits, false));
    if is_negative { SqlExpr::UnaryOp { op: UnaryOperator::Minus, expr: Box::new(number) } } else { number }
}

/// In a unit that is no calendar's, so that intervals compare.
fn interval(span: TimeSpan) -> SqlExpr {
    SqlExpr::Interval(Interval {
        value: Box::new(text(&span.micros().to_string())),
        leading_field: Some(DateTimeField::Microseconds),
        leading_precision: None,
        last_field: None,
        fractional_seconds_precision: None,
    })
}

/// An empty array would have no type of elements: it is made by taking out the only one.
fn list(items: &[String]) -> SqlExpr {
    let empty = || expression("array_remove_all(ARRAY[''], '')");
    let array = || SqlExpr::Array(Array { elem: items.iter().map(|item| text(item)).collect(), named: true });
    if items.is_empty() { empty().unwrap_or_else(array) } else { array() }
}
