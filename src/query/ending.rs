//! How a version ended by some revision, as the closings of the open epoch tell. As a filter it is pushed down to where
//! files are decoded, so that nothing else is read of the rows that it drops.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, UInt64Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use crate::error::Error;
use crate::model::Revision;
use crate::store::Closings;

/// A column of the closing of the version that began with a revision, NULL if it did not end up to and including `until`.
pub(super) fn ending(closings: &Arc<Closings>, until: Revision, column: &str, version: Expr) -> Expr {
    let signature = Signature::exact(vec![DataType::Int64], Volatility::Immutable);
    ScalarUDF::from(Ending { signature, closings: Arc::clone(closings), until, column: column.to_owned() }).call(vec![version])
}

#[derive(Debug, Clone)]
struct Ending {
    signature: Signature,
    closings: Arc<Closings>,
    until: Revision,
    column: String,
}

impl PartialEq for Ending {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.closings, &other.closings) && self.until == other.until && self.column == other.column
    }
}

impl Eq for Ending {}

impl Hash for Ending {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.until, &self.column).hash(state);
    }
}

impl Ending {
    fn told(&self, column: &str) -> Result<&ArrayRef> {
        let missing = || DataFusionError::from(Error::internal(format!("closings have no column {column}")));
        self.closings.rows().column_by_name(column).ok_or_else(missing)
    }
}

impl ScalarUDFImpl for Ending {
    fn name(&self) -> &'static str {
        "ending"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.told(&self.column)?.data_type().clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let no_number = || DataFusionError::from(Error::internal("a version is no BIGINT"));
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let versions = arrays.first().and_then(|array| array.as_primitive_opt::<Int64Type>()).ok_or_else(no_number)?;
        let ends = self.told("valid_to_revision")?.as_primitive_opt::<Int64Type>().ok_or_else(no_number)?.values();
        let row_of = |version: &Revision| {
            let row = self.closings.row_of(*version)?;
            ends.get(row).is_some_and(|end| *end <= self.until).then_some(row as u64)
        };
        let rows: UInt64Array = versions.values().iter().map(row_of).collect();
        Ok(ColumnarValue::Array(take(self.told(&self.column)?, &rows, None)?))
    }
}
