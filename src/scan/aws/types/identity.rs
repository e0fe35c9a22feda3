//! Roles, users, groups and policies of IAM, in one call for all: it is asked once for the account.
//!
//! Of the policies that AWS manages only those are taken that are attached to something or bound it.

use serde_json::json;

use super::{Api, Ask, Query};
use crate::model::Json;

pub(super) const API: Api = Api {
    service: "iam",
    operation: "GetAccountAuthorizationDetails",
    types: &["aws_iam_role", "aws_iam_user", "aws_iam_group", "aws_iam_policy"],
    ask: Ask::Caller(Query::pages("Marker", || json!({ "MaxItems": 1000 })).takes(is_own_or_used)),
};

fn is_own_or_used(element: &Json) -> bool {
    let of_aws = element.get("Arn").and_then(Json::as_str).is_some_and(|arn| arn.contains(":iam::aws:policy/"));
    let uses = |member| element.get(member).is_some_and(|count| *count != Json::Number("0".into()));
    !of_aws || uses("AttachmentCount") || uses("PermissionsBoundaryUsageCount")
}
