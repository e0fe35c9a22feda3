//! `elava_now()`: the present time of the session, which is the pin's where it is pinned.

use std::hash::{Hash, Hasher};

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use super::view::SharedView;
use crate::store::schema::time_type;

/// What the function is called.
pub(super) const ELAVA_NOW: &str = "elava_now";

/// The function for a session.
pub(super) fn elava_now(shared: SharedView) -> ScalarUDF {
    ScalarUDF::from(ElavaNow { signature: Signature::nullary(Volatility::Stable), shared })
}

#[derive(Debug)]
struct ElavaNow {
    signature: Signature,
    shared: SharedView,
}

impl PartialEq for ElavaNow {
    fn eq(&self, other: &Self) -> bool {
        self.shared.is_same(&other.shared)
    }
}

impl Eq for ElavaNow {}

impl Hash for ElavaNow {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.signature.hash(state);
    }
}

impl ScalarUDFImpl for ElavaNow {
    fn name(&self) -> &'static str {
        ELAVA_NOW
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(time_type())
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let now = self.shared.get().now().micros();
        Ok(ColumnarValue::Scalar(ScalarValue::TimestampMicrosecond(Some(now), Some("UTC".into()))))
    }
}
