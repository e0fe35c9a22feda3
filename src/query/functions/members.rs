//! Members of JSON, as text and as JSON: the library's functions, which are not asked about text that lacks the member.
//!
//! A document has to be parsed up to a member, and to its end to know that there is none. That a name does not occur in it is
//! seen many times faster, and means the same unless names may be written with escapes: then there is a backslash.

use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, AsArray, BooleanArray, StringViewArray};
use arrow::compute::nullif;
use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, ExpressionPlacement, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};
use datafusion_functions_json::udfs::{json_as_text_udf, json_get_json_udf};
use memchr::memchr;
use memchr::memmem::Finder;

/// `json_as_text`: a member as text, scalars as they are, the rest as JSON.
pub(in crate::query) static MEMBER_AS_TEXT: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| sparing(json_as_text_udf()));
/// `json_get_json`: a member as JSON.
pub(in crate::query) static MEMBER_AS_JSON: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| sparing(json_get_json_udf()));

fn sparing(function: Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::from(Sparing(function)))
}

/// A function of a text and of a path into it, NULL where there is nothing at the path.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Sparing(Arc<ScalarUDF>);

impl ScalarUDFImpl for Sparing {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn aliases(&self) -> &[String] {
        self.0.aliases()
    }

    fn signature(&self) -> &Signature {
        self.0.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.0.return_type(types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        self.0.return_field_from_args(args)
    }

    fn placement(&self, args: &[ExpressionPlacement]) -> ExpressionPlacement {
        self.0.placement(args)
    }

    fn invoke_with_args(&self, mut args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let names = names_of(args.args.get(1..).unwrap_or_default());
        if let Some(ColumnarValue::Array(texts)) = args.args.first_mut()
            && let Some(documents) = texts.as_string_view_opt()
            && !names.is_empty()
        {
            *texts = without_names_absent(documents, &names)?;
        }
        self.0.invoke_with_args(args)
    }
}

/// The names in a path that is the same for all rows, in quotes as they stand in a document without escapes.
fn names_of(path: &[ColumnarValue]) -> Vec<String> {
    let name = |step: &ColumnarValue| match step {
        ColumnarValue::Scalar(value) => value.try_as_str().flatten().map(|name| format!("\"{name}\"")),
        ColumnarValue::Array(_) => None,
    };
    // What is written with escapes is looked for by parsing.
    let is_plain = |name: &String| !name.contains('\\') && !name.contains(char::is_control) && name.matches('"').count() == 2;
    path.iter().filter_map(name).filter(is_plain).collect()
}

/// NULL in place of documents in which one of some names does not occur.
fn without_names_absent(documents: &StringViewArray, names: &[String]) -> Result<ArrayRef> {
    let finders: Vec<Finder<'_>> = names.iter().map(|name| Finder::new(name.as_bytes())).collect();
    let lacks = |document: Option<&str>| {
        let bytes = document?.as_bytes();
        let is_absent = finders.iter().any(|finder| finder.find(bytes).is_none());
        Some(is_absent && memchr(b'\\', bytes).is_none())
    };
    let lacking: BooleanArray = documents.iter().map(lacks).collect();
    match lacking.true_count() {
        0 => Ok(Arc::new(documents.clone())),
        _ => Ok(nullif(documents, &lacking)?),
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::Field;
    use datafusion::common::ScalarValue;
    use datafusion::config::ConfigOptions;

    use super::*;

    fn asked(function: &ScalarUDF, documents: &[Option<&str>], path: &[ScalarValue]) -> ArrayRef {
        let texts: ArrayRef = Arc::new(StringViewArray::from(documents.to_vec()));
        let mut args = vec![ColumnarValue::Array(texts)];
        args.extend(path.iter().cloned().map(ColumnarValue::Scalar));
        let arg_fields = args.iter().map(|arg| Arc::new(Field::new("argument", arg.data_type(), true))).collect();
        let types: Vec<DataType> = args.iter().map(ColumnarValue::data_type).collect();
        let return_field = Arc::new(Field::new("member", function.return_type(&types).unwrap(), true));
        let config_options = Arc::new(ConfigOptions::default());
        let args = ScalarFunctionArgs { args, arg_fields, number_rows: documents.len(), return_field, config_options };
        function.invoke_with_args(args).unwrap().into_array(documents.len()).unwrap()
    }

    #[test]
    fn what_is_spared_changes_no_answer() {
        let documents = [
            Some(r#"{"a":1,"b":{"a":"x"}}"#),
            Some(r#"{"b":{"a":"x"}}"#),
            Some(r#"{"\u0061":2}"#),
            Some(r#"{"c":"a"}"#),
            Some(r#"{"c":"\"a\":1"}"#),
            Some(r#"{"é":3,"a b":4,"q\"t":5}"#),
            Some(r#"["a",{"a":6}]"#),
            Some("no JSON \"a\""),
            Some("{\"a\":"),
            Some(""),
            None,
        ];
        let text = |name: &str| ScalarValue::from(name);
        let paths = [
            vec![text("a")],
            vec![text("b"), text("a")],
            vec![ScalarValue::Int64(Some(1)), text("a")],
            vec![ScalarValue::Int64(Some(0))],
            vec![text("é")],
            vec![text("a b")],
            vec![text("q\"t")],
            vec![text("absent")],
        ];
        for (ours, library) in [(&MEMBER_AS_TEXT, json_as_text_udf()), (&MEMBER_AS_JSON, json_get_json_udf())] {
            for path in &paths {
                assert_eq!(&asked(ours, &documents, path), &asked(&library, &documents, path), "{} at {path:?}", library.name());
            }
        }
    }
}
