//! Statements that may be run: whatever reads, and views of the session. Nothing alters the store.

use std::path::{Component, Path, PathBuf};

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::Result;
use datafusion::logical_expr::{DdlStatement, LogicalPlan, Statement};
use datafusion::sql::sqlparser::ast::{ObjectType, Statement as SqlStatement};

use crate::error::{Error, Result as ElavaResult};

/// Where `COPY` may write.
#[derive(Debug, Clone, Default)]
pub(super) struct Limits {
    /// Whether local files may be read and written at all.
    pub(super) local_files: bool,
    /// The store's own folder.
    pub(super) forbidden_folder: Option<PathBuf>,
}

/// Refuses a statement that does more than read, before its names and values are looked at.
///
/// # Errors
/// `Invalid`, as [`check`].
pub(super) fn check_statement(statement: &SqlStatement) -> ElavaResult<()> {
    match statement {
        SqlStatement::Query(_)
        | SqlStatement::ExplainTable { .. }
        | SqlStatement::ShowTables { .. }
        | SqlStatement::ShowColumns { .. }
        | SqlStatement::ShowFunctions { .. }
        | SqlStatement::ShowVariable { .. }
        | SqlStatement::ShowVariables { .. }
        | SqlStatement::ShowStatus { .. }
        | SqlStatement::ShowCollation { .. }
        | SqlStatement::ShowCreate { .. }
        | SqlStatement::ShowDatabases { .. }
        | SqlStatement::ShowSchemas { .. }
        | SqlStatement::Set(_)
        | SqlStatement::Execute { .. }
        | SqlStatement::Deallocate { .. }
        | SqlStatement::CreateView { .. }
        | SqlStatement::Drop { object_type: ObjectType::View, .. } => Ok(()),
        SqlStatement::Explain { statement, .. } | SqlStatement::Prepare { statement, .. } => check_statement(statement),
        SqlStatement::StartTransaction { .. } | SqlStatement::Commit { .. } | SqlStatement::Rollback { .. } => {
            Err(Error::invalid("there are no transactions: every statement sees one snapshot, and none writes"))
        }
        other => {
            let text = other.to_string();
            let words: Vec<&str> = text.split_whitespace().take(2).collect();
            Err(refused(&words.join(" ")))
        }
    }
}

/// Refuses a plan that does more than read.
///
/// # Errors
/// `Invalid`, saying what was refused and what may be done instead.
pub(super) fn check(plan: &LogicalPlan, limits: &Limits) -> Result<()> {
    plan.apply_with_subqueries(|node| {
        match node {
            LogicalPlan::Dml(dml) => return Err(refused(&format!("{} {}", dml.op.name(), dml.table_name)).into()),
            LogicalPlan::Ddl(DdlStatement::CreateView(_) | DdlStatement::DropView(_)) => {}
            LogicalPlan::Ddl(ddl) => return Err(refused(ddl.name()).into()),
            LogicalPlan::Copy(copy) => check_target(&copy.output_url, limits)?,
            LogicalPlan::Statement(Statement::TransactionStart(_) | Statement::TransactionEnd(_)) => {
                return Err(Error::invalid("there are no transactions: every statement sees one snapshot, and none writes").into());
            }
            _ => {}
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(())
}

fn refused(what: &str) -> Error {
    let error = Error::invalid(format!("{what} is refused: SQL only reads the store"));
    error.with_hint(
        "CREATE VIEW lasts for the session, COPY (query) TO 'file.parquet' writes a file, elava import and elava scan write the store",
    )
}

fn check_target(target: &str, limits: &Limits) -> ElavaResult<()> {
    if !limits.local_files {
        return Err(Error::invalid("COPY is refused here: this session may not write files"));
    }
    let path = target.strip_prefix("file://").unwrap_or(target);
    if path.contains("://") {
        return Err(Error::invalid(format!("COPY writes local files only, not {target}")));
    }
    let Some(folder) = &limits.forbidden_folder else { return Ok(()) };
    let (resolved, folder) = (resolve(Path::new(path)), resolve(folder));
    if resolved.starts_with(&folder) {
        return Err(Error::invalid(format!("COPY never writes into the store's own folder ({})", folder.display())));
    }
    Ok(())
}

/// The path without symbolic links and dots, as far as it is there.
fn resolve(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut resolved = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::ParentDir => {
                resolved.pop();
            }
            Component::CurDir => {}
            component => {
                resolved.push(component);
                if let Ok(real) = resolved.canonicalize() {
                    resolved = real;
                }
            }
        }
    }
    resolved
}
