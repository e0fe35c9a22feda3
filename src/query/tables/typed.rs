//! Typed views: for a resource type `T` the table `T`, the function `T_as_of(at)` and the table `T_versions`.
//!
//! The files in `sql/types` say what their columns are: a column a line, `expression AS name, -- meaning [source]`, over the
//! resource columns, which are there too. Expressions are read when a view is first named, since there are many.
//!
//! A file may have a line `CROSS JOIN jsonb_array_elements(list) AS name`: its view has a row for each element of that list, and
//! expressions may use the element by that name.

use std::sync::{Arc, LazyLock, OnceLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, NullHandling, UnnestOptions};
use datafusion::error::Result;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{Cast, Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, TryCast, cast, ident, lit};
use datafusion_functions_json::udfs::json_get_array_udf;
use include_dir::{Dir, include_dir};

use super::state::{STATE, whole_state};
use super::versions::{VERSION_COLUMNS, whole_versions};
use super::{Call, Meaning, Relation, revision};
use crate::error::Error;
use crate::query::dialect::parser;
use crate::query::functions::register;
use crate::query::json_access::expr_planners;
use crate::store::schema::time_type;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/sql/types");

/// A type, as its file tells it.
#[derive(Debug)]
struct TypeFile {
    name: &'static str,
    text: &'static str,
    columns: OnceLock<Vec<ColumnLine>>,
}

impl TypeFile {
    fn columns(&self) -> &[ColumnLine] {
        self.columns.get_or_init(|| columns(self.text))
    }

    /// What stands between the two, on a line of its own.
    fn line(&self, begin: &str, end: &str) -> Option<&'static str> {
        self.text.lines().find_map(|line| line.strip_prefix(begin)?.strip_suffix(end))
    }

    /// The type of its resources.
    fn resource_type(&self) -> &'static str {
        self.line("WHERE resource_type = '", "'").unwrap_or(self.name)
    }

    /// The list of which each element is a row, and what the element is called.
    fn elements(&self) -> Option<(&'static str, &'static str)> {
        self.line("CROSS JOIN jsonb_array_elements(", "")?.split_once(") AS ")
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
        let Some((name, text)) = file.path().file_stem().and_then(|stem| stem.to_str()).zip(file.contents_utf8()) else {
            continue;
        };
        let file = Arc::new(TypeFile { name, text, columns: OnceLock::new() });
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
    read: OnceLock<Result<Columns, String>>,
}

/// The columns of a view, read.
#[derive(Debug)]
struct Columns {
    schema: SchemaRef,
    exprs: Vec<Expr>,
    /// The list of which each element is a row, and what the element is called.
    elements: Option<(Expr, &'static str)>,
}

impl TypedView {
    fn new(file: &Arc<TypeFile>, rows: Rows) -> Self {
        let name = match rows {
            Rows::Present => file.name,
            // Made once for the life of the process.
            Rows::AsOf => format!("{}_as_of", file.name).leak(),
            Rows::Versions => format!("{}_versions", file.name).leak(),
        };
        Self { name, file: Arc::clone(file), rows, read: OnceLock::new() }
    }

    /// The columns of its rows before the typed ones are added.
    fn below(&self) -> &'static SchemaRef {
        if self.rows == Rows::Versions { &VERSION_COLUMNS } else { &STATE }
    }

    /// Its columns: the typed ones, then those of its rows that no typed one is named as.
    fn read(&self) -> Result<&Columns> {
        let read = self.read.get_or_init(|| self.read_columns().map_err(|error| error.to_string()));
        read.as_ref().map_err(|error| Error::internal(format!("sql/types/{}.sql: {error}", self.file.name)).into())
    }

    fn read_columns(&self) -> Result<Columns> {
        let rows = DFSchema::try_from(Schema::clone(self.below()))?;
        let (mut fields, mut exprs) = (Vec::new(), Vec::new());
        let mut below = rows.clone();
        let mut elements = None;
        if let Some((list, name)) = self.file.elements() {
            elements = Some((json_get_array_udf().call(vec![read_expr(list, &rows)?]), name));
            below.merge(&DFSchema::try_from(Schema::new(vec![Field::new(name, DataType::Utf8, true)]))?);
        }
        for column in self.file.columns() {
            let expr = lenient(read_expr(&column.expression, &below)?)?;
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
        Ok(Columns { schema: Arc::new(Schema::new(fields)), exprs, elements })
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
        self.read().map_or_else(|_| Arc::new(Schema::empty()), |columns| Arc::clone(&columns.schema))
    }

    fn versions(&self) -> Option<Arc<dyn Relation>> {
        let present = self.rows == Rows::Present;
        present.then(|| super::find(&format!("{}_versions", self.name))).flatten()
    }

    fn plan(&self, call: &Call<'_>) -> Result<LogicalPlan> {
        let rows = match self.rows {
            Rows::Present => whole_state(&call.view, call.view.head()),
            Rows::AsOf => whole_state(&call.view, revision(self, call, 0)?),
            Rows::Versions => whole_versions(&call.view),
        };
        let of_type = ident("resource_type").eq(lit(self.file.resource_type()));
        let columns = self.read()?;
        let mut rows = LogicalPlanBuilder::from(rows?).filter(of_type)?;
        if let Some((list, name)) = &columns.elements {
            let with_list = self.below().fields().iter().map(|field| ident(field.name())).chain([list.clone().alias(*name)]);
            let options = UnnestOptions { null_handling: NullHandling::Drop, ..UnnestOptions::default() };
            rows = rows.project(with_list)?.unnest_column_with_options(Column::new_unqualified(*name), options)?;
        }
        rows.project(call.only_wanted(columns.exprs.clone()))?.build()
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

/// An expression over these columns.
fn read_expr(sql: &str, columns: &DFSchema) -> Result<Expr> {
    reader()?.create_logical_expr_from_sql_expr(parser(sql)?.parse_expr()?, columns)
}

/// Reads expressions, as a session does.
fn reader() -> Result<&'static SessionState> {
    static READER: LazyLock<Result<SessionState, String>> = LazyLock::new(|| {
        let mut state = SessionStateBuilder::new().with_default_features().with_expr_planners(expr_planners()).build();
        register(&mut state).map_err(|error| error.to_string())?;
        Ok(state)
    });
    READER.as_ref().map_err(|error| Error::internal(error.clone()).into())
}
