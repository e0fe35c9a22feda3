//! `relationships` and `relationships_as_of(at)`: which resource of a state names which other, and how.
//!
//! One pass over the resources whose types have rules gives their edges. What these lead to is looked up before there is a
//! plan, by keys alone: properties are read of the few types that others know by something else than their ids.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, AsArray, BooleanArray, StringViewArray};
use arrow::datatypes::{Fields, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::common::{NullHandling, ScalarValue, UnnestOptions};
use datafusion::error::Result;
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator, ident, lit};
use futures::future::BoxFuture;

use super::{Call, Meaning, Relation, revision, text};
use crate::model::{ResourceKey, Revision};
use crate::query::edges::{EDGE_FIELDS, Edges, Known, Line, edges_of, has_aliases, lines};
use crate::query::leaf::{RowsTable, predicate};
use crate::query::relation::scan;
use crate::query::rows::{Read, VersionRows};

/// The columns of an edge.
static COLUMNS: LazyLock<SchemaRef> = LazyLock::new(|| {
    let from = Fields::from(vec![text("from_key", false)]);
    Arc::new(Schema::new(from.iter().chain(EDGE_FIELDS.iter()).cloned().collect::<Vec<_>>()))
});

/// The edges of a state.
#[derive(Debug)]
pub(super) enum Relationships {
    /// Of the present.
    Present,
    /// Of a point.
    AsOf,
}

impl Relationships {
    fn at(&self, call: &Call<'_>) -> Result<Revision> {
        match self {
            Self::Present => Ok(call.view.head()),
            Self::AsOf => revision(self, call, 0),
        }
    }
}

impl Relation for Relationships {
    fn name(&self) -> &'static str {
        match self {
            Self::Present => "relationships",
            Self::AsOf => "relationships_as_of",
        }
    }

    fn parameters(&self) -> Option<&'static [&'static str]> {
        matches!(self, Self::AsOf).then_some(&["at"])
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&COLUMNS)
    }

    fn look_up<'a>(&'a self, call: &'a Call<'_>) -> Result<Option<BoxFuture<'a, Result<Vec<RecordBatch>>>>> {
        Ok(Some(Box::pin(targets(call, self.at(call)?))))
    }

    fn plan(&self, call: &Call<'_>) -> Result<LogicalPlan> {
        let lines = asked(call);
        let mut known = Known::new(to_types(&lines), &call.state.runtime_env().memory_pool);
        call.looked_up.iter().try_for_each(|batch| known.add(batch))?;
        let tags = if lines.iter().any(|line| line.rule.is_by_tag()) { ident("tags") } else { lit(ScalarValue::Utf8View(None)) };
        let edges = edges_of(&Arc::new(Edges::new(&lines, known)), ident("resource_key"), ident("properties"), tags);
        let rows = scan("resources that name others", VersionRows::new(&call.view, Read::AliveAt(self.at(call)?)))?;
        let rows = rows.filter(of_types(from_types(&lines)))?;
        let lists = rows.project([ident("resource_key").alias("from_key"), edges.alias("edge")])?;
        let dropping = UnnestOptions { null_handling: NullHandling::Drop, ..UnnestOptions::default() };
        let edges = lists.unnest_column_with_options("edge", dropping)?.unnest_column("edge")?;
        let columns = EDGE_FIELDS.iter().map(|field| ident(format!("edge.{}", field.name())).alias(field.name()));
        let columns = std::iter::once(ident("from_key")).chain(columns).collect();
        edges.project(call.only_wanted(columns))?.build()
    }

    fn meaning(&self, column: &str) -> Option<Meaning> {
        let (description, source) = match column {
            "from_key" => ("the resource that names the other", "resources.resource_key"),
            "relation" => ("what it has to do with it, such as in_subnet", "the member that names it, such as SubnetId"),
            "to_type" => ("the type of the resource that is named", "the member that names it, such as SubnetId"),
            "to_id" => ("the id of the resource that is named", "what that member says: an id, or an ARN that ends with it"),
            "to_key" => ("its key; NULL when it is not in the store at that point", "resources.resource_key"),
            _ => return None,
        };
        Some(Meaning { description, source: Some(source) })
    }
}

/// The lines whose edges a call may ask for, as far as its filters tell by what the lines say themselves.
fn asked(call: &Call<'_>) -> Vec<Line> {
    let lines: Vec<Line> = lines().collect();
    match holds(call, &lines) {
        Some(holds) => lines.into_iter().zip(&holds).filter(|(_, holds)| *holds == Some(true)).map(|(line, _)| line).collect(),
        None => lines,
    }
}

/// For which lines a call's filters hold. Where that cannot be told without the edges, they are left to these.
fn holds(call: &Call<'_>, lines: &[Line]) -> Option<BooleanArray> {
    let column = |value: fn(&Line) -> &'static str| Arc::new(lines.iter().map(value).map(Some).collect::<StringViewArray>()) as ArrayRef;
    let columns = [column(|line| line.from_type), column(|line| line.rule.relation), column(|line| line.rule.to_type)];
    let table = RecordBatch::try_new(Arc::clone(&LINES), columns.to_vec()).ok()?;
    let filters: Vec<Expr> = call.filters.iter().filter_map(on_lines).collect();
    let filter = predicate(call.state, &LINES, &filters).ok()??;
    filter.evaluate(&table).ok()?.into_array(lines.len()).ok()?.as_boolean_opt().cloned()
}

/// What lines say themselves.
static LINES: LazyLock<SchemaRef> =
    LazyLock::new(|| Arc::new(Schema::new(["from_type", "relation", "to_type"].map(|name| text(name, false)).to_vec())));

/// What a filter on edges says about lines: itself, if it asks for nothing else; the type, if it asks for one resource.
fn on_lines(filter: &Expr) -> Option<Expr> {
    if filter.column_refs().iter().all(|column| ["relation", "to_type"].contains(&column.name.as_str())) {
        return (!filter.is_volatile()).then(|| filter.clone());
    }
    let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) = filter else { return None };
    let (Expr::Column(column), Expr::Literal(key, _)) = (left.as_ref(), right.as_ref()) else { return None };
    let of_type = match column.name.as_str() {
        "from_key" => "from_type",
        "to_key" => "to_type",
        _ => return None,
    };
    let key = ResourceKey::from_stored(key.try_as_str()??).ok()?;
    Some(ident(of_type).eq(lit(key.resource_type())))
}

fn from_types(lines: &[Line]) -> BTreeSet<&'static str> {
    lines.iter().map(|line| line.from_type).collect()
}

fn to_types(lines: &[Line]) -> BTreeSet<&'static str> {
    lines.iter().map(|line| line.rule.to_type).collect()
}

fn of_types(types: impl IntoIterator<Item = &'static str>) -> Expr {
    ident("resource_type").in_list(types.into_iter().map(lit).collect(), false)
}

/// What edges lead to: the keys of resources, and the properties of those that have other names.
async fn targets(call: &Call<'_>, at: Revision) -> Result<Vec<RecordBatch>> {
    let types = to_types(&asked(call));
    let state = RowsTable(VersionRows::new(&call.view, Read::AliveAt(at)));
    let with_aliases = of_types(types.iter().copied().filter(|to_type| has_aliases(to_type)));
    let mut found = vec![state.collect(call.state, &["resource_key", "properties"], with_aliases).await?];
    if call.wants("to_key") {
        found.push(state.collect(call.state, &["resource_key"], of_types(types)).await?);
    }
    Ok(found)
}
