//! Two columns with one value, kept apart.
//!
//! DataFusion loses track of the order of a union whose inputs have a column twice, and then refuses its own plan
//! (`does not satisfy order requirements`). A copy that it does not recognise as one keeps it out of that.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use crate::error::Error;

/// The same value, which the optimiser does not know to be the same.
pub(super) fn copy(expr: Expr) -> Expr {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> =
        LazyLock::new(|| Arc::new(ScalarUDF::from(Copy { signature: Signature::any(1, Volatility::Immutable) })));
    FUNCTION.call(vec![expr])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Copy {
    signature: Signature,
}

fn no_argument() -> DataFusionError {
    Error::internal("a copy of nothing").into()
}

impl ScalarUDFImpl for Copy {
    fn name(&self) -> &'static str {
        "copy"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        types.first().cloned().ok_or_else(no_argument)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<Arc<Field>> {
        args.arg_fields.first().cloned().ok_or_else(no_argument)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        args.args.into_iter().next().ok_or_else(no_argument)
    }
}
