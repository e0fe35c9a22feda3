//! Roles to take on: which account one belongs to, and why it was refused.

use std::error::Error as StdError;

use aws_sdk_sts::error::SdkError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::error::{Error, Result};

/// The account that a role belongs to.
///
/// # Errors
/// `Invalid` if it is not the ARN of a role.
pub(super) fn account_of(role_arn: &str) -> Result<&str> {
    let parts: Vec<&str> = role_arn.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, "iam", "", account, resource]
            if is_account_id(account) && resource.strip_prefix("role/").is_some_and(|name| !name.is_empty()) =>
        {
            Ok(account)
        }
        _ => Err(Error::invalid(format!("expected the ARN of a role such as arn:aws:iam::111122223333:role/audit, found {role_arn:?}"))),
    }
}

fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The answer of STS because of which a call could not be signed.
pub(super) fn refusal<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e SdkError<AssumeRoleError, HttpResponse>> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(refused) = error.downcast_ref() {
            return Some(refused);
        }
        cause = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_is_in_the_arn_of_a_role_and_nothing_else_is_one() {
        assert_eq!(account_of("arn:aws:iam::111122223333:role/audit").unwrap(), "111122223333");
        assert_eq!(account_of("arn:aws-cn:iam::111122223333:role/path/to/audit").unwrap(), "111122223333");
        let wrong =
            ["", "audit", "arn:aws:iam::1111:role/audit", "arn:aws:iam::111122223333:user/audit", "arn:aws:iam::111122223333:role/"];
        for wrong in wrong {
            assert!(account_of(wrong).is_err(), "{wrong}");
        }
    }
}
