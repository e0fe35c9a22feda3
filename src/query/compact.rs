//! JSON text in memory of its own. A text that was read from a file is a view of its whole page: where few rows of many are
//! kept, as by a sort or a join, they would keep all the pages they are from.

use std::sync::{Arc, LazyLock};

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Field};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use crate::error::Error;
use crate::store::schema::VERSIONS;

/// The same text, which shares memory with no other's, declared as JSON.
pub(super) fn compact(text: Expr) -> Expr {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> =
        LazyLock::new(|| Arc::new(ScalarUDF::from(Compact { signature: Signature::any(1, Volatility::Immutable) })));
    FUNCTION.call(vec![text])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Compact {
    signature: Signature,
}

fn no_text() -> DataFusionError {
    Error::internal("what is to be compacted is no text").into()
}

impl ScalarUDFImpl for Compact {
    fn name(&self) -> &'static str {
        "compact"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<Arc<Field>> {
        let text = args.arg_fields.first().ok_or_else(no_text)?;
        let json = VERSIONS.field_with_name("tags")?.metadata().clone();
        Ok(Arc::new(text.as_ref().clone().with_metadata(json)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let text = arrays.first().and_then(|array| array.as_string_view_opt()).ok_or_else(no_text)?;
        Ok(ColumnarValue::Array(Arc::new(text.gc())))
    }
}
