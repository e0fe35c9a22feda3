//! Prefix lists that the account owns, not those of AWS.

use aws_sdk_ec2::types::Filter;

use super::{Api, Ask};
use crate::scan::aws::call::Wire;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribeManagedPrefixLists",
    types: &["aws_ec2_managed_prefix_list"],
    ask: Ask::Client(|clients, token| {
        Box::pin(async move {
            let own = Filter::builder().name("owner-id").values(&clients.account_id).build();
            let call = clients.ec2.describe_managed_prefix_lists().filters(own).max_results(100).set_next_token(token);
            let wire = Wire::default();
            wire.clone().answer(call.customize().interceptor(wire).send().await)
        })
    }),
};
