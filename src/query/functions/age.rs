//! `age(later, earlier)`: the time between two times in years, months, days and less, as people count it. Of one time it is that
//! until today began.

use std::sync::Arc;

use arrow::array::{AsArray, IntervalMonthDayNanoArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit, TimeUnit, TimestampMicrosecondType};
use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveDateTime};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

/// The function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Age {
    signature: Signature,
}

impl Default for Age {
    fn default() -> Self {
        Self { signature: Signature::any(2, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Age {
    fn name(&self) -> &'static str {
        "age"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Interval(IntervalUnit::MonthDayNano))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [later, earlier] = args.args.as_slice() else { return exec_err!("age takes two times") };
        let times = DataType::Timestamp(TimeUnit::Microsecond, None);
        let later = cast(&later.to_array(args.number_rows)?, &times)?;
        let earlier = cast(&earlier.to_array(args.number_rows)?, &times)?;
        let (later, earlier) = (later.as_primitive::<TimestampMicrosecondType>(), earlier.as_primitive::<TimestampMicrosecondType>());
        let ages: IntervalMonthDayNanoArray = later.iter().zip(earlier).map(|(later, earlier)| between(later?, earlier?)).collect();
        Ok(ColumnarValue::Array(Arc::new(ages)))
    }
}

/// The time from the second to the first; negative where that is the earlier. `None` beyond what calendars hold.
fn between(later: i64, earlier: i64) -> Option<IntervalMonthDayNano> {
    if later < earlier {
        let (months, days, nanoseconds) = IntervalMonthDayNanoType::to_parts(between(earlier, later)?);
        return Some(IntervalMonthDayNanoType::make_value(-months, -days, -nanoseconds));
    }
    let (later, earlier) = (time(later)?, time(earlier)?);
    let mut months = (later.year() - earlier.year()) * 12 + i32::try_from(later.month()).ok()? - i32::try_from(earlier.month()).ok()?;
    let mut days = i64::from(later.day()) - i64::from(earlier.day());
    let mut rest = later.time() - earlier.time();
    if rest < chrono::TimeDelta::zero() {
        rest += chrono::TimeDelta::days(1);
        days -= 1;
    }
    if days < 0 {
        // A month of the earlier time's length is borrowed.
        days += days_of_month(earlier)?;
        months -= 1;
    }
    Some(IntervalMonthDayNanoType::make_value(months, i32::try_from(days).ok()?, rest.num_nanoseconds()?))
}

fn time(microseconds: i64) -> Option<NaiveDateTime> {
    DateTime::from_timestamp_micros(microseconds).map(|time| time.naive_utc())
}

fn days_of_month(time: NaiveDateTime) -> Option<i64> {
    let first = NaiveDate::from_ymd_opt(time.year(), time.month(), 1)?;
    Some((first.checked_add_months(Months::new(1))? - first).num_days())
}
