//! Functions of PostgreSQL that DataFusion and its library of JSON functions do not have, and a few of our own.

mod addresses;
mod age;
mod building;
mod containment;
mod elements;
mod lists;
mod members;
mod paths;
mod patterns;
mod policies;
mod row;
mod shapes;
mod templates;

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::ScalarUDF;
use datafusion_functions_json::udfs::json_length_udf;

pub(super) use addresses::{WITHIN, WITHIN_OR_EQUAL};
pub(super) use containment::{CONTAINS, EXISTS, EXISTS_ALL, EXISTS_ANY};
pub(super) use elements::{AS_JSON, ELEMENTS_TEXT, NAMES, VALUES, VALUES_TEXT};
pub(super) use members::{MEMBER_AS_JSON, MEMBER_AS_TEXT};
pub(super) use paths::{AT_PATH, TEXT_AT_PATH, array_literal};
pub(super) use patterns::regex_of_similar;
pub(super) use templates::strftime;

/// Makes all functions known, those of the library too.
pub(super) fn register(registry: &mut dyn FunctionRegistry) -> Result<()> {
    datafusion_functions_json::register_all(registry)?;
    let length = ScalarUDF::clone(&json_length_udf()).with_aliases(["jsonb_array_length", "json_array_length"]);
    registry.register_udf(Arc::new(length))?;
    registry.register_udf(Arc::new(ScalarUDF::from(age::Age::default())))?;
    let operators = [
        &*MEMBER_AS_TEXT,
        &MEMBER_AS_JSON,
        &EXISTS,
        &EXISTS_ANY,
        &EXISTS_ALL,
        &CONTAINS,
        &AT_PATH,
        &TEXT_AT_PATH,
        &WITHIN,
        &WITHIN_OR_EQUAL,
    ];
    let own = operators.into_iter().map(Arc::clone).chain(addresses::functions()).chain(building::functions());
    for function in own
        .chain(elements::functions())
        .chain(lists::functions())
        .chain(patterns::functions())
        .chain(policies::functions())
        .chain(shapes::functions())
    {
        registry.register_udf(function)?;
    }
    Ok(())
}
