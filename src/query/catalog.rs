//! The tables that SQL can name: ours, and the views of the session.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, SchemaProvider, TableProvider};
use datafusion::error::Result;
use datafusion::execution::SessionState;
use datafusion::logical_expr::TableType;

use super::local_files;
use super::near::nearest;
use super::relation::RelationTable;
use super::tables;
use super::view::SharedView;
use crate::error::Error;

/// The catalog's name.
pub(super) const CATALOG: &str = "elava";
/// The name of its one schema.
pub(super) const SCHEMA: &str = "public";

/// The catalog of a session.
#[derive(Debug)]
pub(super) struct ElavaCatalog {
    schema: Arc<ElavaSchema>,
}

impl ElavaCatalog {
    pub(super) fn new(schema: Arc<ElavaSchema>) -> Self {
        Self { schema }
    }
}

impl CatalogProvider for ElavaCatalog {
    fn schema_names(&self) -> Vec<String> {
        vec![SCHEMA.to_owned()]
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        (name == SCHEMA).then(|| {
            let schema: Arc<dyn SchemaProvider> = Arc::clone(&self.schema) as _;
            schema
        })
    }
}

/// Finds the session that a catalog belongs to, as long as there is one.
pub(super) type SessionOf = Box<dyn Fn() -> Option<SessionState> + Send + Sync>;

/// The tables of a session. Ours are made when they are named.
pub(super) struct ElavaSchema {
    shared: SharedView,
    views: RwLock<HashMap<String, Arc<dyn TableProvider>>>,
    /// The session that reads local files; none may be read where it is not set.
    session: OnceLock<SessionOf>,
}

impl fmt::Debug for ElavaSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ElavaSchema")
    }
}

impl ElavaSchema {
    pub(super) fn new(shared: SharedView) -> Self {
        Self { shared, views: RwLock::default(), session: OnceLock::new() }
    }

    /// Lets local files be named as tables.
    pub(super) fn allow_local_files(&self, session: SessionOf) {
        let _ = self.session.set(session);
    }

    async fn local_file(&self, path: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        match self.session.get().and_then(|session| session()) {
            Some(state) => local_files::table(&state, path).await,
            None => Ok(None),
        }
    }

    fn view(&self, name: &str) -> Option<Arc<dyn TableProvider>> {
        self.views.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn own(&self, name: &str) -> Option<Arc<dyn TableProvider>> {
        let relation = tables::ALL.iter().find(|relation| relation.name() == name && relation.parameters().is_none())?;
        Some(Arc::new(RelationTable::new(Arc::clone(relation), self.shared.clone())))
    }

    /// The name of a table that is written most like a name.
    pub(super) fn nearest(&self, name: &str) -> Option<String> {
        let names = self.table_names();
        let functions = tables::ALL.iter().map(|relation| relation.name());
        nearest(name, names.iter().map(String::as_str).chain(functions)).map(ToOwned::to_owned)
    }
}

#[async_trait]
impl SchemaProvider for ElavaSchema {
    fn table_names(&self) -> Vec<String> {
        let own = tables::ALL.iter().filter(|relation| relation.parameters().is_none()).map(|relation| relation.name().to_owned());
        let mut names: Vec<String> = own.chain(self.views.read().unwrap_or_else(PoisonError::into_inner).keys().cloned()).collect();
        names.sort_unstable();
        names
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        match self.own(name).or_else(|| self.view(name)) {
            Some(table) => Ok(Some(table)),
            None => self.local_file(name).await,
        }
    }

    async fn table_type(&self, name: &str) -> Result<Option<TableType>> {
        Ok(self.own(name).or_else(|| self.view(name)).map(|table| table.table_type()))
    }

    fn register_table(&self, name: String, table: Arc<dyn TableProvider>) -> Result<Option<Arc<dyn TableProvider>>> {
        if tables::find(&name).is_some() {
            return Err(Error::invalid(format!("{name} is a table of the store; a view needs another name")).into());
        }
        Ok(self.views.write().unwrap_or_else(PoisonError::into_inner).insert(name, table))
    }

    fn deregister_table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if tables::find(name).is_some() {
            return Err(Error::invalid(format!("{name} is a table of the store: it cannot be dropped")).into());
        }
        Ok(self.views.write().unwrap_or_else(PoisonError::into_inner).remove(name))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.own(name).is_some() || self.view(name).is_some()
    }
}
