//! Filters on tags, answered from the columns of those tags in the files that have them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::catalog::Session;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{Expr, ident};
use datafusion::physical_plan::ExecutionPlan;

use super::functions::MEMBER_AS_TEXT;
use super::leaf::{Leaf, Placed, read, together};
use crate::store::tag_columns::tag_column;

/// The rows of a leaf of versions for which all filters are true, as [`read`] gives them.
pub(super) fn read_versions(
    state: &dyn Session,
    leaf: &Leaf<'_>,
    schema: &SchemaRef,
    filters: &[Expr],
    columns: &[usize],
) -> Result<Arc<dyn ExecutionPlan>> {
    let asked = keys_asked(filters)?;
    let Leaf::Files(source, files, kept) = leaf else { return read(state, leaf, schema, filters, columns) };
    if asked.is_empty() {
        return read(state, leaf, schema, filters, columns);
    }
    let mut groups: BTreeMap<Vec<&str>, Vec<Placed<'_>>> = BTreeMap::new();
    for placed in files {
        groups.entry(asked.iter().map(String::as_str).filter(|key| placed.has_tag(key)).collect()).or_default().push(placed.clone());
    }
    let of_group = |(keys, files): (Vec<&str>, Vec<Placed<'_>>)| {
        let with_tags = with_columns(schema, &keys, files.first().map_or(0, Placed::constants));
        let filters = filters.iter().map(|filter| from_columns(filter, &keys)).collect::<Result<Vec<_>>>()?;
        let columns = columns.iter().map(|at| with_tags.index_of(schema.field(*at).name())).collect::<Result<Vec<_>, _>>()?;
        read(state, &Leaf::Files(*source, files, *kept), &with_tags, &filters, &columns)
    };
    together(groups.into_iter().map(of_group).collect::<Result<_>>()?, schema, columns)
}

/// The key, if an expression is `tags['key']`.
fn key_of(expr: &Expr) -> Option<&str> {
    let Expr::ScalarFunction(ScalarFunction { func, args }) = expr else { return None };
    match args.as_slice() {
        [Expr::Column(column), Expr::Literal(key, _)] if column.name == "tags" && func.name() == MEMBER_AS_TEXT.name() => {
            key.try_as_str().flatten()
        }
        _ => None,
    }
}

fn keys_asked(filters: &[Expr]) -> Result<BTreeSet<String>> {
    let mut keys = BTreeSet::new();
    for filter in filters {
        filter.apply(|expr| {
            keys.extend(key_of(expr).map(str::to_owned));
            Ok(TreeNodeRecursion::Continue)
        })?;
    }
    Ok(keys)
}

/// A filter that reads these tags from their columns.
fn from_columns(filter: &Expr, keys: &[&str]) -> Result<Expr> {
    let replaced = filter.clone().transform_down(|expr| {
        let column = key_of(&expr).filter(|key| keys.contains(key)).map(|key| ident(tag_column(key).name()));
        Ok(column.map_or_else(|| Transformed::no(expr), Transformed::yes))
    });
    Ok(replaced?.data)
}

/// A schema with columns of tags before the last ones, which are constant in each file.
fn with_columns(schema: &SchemaRef, keys: &[&str], constants: usize) -> SchemaRef {
    let mut fields: Vec<Arc<Field>> = schema.fields().iter().cloned().collect();
    let constant = fields.split_off(fields.len().saturating_sub(constants));
    fields.extend(keys.iter().map(|key| Arc::new(tag_column(key))));
    fields.extend(constant);
    Arc::new(Schema::new(fields))
}
