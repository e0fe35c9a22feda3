//! Tables that are SQL over the log's entries: of scans, `scans`, `coverage`, `scopes`; of checks, `analysis_runs`,
//! `findings`, `finding_changes`. The files in `sql/views` say what they show.

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
use super::{Call, Relation, number, revision, text, time};
use crate::error::Error;
use crate::query::view::{Pin, View};

/// A table that is a query.
#[derive(Debug)]
pub(super) struct SqlView {
    name: &'static str,
    sql: &'static str,
    schema: SchemaRef,
    /// Another view that it is made of: its name there, and its query.
    base: Option<(&'static str, &'static str)>,
    /// Whether it is a function of the point at which it shows the log.
    is_as_of: bool,
}

const COVERAGE_SQL: &str = include_str!("../../../sql/views/coverage.sql");
const FINDING_CHANGES_SQL: &str = include_str!("../../../sql/views/finding_changes.sql");
const FINDINGS_SQL: &str = include_str!("../../../sql/views/findings.sql");

const SCOPE: [&str; 4] = ["provider", "account_id", "region", "resource_type"];

/// The views.
pub(super) static VIEWS: LazyLock<[Arc<SqlView>; 7]> = LazyLock::new(|| {
    let view = |name, sql, fields: Vec<Field>| {
        let base = match name {
            "scans" => Some(("coverage", COVERAGE_SQL)),
            "findings" | "findings_as_of" => Some(("finding_changes", FINDING_CHANGES_SQL)),
            _ => None,
        };
        Arc::new(SqlView { name, sql, schema: Arc::new(Schema::new(fields)), base, is_as_of: name == "findings_as_of" })
    };
    [
        view("scans", include_str!("../../../sql/views/scans.sql"), scan_fields()),
        view("coverage", COVERAGE_SQL, coverage_fields()),
        view("scopes", include_str!("../../../sql/views/scopes.sql"), scopes_fields()),
        view("analysis_runs", include_str!("../../../sql/views/analysis_runs.sql"), run_fields()),
        view("findings", FINDINGS_SQL, finding_fields()),
        view("findings_as_of", FINDINGS_SQL, finding_fields()),
        view("finding_changes", FINDING_CHANGES_SQL, finding_change_fields()),
    ]
});

fn counts(names: &[&str]) -> Vec<Field> {
    names.iter().map(|name| number(name, true)).collect()
}

fn texts(names: &[&str]) -> Vec<Field> {
    names.iter().map(|name| text(name, true)).collect()
}

fn times(names: &[&str]) -> Vec<Field> {
    names.iter().map(|name| time(name, true)).collect()
}

fn scan_fields() -> Vec<Field> {
    let numbers = ["first_revision", "last_revision", "created", "updated", "unchanged", "deleted", "late", "errors"];
    [texts(&["scan_id", "provider", "account_id"]), times(&["started_at", "finished_at"]), texts(&["status"]), counts(&numbers)].concat()
}

fn coverage_fields() -> Vec<Field> {
    let numbers = ["listed", "missing", "deleted", "duration_ms", "api_calls"];
    [texts(&["scan_id"]), texts(&SCOPE), texts(&["status", "error_code", "error"]), counts(&numbers)].concat()
}

fn scopes_fields() -> Vec<Field> {
    let when = [number("resources", true), time("last_complete_at", true), number("last_complete_revision", true)];
    [texts(&SCOPE), when.to_vec(), texts(&["last_status", "last_error_code"])].concat()
}

fn run_fields() -> Vec<Field> {
    let numbers = ["checks", "passed", "failed", "incomplete", "skipped", "errors", "findings", "exempt", "opened", "resolved"];
    [
        texts(&["run_id", "kind"]),
        times(&["started_at", "finished_at"]),
        counts(&["from_revision", "revision"]),
        texts(&["status"]),
        counts(&numbers),
        texts(&["version"]),
        texts(&["parameters", "exemptions", "results"]),
    ]
    .concat()
}

fn finding_fields() -> Vec<Field> {
    [
        texts(&["check_id", "severity", "title", "resource_key"]),
        texts(&SCOPE),
        texts(&["resource_id", "status", "reason"]),
        times(&["since", "first_seen_at"]),
        counts(&["first_seen_revision"]),
        times(&["opened_at", "last_seen_at"]),
        counts(&["last_seen_revision"]),
        times(&["resolved_at"]),
        counts(&["resolved_revision"]),
        texts(&["exempt_reason"]),
        times(&["exempt_until"]),
        texts(&["run_id"]),
        texts(&["details"]),
    ]
    .concat()
}

fn finding_change_fields() -> Vec<Field> {
    [
        times(&["changed_at"]),
        counts(&["revision"]),
        texts(&["run_id", "status", "status_before", "check_id", "severity", "title", "resource_key"]),
        texts(&SCOPE),
        texts(&["resource_id", "reason"]),
        times(&["since"]),
        texts(&["exempt_reason"]),
        times(&["exempt_until"]),
        texts(&["details"]),
    ]
    .concat()
}

impl Relation for SqlView {
    fn name(&self) -> &'static str {
        self.name
    }

    fn parameters(&self) -> Option<&'static [&'static str]> {
        self.is_as_of.then_some(&["at"])
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn plan(&self, call: &Call<'_>) -> Result<LogicalPlan> {
        let Some(state) = call.state.as_any().downcast_ref::<SessionState>() else {
            return Err(Error::internal(format!("{} needs DataFusion's own session", self.name)).into());
        };
        let view = self.view(call)?;
        let tables: Arc<MemorySchemaProvider> = Arc::new(MemorySchemaProvider::new());
        let add = |name: &str, plan: LogicalPlan| tables.register_table(name.to_owned(), Arc::new(ViewTable::new(plan, None)));
        add("entries", entries(&view)?)?;
        add("resources", whole_state(&view, view.head())?)?;
        add("observed", observed(&view)?)?;
        if let Some((name, sql)) = self.base {
            add(name, query(state, &tables, sql)?)?;
        }
        let plan = query(state, &tables, self.sql)?;
        let columns = self.schema.fields().iter().map(|field| cast(ident(field.name()), field.data_type().clone()).alias(field.name()));
        LogicalPlanBuilder::from(plan).project(columns.collect::<Vec<_>>())?.build()
    }
}

impl SqlView {
    /// What it sees: what the statement sees, or that as it stood at the point.
    fn view(&self, call: &Call<'_>) -> Result<Arc<View>> {
        if !self.is_as_of {
            return Ok(Arc::clone(&call.view));
        }
        let revision = revision(self, call, 0)?;
        let time = call.view.time_of(revision);
        Ok(Arc::new(call.view.pinned(Some(Pin { revision, time }))))
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
