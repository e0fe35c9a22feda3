//! The calls about one bucket.

use futures::future::BoxFuture;

use super::call::{Answer, Wire};
use crate::scan::provider::Failure;

/// A call about one bucket.
pub(super) struct Detail {
    /// The member of `properties` that holds its answer.
    pub(super) member: &'static str,
    /// Its name.
    pub(super) operation: &'static str,
    /// The permission that it needs.
    pub(super) permission: &'static str,
    /// The code that says that there is nothing.
    pub(super) absent: &'static str,
    /// How it is asked.
    pub(super) ask: for<'a> fn(&'a aws_sdk_s3::Client, String) -> BoxFuture<'a, std::result::Result<Answer, Failure>>,
}

macro_rules! detail {
    ($member:literal, $operation:literal, $call:ident, $permission:literal, $absent:literal) => {
        Detail {
            member: $member,
            operation: $operation,
            permission: $permission,
            absent: $absent,
            ask: |client, bucket| {
                Box::pin(async move {
                    let wire = Wire::default();
                    let sent = client.$call().bucket(bucket).customize().interceptor(wire.clone()).send().await;
                    wire.answer(sent)
                })
            },
        }
    };
}

/// Where a bucket lies.
pub(super) const LOCATION: Detail = detail!("Location", "GetBucketLocation", get_bucket_location, "s3:GetBucketLocation", "");

/// How a bucket is set up.
pub(super) const DETAILS: &[Detail] = &[
    detail!("Acl", "GetBucketAcl", get_bucket_acl, "s3:GetBucketAcl", ""),
    detail!("Cors", "GetBucketCors", get_bucket_cors, "s3:GetBucketCORS", "NoSuchCORSConfiguration"),
    detail!(
        "Encryption",
        "GetBucketEncryption",
        get_bucket_encryption,
        "s3:GetEncryptionConfiguration",
        "ServerSideEncryptionConfigurationNotFoundError"
    ),
    detail!(
        "LifecycleConfiguration",
        "GetBucketLifecycleConfiguration",
        get_bucket_lifecycle_configuration,
        "s3:GetLifecycleConfiguration",
        "NoSuchLifecycleConfiguration"
    ),
    detail!("Logging", "GetBucketLogging", get_bucket_logging, "s3:GetBucketLogging", ""),
    detail!(
        "NotificationConfiguration",
        "GetBucketNotificationConfiguration",
        get_bucket_notification_configuration,
        "s3:GetBucketNotification",
        ""
    ),
    detail!(
        "ObjectLockConfiguration",
        "GetObjectLockConfiguration",
        get_object_lock_configuration,
        "s3:GetBucketObjectLockConfiguration",
        "ObjectLockConfigurationNotFoundError"
    ),
    detail!(
        "OwnershipControls",
        "GetBucketOwnershipControls",
        get_bucket_ownership_controls,
        "s3:GetBucketOwnershipControls",
        "OwnershipControlsNotFoundError"
    ),
    detail!("Policy", "GetBucketPolicy", get_bucket_policy, "s3:GetBucketPolicy", "NoSuchBucketPolicy"),
    detail!("PolicyStatus", "GetBucketPolicyStatus", get_bucket_policy_status, "s3:GetBucketPolicyStatus", "NoSuchBucketPolicy"),
    detail!(
        "PublicAccessBlock",
        "GetPublicAccessBlock",
        get_public_access_block,
        "s3:GetBucketPublicAccessBlock",
        "NoSuchPublicAccessBlockConfiguration"
    ),
    detail!(
        "Replication",
        "GetBucketReplication",
        get_bucket_replication,
        "s3:GetReplicationConfiguration",
        "ReplicationConfigurationNotFoundError"
    ),
    detail!("Tagging", "GetBucketTagging", get_bucket_tagging, "s3:GetBucketTagging", "NoSuchTagSet"),
    detail!("Versioning", "GetBucketVersioning", get_bucket_versioning, "s3:GetBucketVersioning", ""),
    detail!("Website", "GetBucketWebsite", get_bucket_website, "s3:GetBucketWebsite", "NoSuchWebsiteConfiguration"),
];
