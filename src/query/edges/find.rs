//! The edges of resources as a SQL function of our own plans: a list for each row.

use std::collections::{BTreeSet, HashMap};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray, ListArray, StringViewBuilder, StructArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Fields};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use super::known::Known;
use super::place::{Arn, Place};
use super::reader::Reader;
use super::rule::{Line, Names, Rule};
use crate::error::Error;

/// The columns of an edge, without the resource that it starts from.
pub(in crate::query) static EDGE_FIELDS: LazyLock<Fields> = LazyLock::new(|| {
    let text = |name: &str, nullable| Field::new(name, DataType::Utf8View, nullable);
    vec![text("relation", false), text("to_type", false), text("to_id", false), text("to_key", true)].into()
});

/// An edge, but for the resource that it starts from.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edge<'t> {
    pub(super) relation: &'static str,
    pub(super) to_type: &'static str,
    pub(super) to_id: String,
    pub(super) to_key: Option<&'t str>,
}

/// Finds edges by some rules, among the resources that are known.
#[derive(Debug)]
pub(in crate::query) struct Edges {
    by_type: HashMap<&'static str, Named>,
    known: Known,
}

/// What resources of a type name.
#[derive(Debug)]
struct Named {
    rules: Vec<&'static Rule>,
    reader: Reader,
}

impl Edges {
    /// Edges by some lines of the table.
    pub(in crate::query) fn new(lines: &[Line], known: Known) -> Self {
        let mut by_type: HashMap<&'static str, Vec<&'static Rule>> = HashMap::new();
        lines.iter().for_each(|line| by_type.entry(line.from_type).or_default().push(line.rule));
        let named = |rules: Vec<&'static Rule>| {
            let reader = Reader::new(&rules.iter().map(|rule| rule.member).collect::<Vec<_>>());
            Named { rules, reader }
        };
        Self { by_type: by_type.into_iter().map(|(from_type, rules)| (from_type, named(rules))).collect(), known }
    }

    /// The edges that start from a resource, each once.
    pub(super) fn of<'t>(&'t self, key: &str, properties: &str, tags: Option<&str>) -> BTreeSet<Edge<'t>> {
        let mut edges = BTreeSet::new();
        let Some(named) = key.split('/').nth(3).and_then(|from_type| self.by_type.get(from_type)) else { return edges };
        let mut found_before = false;
        for (rule, names) in named.rules.iter().zip(named.reader.read(properties, tags)) {
            if rule.otherwise && found_before {
                continue;
            }
            let names = names.iter().flat_map(|name| if rule.separated { name.split(',').collect() } else { vec![name.as_ref()] });
            let found: Vec<Edge<'t>> = names.filter_map(|name| self.edge(rule, name.trim(), key)).collect();
            found_before = !found.is_empty();
            edges.extend(found);
        }
        edges
    }

    /// The edge to what a name stands for, if the rule is about that.
    fn edge(&self, rule: &Rule, name: &str, from: &str) -> Option<Edge<'_>> {
        let arn = Arn::read(name);
        if !arn.map_or(name, Arn::resource).starts_with(rule.prefix) {
            return None;
        }
        let (id, place) = match arn.filter(|_| matches!(rule.names, Names::Ids | Names::LocalIds)) {
            Some(arn) => (arn.id(), arn.place(from.split('/').next().unwrap_or_default())),
            None => (name, Place::of_key(from)),
        };
        let anywhere = matches!(rule.names, Names::Ids | Names::Arns);
        let to = self.known.find(rule.to_type, id, place, anywhere);
        if to.is_none() && rule.names == Names::Aliases {
            return None;
        }
        let to_id = to.map_or(id, |key| key.parts()[4]).to_owned();
        Some(Edge { relation: rule.relation, to_type: rule.to_type, to_id, to_key: to.map(|key| key.as_str()) })
    }
}

/// A list of the edges that start from the resource of a row.
pub(in crate::query) fn edges_of(edges: &Arc<Edges>, resource_key: Expr, properties: Expr, tags: Expr) -> Expr {
    let signature = Signature::any(3, Volatility::Immutable);
    ScalarUDF::from(EdgesOf { signature, edges: Arc::clone(edges) }).call(vec![resource_key, properties, tags])
}

#[derive(Debug)]
struct EdgesOf {
    signature: Signature,
    edges: Arc<Edges>,
}

impl PartialEq for EdgesOf {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.edges, &other.edges)
    }
}

impl Eq for EdgesOf {}

impl Hash for EdgesOf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.signature.hash(state);
    }
}

fn item() -> Arc<Field> {
    Arc::new(Field::new_list_field(DataType::Struct(EDGE_FIELDS.clone()), false))
}

impl ScalarUDFImpl for EdgesOf {
    fn name(&self) -> &'static str {
        "edges_of"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::List(item()))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let no_text = || DataFusionError::from(Error::internal("a resource of which edges are asked is no text"));
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [keys, properties, tags] = arrays.as_slice() else { return Err(no_text()) };
        let (keys, properties) = (keys.as_string_view_opt().ok_or_else(no_text)?, properties.as_string_view_opt().ok_or_else(no_text)?);
        let tags = tags.as_string_view_opt();
        let mut columns: [StringViewBuilder; 4] = std::array::from_fn(|_| StringViewBuilder::new().with_deduplicate_strings());
        let mut lengths = Vec::with_capacity(keys.len());
        for row in 0..keys.len() {
            let tags = tags.filter(|tags| tags.is_valid(row)).map(|tags| tags.value(row));
            let edges = self.edges.of(keys.value(row), properties.value(row), tags);
            lengths.push(edges.len());
            for edge in &edges {
                let values = [Some(edge.relation), Some(edge.to_type), Some(edge.to_id.as_str()), edge.to_key];
                columns.iter_mut().zip(values).for_each(|(column, value)| column.append_option(value));
            }
        }
        let columns = columns.map(|mut column| Arc::new(column.finish()) as ArrayRef);
        let edges = StructArray::try_new(EDGE_FIELDS.clone(), columns.to_vec(), None)?;
        let lists = ListArray::try_new(item(), OffsetBuffer::from_lengths(lengths), Arc::new(edges), None)?;
        Ok(ColumnarValue::Array(Arc::new(lists)))
    }
}
