//! A session: one snapshot a statement, a pin, prepared statements, and the SQL that may be run.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::common::{ParamValues, ScalarValue};
use datafusion::error::Result as DataFusionResult;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{LogicalPlan, Statement as PlanStatement};
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::parser::{ResetStatement, Statement};
use datafusion::sql::sqlparser::ast::{Expr as SqlExpr, ObjectName, Set, Statement as SqlStatement, Value};

use super::catalog::{CATALOG, ElavaCatalog, ElavaSchema, SCHEMA};
use super::dialect::parser;
use super::failure::told;
use super::functions;
use super::guard::{self, Limits};
use super::json_access::expr_planners;
use super::lateral::LateralUnnest;
use super::leaf::store_url;
use super::now::elava_now;
use super::options::{AS_OF, ElavaOptions};
use super::parameters::Parameters;
use super::planner::ElavaRelationPlanner;
use super::point::Point;
use super::source::HistorySource;
use super::spelling::spell_out;
use super::stream::QueryStream;
use super::timeline::{Stretch, Timeline};
use super::view::{Pin, SharedView, View};
use crate::clock::{Clock, SystemClock};
use crate::error::{Error, Result};
use crate::model::Revision;
use crate::store::check_not_gone;

/// Files together as large as this are read in parts at once, where each read takes long.
const SPLIT_BYTES_MIN: usize = 1 << 20;

/// How a session runs its statements.
#[derive(Debug, Clone)]
pub struct SessionOptions {
    /// What its queries may hold in memory; beyond it they spill to disk.
    pub memory_limit_bytes: usize,
    /// In how many parts at once a query runs; `None` = one per core, more where the store is far away.
    pub target_partitions: Option<usize>,
    /// How many rows a batch has.
    pub batch_size: usize,
    /// Where the present time comes from.
    pub clock: Arc<dyn Clock>,
    /// The point at which the session is pinned.
    pub as_of: Option<String>,
    /// Whether it may read and write files of this machine.
    pub local_files: bool,
    /// A folder that is never written into: the store's own.
    pub forbidden_folder: Option<PathBuf>,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            memory_limit_bytes: 512 << 20,
            target_partitions: None,
            batch_size: 8192,
            clock: Arc::new(SystemClock),
            as_of: None,
            local_files: true,
            forbidden_folder: None,
        }
    }
}

/// A session of SQL over a store.
pub struct QuerySession {
    context: SessionContext,
    shared: SharedView,
    schema: Arc<ElavaSchema>,
    limits: Limits,
    prepared: HashMap<String, SqlStatement>,
}

impl std::fmt::Debug for QuerySession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QuerySession").field("view", &self.shared.get()).finish_non_exhaustive()
    }
}

impl QuerySession {
    /// A session that sees a snapshot.
    ///
    /// # Errors
    /// As [`Self::pin`] for `as_of`; `Unavailable` if the engine cannot be set up.
    pub fn new(source: Arc<dyn HistorySource>, options: SessionOptions) -> Result<Self> {
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(options.memory_limit_bytes)))
            .build_arc()
            .map_err(told)?;
        register_store(&runtime, source.as_ref()).map_err(told)?;
        let mut session = Self::over(View::new(source, Arc::clone(&options.clock)), runtime, &options)?;
        if let Some(as_of) = &options.as_of {
            session.pin(as_of)?;
        }
        Ok(session)
    }

    /// Another session that sees what this one does, with none of its views and prepared statements. The memory that the two
    /// may use is the same.
    ///
    /// # Errors
    /// `Unavailable` if the engine cannot be set up.
    pub fn another(&self) -> Result<Self> {
        let state = self.context.state();
        let options = SessionOptions {
            target_partitions: Some(state.config().target_partitions()),
            batch_size: state.config().batch_size(),
            local_files: self.limits.local_files,
            forbidden_folder: self.limits.forbidden_folder.clone(),
            ..SessionOptions::default()
        };
        let another = Self::over((*self.view()).clone(), self.context.runtime_env(), &options)?;
        let as_of = state.config_options().extensions.get::<ElavaOptions>().map(|options| options.as_of.clone());
        another.tell_pin(&as_of.unwrap_or_default());
        Ok(another)
    }

    fn over(view: View, runtime: Arc<RuntimeEnv>, options: &SessionOptions) -> Result<Self> {
        let reads_at_once = view.source().reads_at_once();
        let shared = SharedView::new(view);
        let schema = Arc::new(ElavaSchema::new(shared.clone()));
        let mut config = SessionConfig::new()
            .with_default_catalog_and_schema(CATALOG, SCHEMA)
            .with_create_default_catalog_and_schema(false)
            .with_information_schema(true)
            .with_batch_size(options.batch_size)
            .with_option_extension(ElavaOptions::default());
        if reads_at_once > 1 {
            config.options_mut().optimizer.repartition_file_min_size = SPLIT_BYTES_MIN;
        }
        // A partition waits for one read at a time.
        let partitions = options.target_partitions.unwrap_or_else(|| config.target_partitions().max(reads_at_once));
        config = config.with_target_partitions(partitions);
        let mut state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(runtime)
            .with_default_features()
            .with_expr_planners(expr_planners())
            .build();
        set_up(&mut state, &shared).map_err(told)?;
        state.catalog_list().register_catalog(CATALOG.to_owned(), Arc::new(ElavaCatalog::new(Arc::clone(&schema))));
        let limits = Limits { local_files: options.local_files, forbidden_folder: options.forbidden_folder.clone() };
        let context = SessionContext::new_with_state(state);
        if limits.local_files {
            let session = context.state_weak_ref();
            schema.allow_local_files(Box::new(move || session.upgrade().map(|state| state.read().clone())));
        }
        Ok(Self { context, shared, schema, limits, prepared: HashMap::new() })
    }

    /// Lets the next statements see a newer snapshot. The pin stays where it is.
    ///
    /// # Errors
    /// `Unavailable` if the snapshot's files cannot be reached.
    pub fn refresh(&mut self, source: Arc<dyn HistorySource>) -> Result<()> {
        register_store(&self.context.runtime_env(), source.as_ref()).map_err(told)?;
        self.shared.set(self.shared.get().with_source(source));
        Ok(())
    }

    /// Pins the session at a point, resolved once.
    ///
    /// # Errors
    /// `Invalid` if the text is no point, `NotFound` if there is no such point in the store.
    pub fn pin(&mut self, as_of: &str) -> Result<()> {
        self.pin_at(&ScalarValue::from(as_of))?;
        self.tell_pin(as_of);
        Ok(())
    }

    /// Ends the pin.
    pub fn unpin(&mut self) {
        self.shared.set(self.shared.get().pinned(None));
        self.tell_pin("");
    }

    /// What statements see.
    pub fn view(&self) -> Arc<View> {
        self.shared.get()
    }

    /// DataFusion's context, for completion and the like.
    pub fn context(&self) -> &SessionContext {
        &self.context
    }

    /// Runs one statement. Nothing more of the session is needed to read its rows.
    ///
    /// # Errors
    /// `Invalid` for whatever is wrong with the statement.
    pub async fn execute(&mut self, sql: &str) -> Result<QueryStream> {
        let mut statement = one_statement(sql)?;
        self.check_pin()?;
        spell_out(&mut statement, &self.context.state_ref().read());
        let done = match statement {
            Statement::Statement(statement) => self.execute_sql(*statement).await,
            Statement::Reset(ResetStatement::Variable(name)) if is_as_of(&name) => {
                self.unpin();
                self.empty()
            }
            other => self.run(other).await,
        };
        done.map_err(|error| self.explain_unknown(told(error)))
    }

    /// Runs one query, with the values of its parameters. It alters nothing of the session, so that several may run at once.
    ///
    /// # Errors
    /// `Invalid` for whatever is wrong with the query, if it is no query, and as [`Parameters`] for its parameters.
    pub async fn execute_with(&self, sql: &str, parameters: &Parameters) -> Result<QueryStream> {
        let statement = self.query(sql, parameters)?;
        self.run(statement).await.map_err(|error| self.explain_unknown(told(error)))
    }

    /// When the rows of a query held, over the states from the first of some revisions up to and including the last, which are the
    /// points at which it is asked. It alters nothing of the session.
    ///
    /// # Errors
    /// As [`Self::execute_with`], and `Invalid` if the session does not see these revisions.
    pub async fn timeline(&self, sql: &str, parameters: &Parameters, points: &[Revision]) -> Result<Timeline> {
        let stretch = Stretch::new(&self.view(), points)?;
        let statement = self.query(sql, parameters)?;
        self.run_over(statement, &stretch).await.map_err(|error| self.explain_unknown(told(error)))
    }

    /// Reads a query and puts the values of its parameters in.
    fn query(&self, sql: &str, parameters: &Parameters) -> Result<Statement> {
        let mut statement = one_query(sql)?;
        self.check_pin()?;
        parameters.put_in(&mut statement)?;
        spell_out(&mut statement, &self.context.state_ref().read());
        Ok(statement)
    }

    async fn execute_sql(&mut self, statement: SqlStatement) -> DataFusionResult<QueryStream> {
        guard::check_statement(&statement)?;
        match statement {
            SqlStatement::Set(Set::SingleAssignment { variable, values, .. }) if is_as_of(&variable) => {
                self.set_as_of(values).await?;
                self.empty()
            }
            SqlStatement::Prepare { ref name, .. } => {
                let name = name.value.to_lowercase();
                if self.prepared.contains_key(&name) {
                    return Err(Error::invalid(format!("{name} is prepared already; DEALLOCATE {name} forgets it")).into());
                }
                self.plan(statement.clone()).await?;
                self.prepared.insert(name, statement);
                self.empty()
            }
            SqlStatement::Execute { name: Some(name), parameters, .. } => self.execute_prepared(&name, parameters).await,
            SqlStatement::Deallocate { name, .. } => match self.prepared.remove(&name.value.to_lowercase()) {
                Some(_) => self.empty(),
                None => Err(Error::not_found(format!("no statement {name} is prepared")).into()),
            },
            SqlStatement::CreateView(mut view) => {
                view.temporary = false;
                self.run(Statement::Statement(Box::new(SqlStatement::CreateView(view)))).await
            }
            other => self.run(Statement::Statement(Box::new(other))).await,
        }
    }

    async fn plan(&self, statement: SqlStatement) -> DataFusionResult<LogicalPlan> {
        let plan = self.context.state().statement_to_plan(Statement::Statement(Box::new(statement))).await?;
        guard::check(&plan, &self.limits)?;
        Ok(plan)
    }

    async fn run(&self, statement: Statement) -> DataFusionResult<QueryStream> {
        let plan = self.context.state().statement_to_plan(statement).await?;
        self.run_plan(plan).await
    }

    async fn run_over(&self, query: Statement, stretch: &Stretch) -> DataFusionResult<Timeline> {
        let state = self.context.state();
        let plan = state.statement_to_plan(query).await?;
        Ok(match stretch.plan(&state, &plan)? {
            Ok(plan) => Timeline::Rows(self.run_plan(plan).await?),
            Err(why) => Timeline::NotTemporal(why),
        })
    }

    async fn run_plan(&self, plan: LogicalPlan) -> DataFusionResult<QueryStream> {
        guard::check(&plan, &self.limits)?;
        let frame = self.context.execute_logical_plan(plan).await?;
        Ok(QueryStream::of(frame.execute_stream().await?))
    }

    fn empty(&self) -> DataFusionResult<QueryStream> {
        let schema = Arc::new(arrow::datatypes::Schema::empty());
        Ok(QueryStream::of(Box::pin(datafusion::physical_plan::EmptyRecordBatchStream::new(schema))))
    }

    /// Plans a prepared statement again, so that it sees what every other statement would, and binds its parameters.
    async fn execute_prepared(&self, name: &ObjectName, parameters: Vec<SqlExpr>) -> DataFusionResult<QueryStream> {
        let prepared = self.prepared.get(&name.to_string().to_lowercase());
        let prepared = prepared.ok_or_else(|| Error::not_found(format!("no statement {name} is prepared")))?;
        let LogicalPlan::Statement(PlanStatement::Prepare(plan)) = self.plan(prepared.clone()).await? else {
            return Err(Error::internal("a prepared statement is none").into());
        };
        let wanted = plan.input.get_parameter_names()?.len();
        if wanted != parameters.len() {
            return Err(Error::invalid(format!("{name} takes {wanted} parameters, not {}", parameters.len())).into());
        }
        let mut values = Vec::with_capacity(parameters.len());
        for (nth, parameter) in parameters.into_iter().enumerate() {
            let value = self.value(&parameter).await?;
            let declared = plan.fields.get(nth).map(|field| field.data_type().clone());
            values.push(declared.map_or(Ok(value.clone()), |declared| value.cast_to(&declared))?);
        }
        let bound = Arc::unwrap_or_clone(plan.input).replace_params_with_values(&ParamValues::from(values))?;
        self.run_plan(bound).await
    }

    /// The value of an expression that stands alone.
    async fn value(&self, expr: &SqlExpr) -> DataFusionResult<ScalarValue> {
        let sql = format!("SELECT {expr}");
        let mut statements = parser(&sql)?.parse_statements()?;
        let statement = statements.pop_front().ok_or_else(|| Error::invalid("an empty expression"))?;
        let plan = self.context.state().statement_to_plan(statement).await?;
        let batches = self.context.execute_logical_plan(plan).await?.collect().await?;
        match batches.iter().find(|batch| batch.num_rows() > 0) {
            Some(batch) => ScalarValue::try_from_array(batch.column(0), 0),
            None => Ok(ScalarValue::Null),
        }
    }

    async fn set_as_of(&mut self, values: Vec<SqlExpr>) -> DataFusionResult<()> {
        let [value] = values.as_slice() else { return Err(Error::invalid("elava.as_of takes one point in time").into()) };
        let (value, text) = match value {
            SqlExpr::Identifier(word) => (ScalarValue::from(word.value.as_str()), word.value.clone()),
            SqlExpr::Value(literal) => match &literal.value {
                Value::SingleQuotedString(text) => (ScalarValue::from(text.as_str()), text.clone()),
                _ => (self.value(value).await?, value.to_string()),
            },
            _ => {
                let value = self.value(value).await?;
                let text = value.to_string();
                (value, text)
            }
        };
        if text.trim().is_empty() || (text.eq_ignore_ascii_case("default") && self.view().source().tag(&text).is_none()) {
            self.unpin();
            return Ok(());
        }
        self.pin_at(&value)?;
        self.tell_pin(&text);
        Ok(())
    }

    /// Pins the session at the point that a value stands for. Counted from the store's own present, whatever the pin.
    fn pin_at(&mut self, value: &ScalarValue) -> Result<()> {
        let present = self.shared.get().pinned(None);
        let resolved = Point::from_value(value).and_then(|point| point.resolve(&present)).map_err(|error| error.context(AS_OF))?;
        let time = resolved.time.unwrap_or_else(|| present.time_of(resolved.revision));
        self.shared.set(present.pinned(Some(Pin { revision: resolved.revision, time })));
        Ok(())
    }

    fn tell_pin(&self, text: &str) {
        let state = self.context.state_ref();
        let mut state = state.write();
        if let Some(options) = state.config_mut().options_mut().extensions.get_mut::<ElavaOptions>() {
            text.clone_into(&mut options.as_of);
        }
    }

    /// Retention may have passed the pin since it was set.
    fn check_pin(&self) -> Result<()> {
        let view = self.shared.get();
        match view.pin() {
            Some(pin) => check_not_gone(pin.revision, view.floor()).map_err(|error| error.context(AS_OF).with_hint("RESET elava.as_of")),
            None => Ok(()),
        }
    }

    /// Names what was probably meant where a table is unknown.
    fn explain_unknown(&self, error: Error) -> Error {
        let message = error.message();
        let unknown = message.strip_prefix("table '").and_then(|rest| rest.strip_suffix("' not found"));
        let function = message.strip_prefix("table function '").and_then(|rest| rest.strip_suffix("' not found"));
        let (what, name) = match (unknown, function) {
            (_, Some(name)) => ("table function", name),
            (Some(name), _) => ("table", name),
            _ => return error,
        };
        let short = name.strip_prefix("elava.public.").unwrap_or(name).to_owned();
        let found = Error::invalid(format!("there is no {what} {short}"));
        match self.schema.nearest(&short) {
            Some(near) => found.with_hint(format!("did you mean {near}?")),
            None => found.with_hint("SHOW TABLES lists the tables"),
        }
    }
}

/// The only statement of a text, if it is a query.
///
/// # Errors
/// `Invalid` if it is another statement, if there is none, or more than one.
pub(super) fn one_query(sql: &str) -> Result<Statement> {
    let statement = one_statement(sql)?;
    match &statement {
        Statement::Statement(inner) if matches!(**inner, SqlStatement::Query(_)) => Ok(statement),
        _ => Err(Error::invalid("expected a query, SELECT or WITH, found another statement")),
    }
}

fn one_statement(sql: &str) -> Result<Statement> {
    let mut statements = parser(sql).and_then(|mut parser| parser.parse_statements()).map_err(told)?;
    let statement = statements.pop_front().ok_or_else(|| Error::invalid("an empty statement"))?;
    if !statements.is_empty() {
        return Err(Error::invalid("one statement at a time: there is more after the semicolon"));
    }
    Ok(statement)
}

fn is_as_of(name: &ObjectName) -> bool {
    name.to_string().eq_ignore_ascii_case(AS_OF)
}

fn register_store(runtime: &RuntimeEnv, source: &dyn HistorySource) -> DataFusionResult<()> {
    let url = store_url(source)?;
    runtime.register_object_store(url.as_ref(), source.object_store());
    Ok(())
}

/// What every session that knows our tables needs: the functions, and the planner of references.
fn set_up(state: &mut SessionState, shared: &SharedView) -> DataFusionResult<()> {
    use datafusion::execution::FunctionRegistry;
    functions::register(state)?;
    state.register_udf(Arc::new(elava_now(shared.clone())))?;
    state.add_analyzer_rule(Arc::new(LateralUnnest));
    state.register_relation_planner(Arc::new(ElavaRelationPlanner::new(shared.clone())))
}

/// Makes the tables and functions known in somebody else's DataFusion context, as the catalog `elava` and as functions.
/// They show one snapshot for as long as the context lives; registering again replaces it.
///
/// # Errors
/// `Internal` if the context refuses them.
pub fn register(context: &SessionContext, source: Arc<dyn HistorySource>) -> Result<()> {
    register_store(&context.runtime_env(), source.as_ref()).map_err(told)?;
    let shared = SharedView::new(View::new(source, Arc::new(SystemClock)));
    set_up(&mut context.state_ref().write(), &shared).map_err(told)?;
    context.register_catalog(CATALOG, Arc::new(ElavaCatalog::new(Arc::new(ElavaSchema::new(shared)))));
    Ok(())
}
