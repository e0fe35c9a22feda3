//! When the rows of a query held, over a stretch of history, by one query.
//!
//! A query over states (`resources`, the typed views) has an answer at every revision. Its plan, optimized as any other,
//! becomes a plan over versions: each table of a state is replaced by that of its versions, and every operator hands on
//! from and to which revision its rows held. Whatever is right for all tables is right at every revision, so the optimizer's own
//! rules turn EXISTS, IN and the like into joins before that.
//!
//! Rows are sets here: a row held at a revision if the query has it then, however often. What does not fit (aggregates other than count(*) by groups, limits,
//! tables that are no states) is refused with the reason.

mod counts;
mod held;
mod joins;
mod operators;
mod present;
mod refusal;
mod spans;
mod windows;

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::error::Result as DataFusionResult;
use datafusion::execution::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::optimizer::Optimizer;

use super::failure::told;
use super::stream::QueryStream;
use super::view::{Pin, SharedView, View};
use crate::error::{Error, Result};
use crate::model::{Revision, Timestamp};
use held::Names;
use refusal::Stop;

pub use held::{HELD_FROM, HELD_TO};

/// When the rows of a query held.
#[derive(Debug)]
pub enum Timeline {
    /// The query's columns, then [`HELD_FROM`] and [`HELD_TO`]: the revision from which the row held, which is that where the
    /// stretch begins if it held there, and that from which it held no more, NULL if it held where the stretch ends. A row that held
    /// may be told in several parts, which may overlap. Where the query asks `elava_now()`, it is that of the point before.
    Rows(QueryStream),
    /// No one query tells it: why, for people.
    NotTemporal(String),
}

/// The optimizer's rules that name columns of their own. They must see a plan once, so they are left to the plan over the stretch.
const RULES_THAT_NAME: [&str; 3] = ["common_sub_expression_eliminate", "extract_leaf_expressions", "push_down_leaf_projections"];

/// A plan after all other rules.
fn optimized(state: &SessionState, plan: LogicalPlan) -> DataFusionResult<LogicalPlan> {
    let plan = state.analyzer().execute_and_check(plan, state.config_options(), |_, _| {})?;
    let rules = state.optimizers().iter().filter(|rule| !RULES_THAT_NAME.contains(&rule.name())).cloned().collect();
    Optimizer::with_rules(rules).optimize(plan, state, |_, _| {})
}

/// A stretch of history, as a plan over it is made.
pub(super) struct Stretch {
    /// Where it begins: the state there is part of it.
    from: Revision,
    /// What is seen where it ends.
    until: SharedView,
    /// The points at which the query is asked, with the time that it is then.
    points: Vec<(Revision, Timestamp)>,
    /// The same as rows, and as a table.
    moments: RecordBatch,
    present: Arc<dyn TableProvider>,
    names: Names,
}

impl Stretch {
    /// From the first of some revisions up to and including the last.
    ///
    /// # Errors
    /// `Invalid` if there is none, if they are in no order, or if a view does not see them.
    pub(super) fn new(view: &View, points: &[Revision]) -> Result<Self> {
        let (floor, head) = (view.floor(), view.head());
        let (from, to) = match points {
            [from, .., to] | [from @ to] if *from >= floor && *to <= head && points.is_sorted_by(|one, next| one < next) => (*from, *to),
            _ => {
                let message = format!("expected revisions in order, from {floor} to {head}, found {points:?}");
                return Err(Error::invalid(message).context("timeline"));
            }
        };
        let until = view.pinned(Some(Pin { revision: to, time: view.time_of(to) }));
        let points: Vec<_> = points.iter().map(|point| (*point, view.time_of(*point))).collect();
        let moments = present::moments(&points).map_err(told)?;
        let present = Arc::new(MemTable::try_new(moments.schema(), vec![vec![moments.clone()]]).map_err(told)?);
        Ok(Self { from, until: SharedView::new(until), points, moments, present, names: Names::default() })
    }

    /// The plan that tells when the rows of another held, or why there is none.
    pub(super) fn plan(&self, state: &SessionState, plan: &LogicalPlan) -> DataFusionResult<std::result::Result<LogicalPlan, String>> {
        match self.made(state, plan) {
            Ok(plan) => Ok(Ok(plan)),
            Err(Stop::NotTemporal(why)) => Ok(Err(why)),
            Err(Stop::Failed(error)) => Err(*error),
        }
    }

    fn made(&self, state: &SessionState, plan: &LogicalPlan) -> std::result::Result<LogicalPlan, Stop> {
        let plan = self.with_windows(state, self.with_present(plan.clone())?)?;
        refusal::check(&plan)?;
        Ok(self.held(&optimized(state, plan)?)?.told()?)
    }
}
