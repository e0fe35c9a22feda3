//! Plans references to our functions, and refuses time travel where it means nothing.
//!
//! DataFusion alone would take function names by their case, refuse named arguments, and silently ignore
//! `FOR SYSTEM_TIME AS OF`.

use std::sync::Arc;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning};
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::sql::sqlparser::ast::{
    Expr as SqlExpr, FunctionArg, FunctionArgExpr, FunctionArgOperator, ObjectName, TableFactor, TableVersion,
};

use super::point::ACCEPTED;
use super::relation::{Relation, RelationTable, place_of};
use super::tables;
use super::view::SharedView;
use crate::error::Error;

/// The planner of references.
#[derive(Debug)]
pub(super) struct ElavaRelationPlanner {
    shared: SharedView,
}

impl ElavaRelationPlanner {
    pub(super) fn new(shared: SharedView) -> Self {
        Self { shared }
    }
}

impl RelationPlanner for ElavaRelationPlanner {
    fn plan_relation(&self, relation: TableFactor, context: &mut dyn RelationPlannerContext) -> Result<RelationPlanning> {
        match relation {
            TableFactor::Table { name, alias, version: Some(version), args: None, .. } => {
                let plan = self.versioned(&name, version, context)?;
                Ok(planned(plan, alias))
            }
            TableFactor::Table { name, version: Some(_), .. } => {
                Err(Error::invalid(format!("{name}(..) FOR SYSTEM_TIME AS OF: a function takes its points in time as arguments")).into())
            }
            TableFactor::Table { name, alias, args: Some(args), version: None, .. } if our_function(&name).is_some() => {
                let Some(function) = our_function(&name) else { return Err(Error::internal("a function went away").into()) };
                let arguments = positional(function.as_ref(), args.args)?;
                Ok(planned(self.call(function, arguments, context)?, alias))
            }
            TableFactor::Function { lateral: _, name, args, alias, .. } if our_function(&name).is_some() => {
                let Some(function) = our_function(&name) else { return Err(Error::internal("a function went away").into()) };
                let arguments = positional(function.as_ref(), args)?;
                Ok(planned(self.call(function, arguments, context)?, alias))
            }
            TableFactor::Table { name, args: Some(_), .. } if ours(&name).is_some() => {
                let table = ours(&name).map_or("", |relation| relation.name());
                let hint = if tables::find(&format!("{table}_as_of")).is_some() {
                    format!("; the state at a point is {table}_as_of(at)")
                } else {
                    String::new()
                };
                Err(Error::invalid(format!("{table} is a table and takes no arguments{hint}")).into())
            }
            TableFactor::Table { name, args: None, .. } if our_function(&name).is_some() && !known(&name, context) => {
                let Some(function) = our_function(&name) else { return Err(Error::internal("a function went away").into()) };
                let call = format!("{}({})", function.name(), function.parameters().unwrap_or_default().join(", "));
                Err(Error::invalid(format!("{name} is a table function: write {call}")).into())
            }
            other => Ok(RelationPlanning::Original(Box::new(other))),
        }
    }
}

impl ElavaRelationPlanner {
    /// `table FOR SYSTEM_TIME AS OF x` = `table_as_of(x)`.
    fn versioned(&self, name: &ObjectName, version: TableVersion, context: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
        let TableVersion::ForSystemTimeAsOf(at) = version else {
            return Err(Error::invalid(format!("{name}: of the clauses for time travel only FOR SYSTEM_TIME AS OF is known")).into());
        };
        let function =
            ours(name).filter(|table| table.parameters().is_none()).and_then(|table| tables::find(&format!("{}_as_of", table.name())));
        match function {
            Some(function) => self.call(function, vec![at], context),
            None => Err(Error::invalid(format!(
                "{name} FOR SYSTEM_TIME AS OF: {name} is no state table; those are resources, relationships and the typed views, such as aws_vpc"
            ))
            .into()),
        }
    }

    fn call(&self, function: Arc<dyn Relation>, arguments: Vec<SqlExpr>, context: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
        let mut planned = Vec::with_capacity(arguments.len());
        for (place, argument) in arguments.into_iter().enumerate() {
            let text = argument.to_string();
            let expr = match context.sql_to_expr(argument, &DFSchema::empty()) {
                Ok(expr) => expr,
                Err(error) if is_unknown_column(&error) => return Err(refuse_column(function.as_ref(), place, &text)),
                Err(error) => return Err(error),
            };
            if refers_outside(&expr)? {
                return Err(refuse_column(function.as_ref(), place, &text));
            }
            if expr.is_volatile() {
                let at = place_of(function.as_ref(), place);
                return Err(Error::invalid(format!("{at}: {text} has another value each time it is asked for")).into());
            }
            planned.push(expr);
        }
        RelationTable::call(function, self.shared.clone(), planned)
    }
}

fn planned(plan: LogicalPlan, alias: Option<datafusion::sql::sqlparser::ast::TableAlias>) -> RelationPlanning {
    RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, alias)))
}

/// The relation of ours that a name stands for, with or without our schema in front.
fn ours(name: &ObjectName) -> Option<Arc<dyn Relation>> {
    let parts: Vec<String> = name.0.iter().filter_map(|part| part.as_ident()).map(|ident| ident.value.to_ascii_lowercase()).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        [table] | ["public" | "elava", table] | ["elava", "public", table] => tables::find(table),
        _ => None,
    }
}

fn our_function(name: &ObjectName) -> Option<Arc<dyn Relation>> {
    ours(name).filter(|relation| relation.parameters().is_some())
}

/// Whether a name is one of a table or view of the session.
fn known(name: &ObjectName, context: &dyn RelationPlannerContext) -> bool {
    let reference = context.object_name_to_table_reference(name.clone());
    reference.is_ok_and(|reference| context.context_provider().get_table_source(reference).is_ok())
}

/// The arguments in the order of the parameters.
fn positional(function: &dyn Relation, arguments: Vec<FunctionArg>) -> Result<Vec<SqlExpr>> {
    let parameters = function.parameters().unwrap_or_default();
    let call = format!("{}({})", function.name(), parameters.join(", "));
    let mut placed: Vec<Option<SqlExpr>> = vec![None; parameters.len()];
    let given = arguments.len();
    for (nth, argument) in arguments.into_iter().enumerate() {
        let (place, value) = match argument {
            FunctionArg::Unnamed(value) => (nth, value),
            FunctionArg::Named { name, arg, operator } => (named(parameters, &name.value, &call, &operator)?, arg),
            FunctionArg::ExprNamed { name, arg, operator } => (named(parameters, &name.to_string(), &call, &operator)?, arg),
        };
        let FunctionArgExpr::Expr(value) = value else {
            return Err(Error::invalid(format!("{call}: argument {} is no value", nth + 1)).into());
        };
        match placed.get_mut(place) {
            Some(slot @ None) => *slot = Some(value),
            Some(Some(_)) => return Err(Error::invalid(format!("{call}: {} is given twice", parameters.get(place).unwrap_or(&"?"))).into()),
            None => return Err(Error::invalid(format!("{call} takes {}, not {given}", count(parameters.len()))).into()),
        }
    }
    let missing = placed.iter().position(Option::is_none);
    match missing.and_then(|place| parameters.get(place)) {
        Some(parameter) => {
            Err(Error::invalid(format!("{call} takes {}, not {given}: {parameter} is missing", count(parameters.len()))).into())
        }
        None => Ok(placed.into_iter().flatten().collect()),
    }
}

fn count(parameters: usize) -> String {
    if parameters == 1 { "1 argument".to_owned() } else { format!("{parameters} arguments") }
}

fn named(parameters: &[&str], name: &str, call: &str, operator: &FunctionArgOperator) -> Result<usize> {
    if !matches!(operator, FunctionArgOperator::RightArrow | FunctionArgOperator::Assignment) {
        return Err(Error::invalid(format!("{call}: a named argument is written name => value")).into());
    }
    let place = parameters.iter().position(|parameter| parameter.eq_ignore_ascii_case(name.trim_matches('"')));
    place.ok_or_else(|| Error::invalid(format!("{call} has no parameter {name}")).into())
}

fn is_unknown_column(error: &DataFusionError) -> bool {
    matches!(error.find_root(), DataFusionError::SchemaError(..))
}

/// Whether an expression, or a subquery in it, refers to rows outside.
fn refers_outside(expr: &Expr) -> Result<bool> {
    let mut outside = false;
    expr.apply(|node| {
        outside |= match node {
            Expr::Column(_) | Expr::OuterReferenceColumn(..) => true,
            Expr::ScalarSubquery(subquery) => !subquery.outer_ref_columns.is_empty(),
            Expr::Exists(exists) => !exists.subquery.outer_ref_columns.is_empty(),
            Expr::InSubquery(within) => !within.subquery.outer_ref_columns.is_empty(),
            _ => false,
        };
        Ok(if outside { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(outside)
}

fn refuse_column(function: &dyn Relation, place: usize, text: &str) -> DataFusionError {
    let at = place_of(function, place);
    let parameter = function.parameters().and_then(|parameters| parameters.get(place));
    let accepted = if parameter == Some(&"resource") { "a text" } else { ACCEPTED };
    let message = format!("{at}: {text} refers to a column; the argument is one value for the whole statement: {accepted}");
    Error::invalid(message).with_hint("text stands in single quotes: 'head', not head or \"head\"").into()
}
