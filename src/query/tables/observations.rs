//! `observations`: one row per observation, changed or not.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::JoinType;
use datafusion::error::Result;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, ident, lit};

use super::{Call, Relation, number, of, resource_columns, text, time};
use crate::query::leaf::{Kept, Leaf, Parts, Placed, Rows, Scan, int_bounds, read};
use crate::query::relation::scan;
use crate::query::rows::{Read, VersionRows};
use crate::query::view::View;
use crate::store::schema::{OBSERVATIONS, resource_fields};

/// The columns of observations.
static COLUMNS: LazyLock<SchemaRef> = LazyLock::new(|| {
    let mut fields = vec![number("revision", false), time("observed_at", false), text("scan_id", false), text("change", false)];
    fields.extend(resource_fields());
    Arc::new(Schema::new(fields))
});

/// Resource columns that are stored with the observation itself.
const STORED: [&str; 4] = ["provider", "account_id", "region", "resource_type"];

/// All observations.
#[derive(Debug)]
pub(super) struct Observations;

impl Relation for Observations {
    fn name(&self) -> &'static str {
        "observations"
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&COLUMNS)
    }

    fn plan(&self, call: &Call<'_>) -> Result<LogicalPlan> {
        let rows = scan("observed", ObservationRows { view: Arc::clone(&call.view) })?;
        let stored = |name: &str| OBSERVATIONS.index_of(name).is_ok();
        let content: Vec<String> = resource_columns().filter(|name| !stored(name) && call.wants(name)).collect();
        let mut columns: Vec<Expr> = ["revision", "observed_at", "scan_id", "change"].map(|name| of("observed", name).alias(name)).to_vec();
        columns.extend(STORED.map(|name| of("observed", name).alias(name)));
        if content.is_empty() {
            return rows.project(columns)?.build();
        }
        let mut versions = scan("version", VersionRows::new(&call.view, Read::Contents { until: call.view.head() }))?;
        let of_scope = |filter: &&Expr| filter.column_refs().iter().all(|column| STORED.contains(&column.name.as_str()));
        if let Some(filter) = conjunction(call.filters.iter().filter(of_scope).cloned()) {
            versions = versions.filter(filter)?;
        }
        let versions = versions.project(content.iter().chain([&"valid_from_revision".to_owned()]).map(ident))?.build()?;
        columns.extend(content.iter().map(|name| of("version", name).alias(name)));
        let on = (vec!["version.valid_from_revision"], vec!["observed.version_revision"]);
        LogicalPlanBuilder::from(versions).join(rows.build()?, JoinType::Inner, on, None)?.project(columns)?.build()
    }
}

/// Observations with the columns that are stored with them.
pub(super) fn observed(view: &Arc<View>) -> Result<LogicalPlan> {
    scan("observed", ObservationRows { view: Arc::clone(view) })?.build()
}

/// The stored columns of observations that a view sees.
#[derive(Debug)]
struct ObservationRows {
    view: Arc<View>,
}

impl Rows for ObservationRows {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&OBSERVATIONS)
    }

    fn parts(&self, scan: &Scan<'_>) -> Result<Parts> {
        let (floor, head) = (self.view.floor(), self.view.head());
        let seen = [ident("revision").gt(lit(floor)), ident("revision").lt_eq(lit(head))];
        // A file that is seen whole needs no filter, so that its rows are counted without reading it.
        let (mut whole, mut cut) = (Vec::new(), Vec::new());
        for file in self.view.source().observation_files() {
            match int_bounds(file, "revision") {
                (min, max) if max <= floor || min > head => {}
                (min, max) if min > floor && max <= head => whole.push(Placed::plain(file)),
                _ => cut.push(Placed::plain(file)),
            }
        }
        let bounded = [seen.as_slice(), scan.filters].concat();
        let mut parts = Parts::new();
        for (files, filters) in [(whole, scan.filters), (cut, &bounded)] {
            if !files.is_empty() {
                parts.push(read(
                    scan.state,
                    &Leaf::Files(self.view.source().as_ref(), files, Kept::Few),
                    &OBSERVATIONS,
                    filters,
                    scan.columns,
                )?);
            }
        }
        let tail = self.view.source().tail_observations()?;
        if !tail.is_empty() {
            let filters = if self.view.pin().is_none() && floor == 0 { scan.filters } else { &bounded };
            parts.push(read(scan.state, &Leaf::Memory(tail), &OBSERVATIONS, filters, scan.columns)?);
        }
        Ok(parts)
    }
}
