//! Key pairs, never their material: the call has no pages.

use super::Api;

pub(super) const API: Api =
    Api { service: "ec2", operation: "DescribeKeyPairs", types: &["aws_ec2_key_pair"], ask: whole!(ec2.describe_key_pairs()) };
