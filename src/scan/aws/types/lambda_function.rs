//! Lambda functions. The values of their environments are replaced before they are stored.
//!
//! Tags are asked for function by function. The tagging API would tell them a hundred at once, but follows changes late, and does not
//! tell a function without tags from one that it has yet to learn of: tags would come and go that nobody edited.

use serde_json::json;

use super::{Api, Ask, Query, TagCall};

pub(super) const API: Api = Api {
    service: "lambda",
    operation: "ListFunctions",
    types: &["aws_lambda_function"],
    ask: Ask::Caller(Query::pages("Marker", || json!({ "MaxItems": 50 })).tags(TagCall {
        operation: "ListTags",
        at_once: 1,
        input: |arns| json!({ "Resource": arns.first() }),
        list: None,
        gone: "ResourceNotFoundException",
    })),
};
