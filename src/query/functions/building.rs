//! `to_jsonb(value)`, `jsonb_build_object(key, value, ..)`, `jsonb_build_array(value, ..)` and what `jsonb_agg(value)` and
//! `jsonb_object_agg(name, value)` are spelled with: JSON of any values.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};
use datafusion_functions_json::json_field_metadata;

use crate::model::{Json, parse_json};

/// The functions.
pub(super) fn functions() -> impl Iterator<Item = Arc<ScalarUDF>> {
    [Builds::Value, Builds::Array, Builds::Object, Builds::OfList, Builds::OfPairs]
        .into_iter()
        .map(|builds| Arc::new(ScalarUDF::from(Builder::new(builds))))
}

/// What a function builds of its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Builds {
    /// Its only argument, as JSON.
    Value,
    Array,
    /// Of names and values by turns.
    Object,
    /// An array of a list of JSON.
    OfList,
    /// An object of a list of arrays of a name and a value each.
    OfPairs,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Builder {
    builds: Builds,
    aliases: Vec<String>,
    signature: Signature,
}

impl Builder {
    fn new(builds: Builds) -> Self {
        let signature = match builds {
            Builds::Value | Builds::OfList | Builds::OfPairs => Signature::any(1, Volatility::Immutable),
            Builds::Array | Builds::Object => {
                Signature::one_of(vec![TypeSignature::VariadicAny, TypeSignature::Nullary], Volatility::Immutable)
            }
        };
        let alias = match builds {
            Builds::Value => Some("to_json"),
            Builds::Array => Some("json_build_array"),
            Builds::Object => Some("json_build_object"),
            Builds::OfList | Builds::OfPairs => None,
        };
        Self { builds, aliases: alias.into_iter().map(ToOwned::to_owned).collect(), signature }
    }
}

impl ScalarUDFImpl for Builder {
    fn name(&self) -> &str {
        match self.builds {
            Builds::Value => "to_jsonb",
            Builds::Array => "jsonb_build_array",
            Builds::Object => "jsonb_build_object",
            Builds::OfList => "json_of_list",
            Builds::OfPairs => "json_of_pairs",
        }
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(self.name(), DataType::Utf8View, true).with_metadata(json_field_metadata())))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let mut columns = Vec::with_capacity(args.args.len());
        for (value, field) in args.args.iter().zip(&args.arg_fields) {
            columns.push(match (self.builds, value.to_array(args.number_rows)?) {
                (Builds::OfList | Builds::OfPairs, lists) => list_of_json(&lists)?,
                (_, values) => jsons(&values, field)?,
            });
        }
        if self.builds == Builds::Object && columns.len() % 2 == 1 {
            return exec_err!("{} takes names and values by turns, not {} arguments", self.name(), columns.len());
        }
        let mut texts = Vec::with_capacity(args.number_rows);
        for row in 0..args.number_rows {
            let values = columns.iter().map(|column| column.get(row).cloned().flatten());
            let json = match self.builds {
                Builds::Value | Builds::OfList => values.flatten().next(),
                Builds::Array => Some(Json::Array(values.map(|value| value.unwrap_or(Json::Null)).collect())),
                Builds::Object => Some(object(values)?),
                Builds::OfPairs => values.flatten().next().map(|pairs| object(in_turn(pairs))).transpose()?,
            };
            texts.push(json.map(|json| json.canonical().as_str().to_owned()));
        }
        Ok(ColumnarValue::Array(Arc::new(StringViewArray::from_iter(texts))))
    }
}

/// Names and values by turns, of a list of pairs.
fn in_turn(pairs: Json) -> impl Iterator<Item = Option<Json>> {
    let elements = |json: Json| if let Json::Array(elements) = json { elements } else { Vec::new() };
    elements(pairs).into_iter().flat_map(elements).map(|json| (json != Json::Null).then_some(json))
}

/// An object of names and values by turns.
fn object(mut values: impl Iterator<Item = Option<Json>>) -> Result<Json> {
    let mut members: Vec<(Box<str>, Json)> = Vec::new();
    while let (Some(name), Some(value)) = (values.next(), values.next()) {
        let name = match name {
            Some(Json::String(name)) => name,
            Some(scalar) => scalar.canonical().as_str().into(),
            None => return exec_err!("a member of a JSON object has to have a name, not NULL"),
        };
        members.push((name, value.unwrap_or(Json::Null)));
    }
    Ok(Json::object(members))
}

/// The JSON of values; of NULL none.
fn jsons(values: &ArrayRef, field: &Field) -> Result<Vec<Option<Json>>> {
    let is_json = field.metadata().get("ARROW:extension:name").is_some_and(|name| name == "arrow.json");
    let of_text: fn(&str) -> Json = match values.data_type() {
        _ if is_json => |text| parse_json(text.as_bytes()).unwrap_or_else(|_| Json::String(text.into())),
        DataType::List(item) => return lists(values, item),
        DataType::Boolean => |text| Json::Bool(text == "true"),
        numeric if numeric.is_numeric() => |text| match parse_json(text.as_bytes()) {
            Ok(number) => number,
            // What is no number of JSON, such as NaN.
            Err(_) => Json::String(text.into()),
        },
        _ => |text| Json::String(text.into()),
    };
    let texts = cast(values, &DataType::Utf8View)?;
    Ok(texts.as_string_view().iter().map(|text| text.map(of_text)).collect())
}

fn lists(lists: &ArrayRef, item: &Field) -> Result<Vec<Option<Json>>> {
    let lists = lists.as_list::<i32>();
    let mut made = Vec::with_capacity(lists.len());
    for list in lists.iter() {
        made.push(match list {
            Some(values) => Some(Json::Array(jsons(&values, item)?.into_iter().map(|value| value.unwrap_or(Json::Null)).collect())),
            None => None,
        });
    }
    Ok(made)
}

/// Lists whose elements are JSON.
fn list_of_json(values: &ArrayRef) -> Result<Vec<Option<Json>>> {
    match values.data_type() {
        DataType::List(_) => lists(values, &Field::new_list_field(DataType::Utf8View, true).with_metadata(json_field_metadata())),
        other => exec_err!("a list is expected, not {other}"),
    }
}
