//! Whether a version had ended by some revision, as the closings of the open epoch tell: a filter that is pushed down to
//! where files are decoded, so that nothing else is read of the rows that it drops.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use hashbrown::HashSet;

use crate::error::Error;
use crate::model::Revision;

/// Whether the version that began with a revision is one of these.
pub(super) fn is_closed(version: Expr, closed: impl Iterator<Item = Revision>) -> Expr {
    let signature = Signature::exact(vec![DataType::Int64], Volatility::Immutable);
    ScalarUDF::from(Closed { signature, versions: Arc::new(closed.collect()) }).call(vec![version])
}

#[derive(Debug, Clone)]
struct Closed {
    signature: Signature,
    versions: Arc<HashSet<Revision>>,
}

impl PartialEq for Closed {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.versions, &other.versions) || self.versions == other.versions
    }
}

impl Eq for Closed {}

impl Hash for Closed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.versions.len().hash(state);
    }
}

impl ScalarUDFImpl for Closed {
    fn name(&self) -> &'static str {
        "closed"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let versions = arrays.first().and_then(|array| array.as_primitive_opt::<Int64Type>());
        let versions = versions.ok_or_else(|| DataFusionError::from(Error::internal("a version is no BIGINT")))?;
        let values = versions.values();
        let closed =
            BooleanBuffer::collect_bool(values.len(), |row| values.get(row).is_some_and(|version| self.versions.contains(version)));
        Ok(ColumnarValue::Array(Arc::new(BooleanArray::new(closed, None))))
    }
}
