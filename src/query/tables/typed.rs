//! Typed views: for a resource type `T` the table `T`, the function `T_as_of(at)` and the table `T_versions`.
//!
//! The files in `sql/types` say what their columns are: a column a line, `expression AS name, -- meaning [source]`, over the
//! resource columns, which are there too. Expressions are read when a view is first named, since there are many.

use std::sync::{Arc, LazyLock, OnceLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{Cast, Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, TryCast, cast, ident, lit};
use include_dir::{Dir, include_dir};

use super::state::{STATE, whole_state};
use super::versions::{VERSION_COLUMNS, whole_versions};
use super::{Call, Meaning, Relation, revision};
use crate::error::Error;
use crate::query::dialect::parser;
use crate::query::json_access::expr_planners;
use crate::store::schema::time_type;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/sql/types");

/// A type, as its file tells it.
#[derive(Debug)]
struct TypeFile {
    resource_type: &'static str,
    text: &'static str,
    columns: OnceLock<Vec<ColumnLine>>,
}

impl TypeFile {
    fn columns(&self) -> &[ColumnLine] {
        self.columns.get_or_init(|| columns(self.text))
    }
}

/// One column of a type.
#[derive(Debug)]
struct ColumnLine {
    name: &'static str,
    expression: String,
    meaning: Meaning,
}

/// All typed views.
pub(super) fn all() -> Vec<Arc<dyn Relation>> {
    let mut views: Vec<Arc<dyn Relation>> = Vec::new();
    for file in FILES.files() {
        let Some((resource_type, text)) = file.path().file_stem().and_then(|stem| stem.to_str()).zip(file.contents_utf8()) else {
            continue;
        };
        let file = Arc::new(TypeFile { resource_type, text, columns: OnceLock::new() });
        for rows in [Rows::Present, Rows::AsOf, Rows::Versions] {
            views.push(Arc::new(TypedView::new(&file, rows)));
        }
    }
    views
}

/// The columns that a file tells of.
fn columns(text: &'static str) -> Vec<ColumnLine> {
    let mut columns = Vec::new();
    let mut expression = String::new();
    let body = text.lines().skip_while(|line| line.trim() != "SELECT").skip(1).take_while(|line| !line.starts_with("FROM "));
    for line in body {
        let Some((code, comment)) = line.split_once(" -- ") else {
            expression.push_str(line.trim());
            expression.push(' ');
            continue;
        };
        let Some((value, name)) = code.trim().trim_end_matches(',').rsplit_once(" AS ") else { continue };
        expression.push_str(value);
        let (description, source) = match comment.strip_suffix(']').and_then(|comment| comment.rsplit_once(" [")) {
            Some((description, source)) => (description, Some(source)),
            None => (comment, None),
        };
        columns.push(ColumnLine { name, expression: std::mem::take(&mut expression), meaning: Meaning { description, source } });
    }
    columns
}

/// Which rows a view shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rows {
    Present,
    AsOf,
    Versions,
}

/// A typed view.
#[derive(Debug)]
struct TypedView {
    name: &'static str,
    file: Arc<TypeFile>,
    rows: Rows,
    read: OnceLock<Result<(SchemaRef, Vec<Expr>), String>>,
}

impl TypedView {
    fn new(file: &Arc<TypeFile>, rows: Rows) -> Self {
        let name = match rows {
            Rows::Present => file.resource_type,
            // Made once for the life of the process.
            Rows::AsOf => format!("{}_as_of", file.resource_type).leak(),
            Rows::Versions => format!("{}_versions", file.resource_type).leak(),
        };
        Self { name, file: Arc::clone(file), rows, read: OnceLock::new() }
    }

    /// The columns of its rows before the typed ones are added.
    fn below(&self) -> &'static SchemaRef {
        if self.rows == Rows::Versions { &VERSION_COLUMNS } else { &STATE }
    }

    /// Its columns: the typed ones, then those of its rows that no typed one is named as.
    fn read(&self) -> Result<&(SchemaRef, Vec<Expr>)> {
        let read = self.read.get_or_init(|| self.read_columns().map_err(|error| error.to_string()));
        read.as_ref().map_err(|error| Error::internal(format!("sql/types/{}.sql: {error}", self.file.resource_type)).into())
    }

    fn read_columns(&self) -> Result<(SchemaRef, Vec<Expr>)> {
        let below = DFSchema::try_from(Schema::clone(self.below()))?;
        let (mut fields, mut exprs) = (Vec::new(), Vec::new());
        for column in self.file.columns() {
            let written = parser(&column.expression)?.parse_expr()?;
            let expr = lenient(READER.create_logical_expr_from_sql_expr(written, &below)?)?;
            let expr = if let DataType::Timestamp(..) = expr.get_type(&below)? { cast(expr, time_type()) } else { expr };
            let field = Field::clone(&*expr.to_field(&below)?.1);
            fields.push(Arc::new(field.with_name(column.name).with_nullable(true)));
            exprs.push(expr.alias(column.name));
        }
        for field in self.below().fields() {
            if self.file.columns().iter().all(|column| column.name != field.name()) {
                fields.push(Arc::clone(field));
                exprs.push(ident(field.name()));
            }
        }
        Ok((Arc::new(Schema::new(fields)), exprs))
    }
}

impl Relation for TypedView {
    fn name(&self) -> &'static str {
        self.name
    }

    fn parameters(&self) -> Option<&'static [&'static str]> {
        (self.rows == Rows::AsOf).then_some(&["at"])
    }

    /// Without columns where its file cannot be read: a test reads them all.
    fn schema(&self) -> SchemaRef {
        self.read().map_or_else(|_| Arc::new(Schema::empty()), |(schema, _)| Arc::clone(schema))
    }

    fn plan(&self, call: &Call<'_>) -> Result<LogicalPlan> {
        let rows = match self.rows {
            Rows::Present => whole_state(&call.view, call.view.head()),
            Rows::AsOf => whole_state(&call.view, revision(self, call, 0)?),
            Rows::Versions => whole_versions(&call.view),
        };
        let of_type = ident("resource_type").eq(lit(self.file.resource_type));
        let columns = call.only_wanted(self.read()?.1.clone());
        LogicalPlanBuilder::from(rows?).filter(of_type)?.project(columns)?.build()
    }

    fn meaning(&self, column: &str) -> Option<Meaning> {
        self.file.columns().iter().find(|line| line.name == column).map(|line| line.meaning)
    }
}

/// An expression with NULL in place of what is not as the service documents it: filters may be put to a column before the
/// rows of other types are left out, and one odd value must not fail a whole statement.
fn lenient(expr: Expr) -> Result<Expr> {
    let lenient = expr.transform_up(|node| {
        Ok(match node {
            Expr::Cast(Cast { expr, field }) => Transformed::yes(Expr::TryCast(TryCast { expr, field })),
            other => Transformed::no(other),
        })
    });
    Ok(lenient?.data)
}

/// Reads expressions, as a session does.
static READER: LazyLock<SessionState> =
    LazyLock::new(|| SessionStateBuilder::new().with_default_features().with_expr_planners(expr_planners()).build());
