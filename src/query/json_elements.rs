//! `json_elements(json)` and `json_elements_text(json)`: the elements of a JSON array, as a list.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{AsArray, ListBuilder, StringViewBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use jiter::{Jiter, Peek};

/// The elements as JSON.
pub(super) const JSON_ELEMENTS: &str = "json_elements";
/// The elements as text: strings are what they say, and null is NULL.
pub(super) const JSON_ELEMENTS_TEXT: &str = "json_elements_text";

/// One of the two functions. What is no array has no elements: NULL.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct JsonElements {
    name: &'static str,
    signature: Signature,
}

impl JsonElements {
    /// By its name.
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, signature: Signature::string(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for JsonElements {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::List(Arc::new(Field::new_list_field(DataType::Utf8View, true))))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let mut lists = ListBuilder::new(StringViewBuilder::new());
        for array in arrays.iter().take(1) {
            let texts = cast(array, &DataType::Utf8View)?;
            for text in texts.as_string_view().iter() {
                let elements = text.and_then(|text| elements(text, self.name == JSON_ELEMENTS_TEXT));
                let found = elements.is_some();
                elements.into_iter().flatten().for_each(|element| lists.values().append_option(element));
                lists.append(found);
            }
        }
        Ok(ColumnarValue::Array(Arc::new(lists.finish())))
    }
}

/// The elements of an array, if the text is one.
fn elements(text: &str, as_text: bool) -> Option<Vec<Option<Cow<'_, str>>>> {
    let mut jiter = Jiter::new(text.as_bytes());
    if jiter.peek().ok()? != Peek::Array {
        return None;
    }
    let mut found = Vec::new();
    let mut next = jiter.known_array().ok()?;
    while let Some(peek) = next {
        let start = jiter.current_index();
        found.push(match peek {
            Peek::String if as_text => Some(Cow::Owned(jiter.known_str().ok()?.to_owned())),
            peek => {
                jiter.known_skip(peek).ok()?;
                let element = text.get(start..jiter.current_index())?;
                (!as_text || peek != Peek::Null).then_some(Cow::Borrowed(element))
            }
        });
        next = jiter.array_step().ok()?;
    }
    Some(found)
}

#[cfg(test)]
#[test]
fn elements_are_read_as_json_and_as_text() {
    let read = |text, as_text| elements(text, as_text).map(|found| found.into_iter().map(|e| e.map(Cow::into_owned)).collect::<Vec<_>>());
    let some = |text: &str| Some(text.to_owned());
    let text = r#"[ {"a":[1, 2]} , "x\"y", null, 1.50]"#;
    assert_eq!(read(text, false), Some(vec![some(r#"{"a":[1, 2]}"#), some(r#""x\"y""#), some("null"), some("1.50")]));
    assert_eq!(read(text, true), Some(vec![some(r#"{"a":[1, 2]}"#), some("x\"y"), None, some("1.50")]));
    assert_eq!(read("[]", true), Some(vec![]));
    for text in ["{}", "null", "[1", "", "\"[]\""] {
        assert_eq!(read(text, true), None, "{text}");
    }
}
