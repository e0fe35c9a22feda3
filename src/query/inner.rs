//! Plans inside plans: a table's own plan becomes part of a statement's.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::CatalogProviderList;
use datafusion::catalog::Session;
use datafusion::common::DFSchema;
use datafusion::common::config::{ConfigOptions, TableOptions};
use datafusion::error::Result;
use datafusion::execution::context::ExecutionProps;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{SessionState, TaskContext};
use datafusion::logical_expr::registry::ExtensionTypeRegistryRef;
use datafusion::logical_expr::{AggregateUDF, Expr, HigherOrderUDF, LogicalPlan, ScalarUDF, WindowUDF};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::filter_pushdown::FilterPushdown;
use datafusion::physical_plan::{ExecutionPlan, PhysicalExpr};
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};
use datafusion::prelude::SessionConfig;

/// The physical plan of a part of a statement. Physical rules are left to the whole statement: some of them must not
/// see a plan twice.
pub(super) async fn plan_part(state: &dyn Session, plan: &LogicalPlan) -> Result<Arc<dyn ExecutionPlan>> {
    Part(state, None).create_physical_plan(plan).await
}

/// A physical plan that is run on its own, with its filters brought into the files that it reads. Of all physical rules this
/// is the one that a look-up gains by; together they take longer than it does.
pub(super) fn with_filters_in_files(state: &dyn Session, plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    FilterPushdown::new().optimize(plan, state.config_options())
}

/// The session itself, for plans that are run on their own.
pub(super) fn whole(state: &dyn Session) -> &dyn Session {
    match state.as_any().downcast_ref::<SessionState>() {
        Some(state) => state,
        None => state,
    }
}

/// A session without physical rules.
struct Part<'a>(&'a dyn Session, Option<Box<TableOptions>>);

#[async_trait]
impl Session for Part<'_> {
    fn session_id(&self) -> &str {
        self.0.session_id()
    }

    fn config(&self) -> &SessionConfig {
        self.0.config()
    }

    fn catalog_list(&self) -> Arc<dyn CatalogProviderList> {
        self.0.catalog_list()
    }

    fn config_options(&self) -> &ConfigOptions {
        self.0.config_options()
    }

    fn optimize(&self, plan: &LogicalPlan) -> Result<LogicalPlan> {
        self.0.optimize(plan)
    }

    async fn create_physical_plan(&self, plan: &LogicalPlan) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = self.0.optimize(plan)?;
        DefaultPhysicalPlanner::default().create_physical_plan(&plan, self).await
    }

    fn create_physical_expr(&self, expr: Expr, schema: &DFSchema) -> Result<Arc<dyn PhysicalExpr>> {
        self.0.create_physical_expr(expr, schema)
    }

    fn scalar_functions(&self) -> &HashMap<String, Arc<ScalarUDF>> {
        self.0.scalar_functions()
    }

    fn higher_order_functions(&self) -> &HashMap<String, Arc<HigherOrderUDF>> {
        self.0.higher_order_functions()
    }

    fn aggregate_functions(&self) -> &HashMap<String, Arc<AggregateUDF>> {
        self.0.aggregate_functions()
    }

    fn window_functions(&self) -> &HashMap<String, Arc<WindowUDF>> {
        self.0.window_functions()
    }

    fn extension_type_registry(&self) -> &ExtensionTypeRegistryRef {
        self.0.extension_type_registry()
    }

    fn runtime_env(&self) -> &Arc<RuntimeEnv> {
        self.0.runtime_env()
    }

    fn execution_props(&self) -> &ExecutionProps {
        self.0.execution_props()
    }

    fn as_any(&self) -> &dyn Any {
        self.0.as_any()
    }

    fn table_options(&self) -> &TableOptions {
        self.0.table_options()
    }

    /// A part's options are its own: planners change none.
    fn table_options_mut(&mut self) -> &mut TableOptions {
        self.1.get_or_insert_with(|| Box::new(self.0.table_options().clone()))
    }

    fn task_ctx(&self) -> Arc<TaskContext> {
        self.0.task_ctx()
    }
}
