//! Tables that are SQL over the log's entries: `scans`, `coverage`, `scopes`. The files in `sql/views` say what they show.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::catalog::memory::{MemoryCatalogProvider, MemoryCatalogProviderList, MemorySchemaProvider};
use datafusion::catalog::{CatalogProvider, CatalogProviderList, SchemaProvider};
use datafusion::datasource::ViewTable;
use datafusion::error::Result;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, cast, ident};
use futures::FutureExt;

use super::audit::entries;
use super::observations::observed;
use super::state::whole_state;
use super::{Call, Relation, number, text, time};
use crate::error::Error;

/// A table that is a query.
#[derive(Debug)]
pub(super) struct SqlView {
    name: &'static str,
    sql: &'static str,
    schema: SchemaRef,
}

const COVERAGE_SQL: &str = include_str!("../../../sql/views/coverage.sql");

fn scope_fields() -> [Field; 4] {
    ["provider", "account_id", "region", "resource_type"].map(|name| text(name, true))
}

/// The views.
pub(super) static VIEWS: LazyLock<[Arc<SqlView>; 3]> = LazyLock::new(|| {
    let counts = |names: &[&str]| names.iter().map(|name| number(name, true)).collect::<Vec<_>>();
    let scans = [
        vec![
            text("scan_id", true),
            text("provider", true),
            text("account_id", true),
            time("started_at", true),
            time("finished_at", true),
            text("status", true),
        ],
        counts(&["first_revision", "last_revision", "created", "updated", "unchanged", "deleted", "late", "errors"]),
    ];
    let coverage = [
        vec![text("scan_id", true)],
        scope_fields().to_vec(),
        vec![text("status", true), text("error_code", true), text("error", true)],
        counts(&["listed", "missing", "deleted", "duration_ms", "api_calls"]),
    ];
    let scopes = [
        scope_fields().to_vec(),
        vec![number("resources", true), time("last_complete_at", true), number("last_complete_revision", true)],
        vec![text("last_status", true), text("last_error_code", true)],
    ];
    let view = |name, sql, fields: Vec<Field>| Arc::new(SqlView { name, sql, schema: Arc::new(Schema::new(fields)) });
    [
        view("scans", include_str!("../../../sql/views/scans.sql"), scans.concat()),
        view("coverage", COVERAGE_SQL, coverage.concat()),
        view("scopes", include_str!("../../../sql/views/scopes.sql"), scopes.concat()),
    ]
});

impl Relation for SqlView {
    fn name(&self) -> &'static str {
        self.name
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn plan(&self, call: &Call<'_>) -> Result<LogicalPlan> {
        let Some(state) = call.state.as_any().downcast_ref::<SessionState>() else {
            return Err(Error::internal(format!("{} needs DataFusion's own session", self.name)).into());
        };
        let tables: Arc<MemorySchemaProvider> = Arc::new(MemorySchemaProvider::new());
        let add = |name: &str, plan: LogicalPlan| tables.register_table(name.to_owned(), Arc::new(ViewTable::new(plan, None)));
        add("entries", entries(&call.view)?)?;
        add("resources", whole_state(&call.view, call.view.head())?)?;
        add("observed", observed(&call.view)?)?;
        add("coverage", query(state, &tables, COVERAGE_SQL)?)?;
        let plan = query(state, &tables, self.sql)?;
        let columns = self.schema.fields().iter().map(|field| cast(ident(field.name()), field.data_type().clone()).alias(field.name()));
        LogicalPlanBuilder::from(plan).project(columns.collect::<Vec<_>>())?.build()
    }
}

/// Plans SQL that sees these tables and nothing else. They are in memory, so that finding them never waits.
fn query(state: &SessionState, tables: &Arc<MemorySchemaProvider>, sql: &str) -> Result<LogicalPlan> {
    let names = &state.config_options().catalog;
    let catalog = MemoryCatalogProvider::new();
    catalog.register_schema(&names.default_schema, Arc::clone(tables) as Arc<dyn SchemaProvider>)?;
    let catalogs = MemoryCatalogProviderList::new();
    catalogs.register_catalog(names.default_catalog.clone(), Arc::new(catalog));
    let state = SessionStateBuilder::new_from_existing(state.clone()).with_catalog_list(Arc::new(catalogs)).build();
    let planned = state.create_logical_plan(sql).now_or_never();
    planned.ok_or_else(|| Error::internal("a built-in view waited for a table"))?
}
