//! The tables and table functions of section "SQL surface", one file each.

mod audit;
mod blame;
mod changes;
mod columns;
mod diff;
mod events;
mod history;
mod observations;
mod relationships;
mod state;
mod typed;
mod versions;
mod views;

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field};
use datafusion::common::Column;
use datafusion::error::Result;
use datafusion::logical_expr::Expr;

use super::point::Point;
use super::relation::{Call, Meaning, Relation, place_of};
use crate::model::Revision;
use crate::store::schema::{resource_fields, time_type};

/// All tables and functions.
pub(super) static ALL: LazyLock<Vec<Arc<dyn Relation>>> = LazyLock::new(|| {
    let mut all: Vec<Arc<dyn Relation>> = vec![
        Arc::new(observations::Observations),
        Arc::new(state::Resources),
        Arc::new(state::ResourcesAsOf),
        Arc::new(versions::ResourceVersions),
        Arc::new(changes::Changes),
        Arc::new(diff::Diff),
        Arc::new(history::History),
        Arc::new(blame::Blame),
        Arc::new(relationships::Relationships::Present),
        Arc::new(relationships::Relationships::AsOf),
        Arc::new(audit::AuditLog),
        Arc::new(columns::ElavaColumns),
    ];
    all.extend(views::VIEWS.iter().map(|view| Arc::clone(view) as Arc<dyn Relation>));
    all.extend(typed::all());
    all
});

/// The relation of a name, whatever its case.
pub(super) fn find(name: &str) -> Option<Arc<dyn Relation>> {
    ALL.iter().find(|relation| relation.name().eq_ignore_ascii_case(name)).cloned()
}

/// The names of the table functions, each with its columns.
pub fn table_functions() -> Vec<(String, Vec<String>)> {
    let columns = |relation: &dyn Relation| relation.schema().fields().iter().map(|field| field.name().clone()).collect();
    ALL.iter()
        .filter(|relation| relation.parameters().is_some())
        .map(|relation| (relation.name().to_owned(), columns(&**relation)))
        .collect()
}

/// The revision that an argument stands for.
fn revision(relation: &dyn Relation, call: &Call<'_>, place: usize) -> Result<Revision> {
    let value = call.arguments.get(place).cloned().unwrap_or(datafusion::common::ScalarValue::Null);
    let resolved = Point::from_value(&value).and_then(|point| point.resolve(&call.view));
    Ok(resolved.map_err(|error| error.context(place_of(relation, place)))?.revision)
}

/// The revisions that two arguments stand for, the first of which is not above the second.
fn range(relation: &dyn Relation, call: &Call<'_>) -> Result<(Revision, Revision)> {
    let (from, to) = (revision(relation, call, 0)?, revision(relation, call, 1)?);
    if from > to {
        let name = relation.name();
        let message = format!("{name}(from, to): from is revision {from} and to is revision {to}; from must not be above to");
        return Err(crate::error::Error::invalid(message).with_hint(format!("swap them: {name}({to}, {from})")).into());
    }
    Ok((from, to))
}

fn number(name: &str, nullable: bool) -> Field {
    Field::new(name, DataType::Int64, nullable)
}

fn time(name: &str, nullable: bool) -> Field {
    Field::new(name, time_type(), nullable)
}

fn text(name: &str, nullable: bool) -> Field {
    Field::new(name, DataType::Utf8View, nullable)
}

/// The names of the resource columns.
fn resource_columns() -> impl Iterator<Item = String> {
    resource_fields().into_iter().map(|field| field.name().clone())
}

/// A column of a scan.
fn of(scan: &str, column: &str) -> Expr {
    Expr::Column(Column::new(Some(scan), column))
}
