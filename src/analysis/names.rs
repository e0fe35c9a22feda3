//! The names of the resources that are told of, and which of them meet a condition.

use std::collections::{BTreeSet, HashMap, HashSet};

use futures::StreamExt;

use super::outcome::Resource;
use super::rows;
use crate::error::Result;
use crate::model::Revision;
use crate::query::{Parameters, QuerySession, text_literals};

/// What is known of resources, by key: those that meet the condition, each with its name if it has one.
#[derive(Debug)]
pub(super) struct Names {
    by_key: HashMap<String, Option<String>>,
    has_condition: bool,
}

impl Names {
    /// The names that resources have at a session's point. With a condition, what is not there any more does not meet it.
    ///
    /// # Errors
    /// Whatever the query runs into, as for a condition that cannot be read.
    pub(super) async fn at_point<'a>(
        session: &QuerySession,
        resources: impl Iterator<Item = &'a Resource>,
        condition: Option<&str>,
    ) -> Result<Self> {
        Self::read(session, "resources", resources, None, condition).await
    }

    /// The last names that resources had after a revision. A condition is met if any version then meets it.
    ///
    /// # Errors
    /// As [`Self::at_point`].
    pub(super) async fn after<'a>(
        session: &QuerySession,
        from: Revision,
        resources: impl Iterator<Item = &'a Resource>,
        condition: Option<&str>,
    ) -> Result<Self> {
        let lived = format!("(valid_to_revision IS NULL OR valid_to_revision > {from})");
        Self::read(session, "resource_versions", resources, Some(lived), condition).await
    }

    async fn read<'a>(
        session: &QuerySession,
        table: &str,
        resources: impl Iterator<Item = &'a Resource>,
        lived: Option<String>,
        condition: Option<&str>,
    ) -> Result<Self> {
        let (keys, types): (HashSet<&str>, BTreeSet<&str>) =
            resources.map(|resource| (resource.resource_key.as_str(), resource.resource_type.as_str())).unzip();
        let conditions = [Some(of_types(&types)), lived, condition.map(|condition| format!("({condition}\n)"))];
        let conditions: Vec<String> = conditions.into_iter().flatten().collect();
        let sql = format!("SELECT resource_key, name, revision FROM {table} WHERE {}", conditions.join(" AND "));
        let mut stream = session.execute_with(&sql, &Parameters::default()).await.map_err(|error| match condition {
            Some(condition) => error.context(format!("the condition {condition:?}")),
            None => error,
        })?;
        let mut newest: HashMap<String, (Option<i64>, Option<String>)> = HashMap::new();
        while let Some(batch) = stream.next().await {
            let batch = batch?;
            let (found, names) = (rows::texts(&batch, "resource_key")?, rows::texts(&batch, "name")?);
            for (row, revision) in rows::numbers(&batch, "revision")?.into_iter().enumerate() {
                let key = found.value(row);
                let is_newer = newest.get(key).is_none_or(|(known, _)| *known < revision);
                if is_newer && keys.contains(key) {
                    newest.insert(key.to_owned(), (revision, rows::text(&names, row)));
                }
            }
        }
        let by_key = newest.into_iter().map(|(key, (_, name))| (key, name)).collect();
        Ok(Self { by_key, has_condition: condition.is_some() })
    }

    /// Gives a resource its name; false if it does not meet the condition.
    pub(super) fn give(&self, resource: &mut Resource) -> bool {
        match self.by_key.get(&resource.resource_key) {
            Some(name) => {
                resource.name.clone_from(name);
                true
            }
            None => !self.has_condition,
        }
    }
}

/// A condition on the types, by which whole files are left out.
fn of_types(types: &BTreeSet<&str>) -> String {
    let types: Vec<&str> = types.iter().copied().collect();
    if types.is_empty() { "false".to_owned() } else { format!("resource_type IN ({})", text_literals(&types)) }
}
