//! When the rows of a query held, over a stretch of history, by one query.
//!
//! A query over states (`resources`, the typed views) has an answer at every revision. Its plan, optimized as any other,
//! becomes a plan over versions: each table of a state is replaced by that of its versions, and every operator hands on
//! from and to which revision its rows held. Whatever is right for all tables is right at every revision, so the optimizer's own
//! rules turn EXISTS, IN and the like into joins before that.
//!
//! Rows are sets here: a row held at a revision if the query has it then, however often. What does not fit (aggregates, limits,
//! functions of the present time) is refused with the reason.

mod held;
mod joins;
mod operators;
mod refusal;
mod spans;

use datafusion::error::Result as DataFusionResult;
use datafusion::execution::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::optimizer::Optimizer;

use super::session::QueryStream;
use super::view::{Pin, SharedView, View};
use crate::error::{Error, Result};
use crate::model::Revision;
use held::Names;
use refusal::Stop;

pub use held::{HELD_FROM, HELD_TO};

/// When the rows of a query held.
#[derive(Debug)]
pub enum Timeline {
    /// The query's columns, then [`HELD_FROM`] and [`HELD_TO`]: the revision from which the row held, which is that where the
    /// stretch begins if it held there, and that from which it held no more, NULL if it held where the stretch ends. A row that held
    /// may be told in several parts, which may overlap.
    Rows(QueryStream),
    /// No one query tells it: why, for people.
    NotTemporal(String),
}

/// The optimizer's rules that name columns of their own. They must see a plan once, so they are left to the plan over the stretch.
const RULES_THAT_NAME: [&str; 3] = ["common_sub_expression_eliminate", "extract_leaf_expressions", "push_down_leaf_projections"];

/// A plan after all other rules.
fn optimized(state: &SessionState, plan: &LogicalPlan) -> DataFusionResult<LogicalPlan> {
    let plan = state.analyzer().execute_and_check(plan.clone(), state.config_options(), |_, _| {})?;
    let rules = state.optimizers().iter().filter(|rule| !RULES_THAT_NAME.contains(&rule.name())).cloned().collect();
    Optimizer::with_rules(rules).optimize(plan, state, |_, _| {})
}

/// A stretch of history, as a plan over it is made.
pub(super) struct Stretch {
    /// Where it begins: the state there is part of it.
    from: Revision,
    /// What is seen where it ends.
    until: SharedView,
    names: Names,
}

impl Stretch {
    /// From a revision up to and including another.
    ///
    /// # Errors
    /// `Invalid` if a view does not see all of it, or it ends before it begins.
    pub(super) fn new(view: &View, from: Revision, to: Revision) -> Result<Self> {
        let (floor, head) = (view.floor(), view.head());
        if from < floor || from > to || to > head {
            let message = format!("no timeline from revision {from} to {to}: expected two revisions in order, from {floor} to {head}");
            return Err(Error::invalid(message));
        }
        let until = view.pinned(Some(Pin { revision: to, time: view.time_of(to) }));
        Ok(Self { from, until: SharedView::new(until), names: Names::default() })
    }

    /// The plan that tells when the rows of another held, or why there is none.
    pub(super) fn plan(&self, state: &SessionState, plan: &LogicalPlan) -> DataFusionResult<std::result::Result<LogicalPlan, String>> {
        let made = refusal::check(plan).and_then(|()| Ok(self.held(&optimized(state, plan)?)?.told()?));
        match made {
            Ok(plan) => Ok(Ok(plan)),
            Err(Stop::NotTemporal(why)) => Ok(Err(why)),
            Err(Stop::Failed(error)) => Err(*error),
        }
    }
}
