//! `json_elements_text(json)`: the elements of a JSON array as texts, in a list. As JSON they are what `json_get_array` gives.

use std::sync::Arc;

use arrow::array::{AsArray, ListBuilder, StringViewBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use jiter::{Jiter, Peek};

/// The name of the function.
pub(super) const JSON_ELEMENTS_TEXT: &str = "json_elements_text";

/// Strings are what they say, null is NULL, anything else its JSON. What is no array has no elements: NULL.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct JsonElementsText {
    signature: Signature,
}

impl Default for JsonElementsText {
    fn default() -> Self {
        Self { signature: Signature::string(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for JsonElementsText {
    fn name(&self) -> &str {
        JSON_ELEMENTS_TEXT
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::List(Arc::new(Field::new_list_field(DataType::Utf8View, true))))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [texts] = args.args.as_slice() else { return exec_err!("{JSON_ELEMENTS_TEXT} takes one argument") };
        let texts = cast(&texts.to_array(args.number_rows)?, &DataType::Utf8View)?;
        let mut lists = ListBuilder::new(StringViewBuilder::new());
        for text in texts.as_string_view().iter() {
            lists.append_option(text.and_then(elements));
        }
        Ok(ColumnarValue::Array(Arc::new(lists.finish())))
    }
}

/// The elements of an array, if the text is one.
fn elements(text: &str) -> Option<Vec<Option<String>>> {
    let mut jiter = Jiter::new(text.as_bytes());
    if jiter.peek().ok()? != Peek::Array {
        return None;
    }
    let mut found = Vec::new();
    let mut next = jiter.known_array().ok()?;
    while let Some(peek) = next {
        let start = jiter.current_index();
        found.push(if peek == Peek::String {
            Some(jiter.known_str().ok()?.to_owned())
        } else {
            jiter.known_skip(peek).ok()?;
            let element = text.get(start..jiter.current_index())?;
            (peek != Peek::Null).then(|| element.to_owned())
        });
        next = jiter.array_step().ok()?;
    }
    Some(found)
}

#[cfg(test)]
#[test]
fn elements_are_read_as_text() {
    let some = |text: &str| Some(text.to_owned());
    let text = r#"[ {"a":[1, 2]} , "x\"y", null, 1.50]"#;
    assert_eq!(elements(text), Some(vec![some(r#"{"a":[1, 2]}"#), some("x\"y"), None, some("1.50")]));
    assert_eq!(elements("[]"), Some(vec![]));
    for text in ["{}", "null", "[1", "", "\"[]\""] {
        assert_eq!(elements(text), None, "{text}");
    }
}
