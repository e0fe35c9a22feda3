//! Tables and table functions: each turns a reference into a plan over rows of one view.
//!
//! A reference is a scan of a [`RelationTable`]. The arguments of a function ride in the scan's filters as one call of
//! [`ArgumentsUdf`], so that DataFusion folds constants, binds parameters and plans subqueries in them as anywhere
//! else. When the scan is planned the arguments are evaluated, the points among them resolved, and the relation's plan
//! is built for just the columns that are asked for.

use std::any::Any;
use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{ScalarValue, plan_err};
use datafusion::datasource::provider_as_source;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::utils::{conjunction, expr_to_columns};
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlan, LogicalPlanBuilder, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    TableProviderFilterPushDown, TableType, Volatility, col, lit,
};
use datafusion::physical_plan::{ExecutionPlan, collect};
use futures::future::BoxFuture;

use super::failure::told;
use super::inner::{plan_part, whole};
use super::leaf::{Rows, RowsTable};
use super::view::{SharedView, View};
use crate::error::Error;

/// The column that carries the arguments' filter. No user can name it: the planner projects it away.
const ARGUMENTS_COLUMN: &str = "elava arguments";

/// A table or table function.
///
/// Plans are made without waiting: to prove that a future which holds expressions or plans can be sent takes the
/// compiler seconds for each such future.
pub(super) trait Relation: fmt::Debug + Send + Sync {
    /// Its name.
    fn name(&self) -> &'static str;

    /// The names of its parameters; `None` for a table.
    fn parameters(&self) -> Option<&'static [&'static str]> {
        None
    }

    /// Its columns.
    fn schema(&self) -> SchemaRef;

    /// Rows that have to be read before there can be a plan.
    fn look_up<'a>(&'a self, _call: &'a Call<'_>) -> Result<Option<BoxFuture<'a, Result<Vec<RecordBatch>>>>> {
        Ok(None)
    }

    /// The versions of which it shows those alive at the head. They have all its columns.
    fn versions(&self) -> Option<Arc<dyn Relation>> {
        None
    }

    /// What a column means, where that is told with the relation.
    fn meaning(&self, _column: &str) -> Option<Meaning> {
        None
    }

    /// A plan with (at least) the wanted columns.
    fn plan(&self, call: &Call<'_>) -> Result<LogicalPlan>;
}

/// What a column means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meaning {
    /// In words.
    pub(super) description: &'static str,
    /// Where it is in the cloud's own answer.
    pub(super) source: Option<&'static str>,
}

/// One reference to a relation, when its scan is planned.
pub(super) struct Call<'a> {
    /// What the statement sees.
    pub(super) view: Arc<View>,
    /// The values of the arguments.
    pub(super) arguments: Vec<ScalarValue>,
    /// The filters that will be put on the rows.
    pub(super) filters: &'a [Expr],
    /// DataFusion's session.
    pub(super) state: &'a dyn Session,
    /// What [`Relation::look_up`] has read.
    pub(super) looked_up: Vec<RecordBatch>,
    wanted: HashSet<String>,
}

impl Call<'_> {
    /// Whether a column's values are asked for, in the result or by a filter.
    pub(super) fn wants(&self, column: &str) -> bool {
        self.wanted.contains(column)
    }

    /// Those of the columns whose values are asked for: planning takes time for each.
    pub(super) fn only_wanted(&self, mut columns: Vec<Expr>) -> Vec<Expr> {
        columns.retain(|column| self.wants(&column.qualified_name().1));
        columns
    }
}

/// A scan of rows that only a view can tell, under a name that the logical plan shows.
pub(super) fn scan(name: &str, rows: impl Rows) -> Result<LogicalPlanBuilder> {
    LogicalPlanBuilder::scan(name, provider_as_source(Arc::new(RowsTable(rows))), None)
}

/// A relation as DataFusion's catalog knows it.
#[derive(Debug)]
pub(super) struct RelationTable {
    relation: Arc<dyn Relation>,
    shared: SharedView,
    schema: SchemaRef,
}

impl RelationTable {
    /// A table.
    pub(super) fn new(relation: Arc<dyn Relation>, shared: SharedView) -> Self {
        let schema = relation.schema();
        Self { relation, shared, schema }
    }

    /// The table of the versions of which it shows those alive at the head, as another view sees it.
    pub(super) fn versions(&self, shared: SharedView) -> Option<Self> {
        self.relation.versions().map(|versions| Self::new(versions, shared))
    }

    /// The function and the arguments of a call, as they ride in the filters of its scan.
    pub(super) fn called<'a>(&self, filters: &'a [Expr]) -> Option<(&Arc<dyn Relation>, &'a [Expr])> {
        filters.iter().find_map(ArgumentsUdf::carried).map(|arguments| (&self.relation, arguments))
    }

    /// A call of a function: the plan that takes its place in the statement.
    pub(super) fn call(relation: Arc<dyn Relation>, shared: SharedView, arguments: Vec<Expr>) -> Result<LogicalPlan> {
        let name = relation.name();
        let columns = relation.schema();
        let mut fields = columns.fields().to_vec();
        fields.push(Arc::new(Field::new(ARGUMENTS_COLUMN, DataType::Boolean, true)));
        let table = Self { relation, shared, schema: Arc::new(Schema::new(fields)) };
        let carried = ArgumentsUdf::call(arguments);
        let source = provider_as_source(Arc::new(table));
        LogicalPlanBuilder::scan_with_filters(name, source, None, vec![carried])?
            .project(columns.fields().iter().map(|field| Expr::Column(datafusion::common::Column::new(Some(name), field.name()))))?
            .build()
    }
}

#[async_trait]
impl TableProvider for RelationTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Exact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let (carried, filters): (Vec<Expr>, Vec<Expr>) =
            filters.iter().cloned().partition(|filter| ArgumentsUdf::carried(filter).is_some());
        let arguments = match (self.relation.parameters(), carried.first().and_then(ArgumentsUdf::carried)) {
            (None, _) => Vec::new(),
            (Some(_), Some(arguments)) => evaluate(whole(state), self.relation.as_ref(), arguments).await?,
            (Some(_), None) => {
                return Err(Error::internal(format!("the arguments of {} were lost in planning", self.relation.name())).into());
            }
        };
        let columns: Vec<&str> = match projection {
            Some(projection) => projection.iter().map(|at| self.schema.field(*at).name().as_str()).collect(),
            None => self.schema.fields().iter().map(|field| field.name().as_str()).collect(),
        };
        let columns: Vec<&str> = columns.into_iter().filter(|name| *name != ARGUMENTS_COLUMN).collect();
        let mut used = HashSet::new();
        for filter in &filters {
            expr_to_columns(filter, &mut used)?;
        }
        let named = columns.iter().map(|name| (*name).to_owned());
        let wanted = named.chain(used.into_iter().map(|column| column.name)).collect();
        let mut call = Call { view: self.shared.get(), arguments, filters: &filters, state, looked_up: Vec::new(), wanted };
        let looked_up = match self.relation.look_up(&call)? {
            Some(asked) => asked.await?,
            None => Vec::new(),
        };
        call.looked_up = looked_up;
        let mut plan = LogicalPlanBuilder::from(self.relation.plan(&call)?);
        if let Some(filter) = conjunction(filters.iter().cloned()) {
            plan = plan.filter(filter)?;
        }
        let plan = plan.project(columns.into_iter().map(|name| col(quoted(name))))?.build()?;
        plan_part(state, &plan).await
    }
}

fn quoted(name: &str) -> datafusion::common::Column {
    datafusion::common::Column::from_name(name)
}

/// The values of arguments. Constants are folded by now; what is left is run as a query of one row.
async fn evaluate(state: &dyn Session, relation: &dyn Relation, arguments: &[Expr]) -> Result<Vec<ScalarValue>> {
    let mut values = Vec::with_capacity(arguments.len());
    for (place, argument) in arguments.iter().enumerate() {
        values.push(match unaliased(argument) {
            Expr::Literal(value, _) => value.clone(),
            Expr::Placeholder(placeholder) => {
                let at = place_of(relation, place);
                return Err(Error::invalid(format!("{at}: parameter {} has no value", placeholder.id)).into());
            }
            expr => run(state, expr.clone()).await.map_err(|error| at_argument(relation, place, error))?,
        });
    }
    Ok(values)
}

/// An expression without the names that it was given.
pub(super) fn unaliased(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => unaliased(&alias.expr),
        expr => expr,
    }
}

/// The value of an expression of constants and subqueries.
async fn run(state: &dyn Session, expr: Expr) -> Result<ScalarValue> {
    let mut subqueries = Vec::new();
    expr.apply(|node| {
        if let Expr::ScalarSubquery(subquery) = node {
            subqueries.push(subquery.clone());
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    let mut values = Vec::with_capacity(subqueries.len());
    for subquery in &subqueries {
        values.push(single(state, &subquery.subquery).await?);
    }
    let mut values = values.into_iter();
    let expr = expr.transform_down(|node| {
        Ok(match (&node, values.len()) {
            (Expr::ScalarSubquery(_), 1..) => {
                Transformed::new(lit(values.next().unwrap_or(ScalarValue::Null)), true, TreeNodeRecursion::Jump)
            }
            _ => Transformed::no(node),
        })
    })?;
    match unaliased(&expr.data) {
        Expr::Literal(value, _) => Ok(value.clone()),
        expr => single(state, &LogicalPlanBuilder::empty(true).project([expr.clone()])?.build()?).await,
    }
}

/// The one value of a query, NULL if it has no row.
async fn single(state: &dyn Session, plan: &LogicalPlan) -> Result<ScalarValue> {
    let batches = collect(state.create_physical_plan(plan).await?, state.task_ctx()).await?;
    if batches.iter().map(RecordBatch::num_rows).sum::<usize>() > 1 {
        return plan_err!("the subquery has more than one row, and the argument is one value");
    }
    match batches.iter().find(|batch| batch.num_rows() > 0) {
        Some(batch) => ScalarValue::try_from_array(batch.column(0), 0),
        None => Ok(ScalarValue::Null),
    }
}

fn at_argument(relation: &dyn Relation, place: usize, error: DataFusionError) -> DataFusionError {
    if matches!(error.find_root(), DataFusionError::External(_)) {
        return error;
    }
    told(error).context(place_of(relation, place)).into()
}

/// `changes(from, to), argument 2 (to)`.
pub(super) fn place_of(relation: &dyn Relation, place: usize) -> String {
    let parameters = relation.parameters().unwrap_or_default();
    let parameter = parameters.get(place).copied().unwrap_or("?");
    format!("{}({}), argument {} ({parameter})", relation.name(), parameters.join(", "), place + 1)
}

/// Carries the arguments of a function through DataFusion's planner. It is never run.
#[derive(Debug, PartialEq, Eq, Hash)]
struct ArgumentsUdf {
    signature: Signature,
}

static ARGUMENTS: LazyLock<Arc<ScalarUDF>> =
    LazyLock::new(|| Arc::new(ScalarUDF::from(ArgumentsUdf { signature: Signature::variadic_any(Volatility::Immutable) })));

impl ArgumentsUdf {
    fn call(arguments: Vec<Expr>) -> Expr {
        ARGUMENTS.call(std::iter::once(Expr::Column(quoted(ARGUMENTS_COLUMN))).chain(arguments).collect())
    }

    fn carried(expr: &Expr) -> Option<&[Expr]> {
        match expr {
            Expr::ScalarFunction(function) if (function.func.inner().as_ref() as &dyn Any).is::<Self>() => function.args.get(1..),
            _ => None,
        }
    }
}

impl ScalarUDFImpl for ArgumentsUdf {
    fn name(&self) -> &'static str {
        "arguments"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Err(Error::internal("the arguments of a table function were evaluated as a filter").into())
    }
}

impl From<Error> for DataFusionError {
    fn from(error: Error) -> Self {
        Self::External(Box::new(error))
    }
}
