//! `policy_std(json)`: a policy document of AWS in one form, whatever form it was written in, so that queries need to know
//! only that one.
//!
//! A statement may stand alone or in a list, and so may an action, a principal or a value; actions and the keys of conditions
//! are the same in any case; `"*"` as a principal is all of AWS. Here all of it is sorted lists of texts without repetitions,
//! actions and keys of conditions are in lower case, and principals and conditions are objects of such lists.

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

use super::row::{Makes, RowFunction, Takes};
use crate::model::{Json, parse_json};

/// The functions.
pub(super) fn functions() -> [Arc<ScalarUDF>; 2] {
    let one = Makes::Json(|row| in_one_form(parse_json(row.text(0)?.as_bytes()).ok()?).map(text));
    let each = Makes::Json(|row| inline_policies(parse_json(row.text(0)?.as_bytes()).ok()?).map(text));
    [RowFunction::udf(&["policy_std"], Takes::Texts(1), one), RowFunction::udf(&["inline_policies_std"], Takes::Texts(1), each)]
}

fn text(json: Json) -> String {
    json.canonical().as_str().to_owned()
}

/// A list of policies that have a name, each with its document in one form.
fn inline_policies(policies: Json) -> Option<Json> {
    let Json::Array(policies) = policies else { return None };
    let policies = policies.into_iter().map(|policy| {
        let Json::Object(members) = policy else { return None };
        let members = members.into_iter().map(|(name, value)| {
            let value = if *name == *"PolicyDocument" { in_one_form(value)? } else { value };
            Some((name, value))
        });
        members.collect::<Option<_>>().map(Json::Object)
    });
    policies.collect::<Option<_>>().map(Json::Array)
}

fn in_one_form(policy: Json) -> Option<Json> {
    let Json::Object(members) = policy else { return None };
    let members = members.into_iter().map(|(name, value)| {
        let value = match (&*name, value) {
            ("Statement", Json::Array(statements)) => Json::Array(statements.into_iter().map(statement).collect::<Option<_>>()?),
            ("Statement", alone) => Json::Array(vec![statement(alone)?]),
            (_, other) => other,
        };
        Some((name, value))
    });
    members.collect::<Option<_>>().map(Json::Object)
}

fn statement(statement: Json) -> Option<Json> {
    let Json::Object(members) = statement else { return None };
    let members = members.into_iter().map(|(name, value)| {
        let value = match &*name {
            "Action" | "NotAction" => sorted(texts(value)?.into_iter().map(|action| action.to_lowercase())),
            "Resource" | "NotResource" => sorted(texts(value)?),
            "Principal" | "NotPrincipal" => principals(value)?,
            "Condition" => conditions(value)?,
            _ => value,
        };
        Some((name, value))
    });
    members.collect::<Option<_>>().map(Json::Object)
}

fn principals(principals: Json) -> Option<Json> {
    match principals {
        Json::Object(kinds) => {
            let kinds = kinds.into_iter().map(|(kind, who)| Some((kind, sorted(texts(who)?))));
            kinds.collect::<Option<_>>().map(Json::Object)
        }
        all => Some(Json::object([("AWS".into(), sorted(texts(all)?))])),
    }
}

fn conditions(conditions: Json) -> Option<Json> {
    let Json::Object(operators) = conditions else { return None };
    let operators = operators.into_iter().map(|(operator, keys)| {
        let Json::Object(keys) = keys else { return None };
        let keys = keys.into_iter().map(|(key, values)| Some((key.to_lowercase().into_boxed_str(), sorted(texts(values)?))));
        Some((operator, Json::object(keys.collect::<Option<Vec<_>>>()?)))
    });
    operators.collect::<Option<_>>().map(Json::Object)
}

/// The texts of a list, or of a value that stands alone.
fn texts(json: Json) -> Option<Vec<String>> {
    let text = |json: Json| match json {
        Json::Array(_) | Json::Object(_) | Json::Null => None,
        Json::String(text) => Some(text.into()),
        scalar => Some(scalar.canonical().as_str().to_owned()),
    };
    match json {
        Json::Array(elements) => elements.into_iter().map(text).collect(),
        alone => Some(vec![text(alone)?]),
    }
}

fn sorted(texts: impl IntoIterator<Item = String>) -> Json {
    let texts: std::collections::BTreeSet<String> = texts.into_iter().collect();
    Json::Array(texts.into_iter().map(|text| Json::String(text.into())).collect())
}
