-- S3 buckets. A column is NULL where the credentials did not allow to ask.
SELECT
    coalesce(properties->>'Name', name) AS name, -- The name that the service knows it by, whatever its tags say. [Name]
    CAST(properties->>'CreationDate' AS TIMESTAMP(6)) AS creation_date, -- When it was made, or its policy last changed. [CreationDate]
    CAST(properties->'PolicyStatus'->'PolicyStatus'->>'IsPublic' AS BOOLEAN) AS bucket_policy_is_public, -- Whether its policy lets everyone in; absent where it has none. [GetBucketPolicyStatus PolicyStatus.IsPublic]
    CASE WHEN properties->'Versioning' IS NOT NULL THEN coalesce(properties->'Versioning'->>'Status' = 'Enabled', false) END AS versioning_enabled, -- Whether overwritten objects are kept. [GetBucketVersioning Status]
    CASE WHEN properties->'Versioning' IS NOT NULL THEN coalesce(properties->'Versioning'->>'MFADelete' = 'Enabled', false) END AS versioning_mfa_delete, -- Whether versions can be deleted with a second factor only. [GetBucketVersioning MFADelete]
    CASE WHEN properties->'PublicAccessBlock' IS NOT NULL THEN
        coalesce(CAST(properties->'PublicAccessBlock'->'PublicAccessBlockConfiguration'->>'BlockPublicAcls' AS BOOLEAN), false)
    END AS block_public_acls, -- Whether ACLs that let everyone in are refused. [GetPublicAccessBlock BlockPublicAcls]
    CASE WHEN properties->'PublicAccessBlock' IS NOT NULL THEN
        coalesce(CAST(properties->'PublicAccessBlock'->'PublicAccessBlockConfiguration'->>'BlockPublicPolicy' AS BOOLEAN), false)
    END AS block_public_policy, -- Whether policies that let everyone in are refused. [GetPublicAccessBlock BlockPublicPolicy]
    CASE WHEN properties->'PublicAccessBlock' IS NOT NULL THEN
        coalesce(CAST(properties->'PublicAccessBlock'->'PublicAccessBlockConfiguration'->>'IgnorePublicAcls' AS BOOLEAN), false)
    END AS ignore_public_acls, -- Whether ACLs that let everyone in count for nothing. [GetPublicAccessBlock IgnorePublicAcls]
    CASE WHEN properties->'PublicAccessBlock' IS NOT NULL THEN
        coalesce(CAST(properties->'PublicAccessBlock'->'PublicAccessBlockConfiguration'->>'RestrictPublicBuckets' AS BOOLEAN), false)
    END AS restrict_public_buckets, -- Whether a policy that lets everyone in holds for its own account and services only. [GetPublicAccessBlock RestrictPublicBuckets]
    properties->'NotificationConfiguration' AS event_notification_configuration, -- Who is told of which events. [GetBucketNotificationConfiguration]
    properties->'Encryption'->'ServerSideEncryptionConfiguration' AS server_side_encryption_configuration, -- How objects are encrypted that do not say it themselves. [GetBucketEncryption ServerSideEncryptionConfiguration]
    properties->'Acl' AS acl, -- Its owner and whom the ACL lets in. [GetBucketAcl]
    properties->'LifecycleConfiguration'->'Rules' AS lifecycle_rules, -- When objects move and go away. [GetBucketLifecycleConfiguration Rules]
    properties->'Logging'->'LoggingEnabled' AS logging, -- Where access is logged; absent where it is not. [GetBucketLogging LoggingEnabled]
    properties->'ObjectLockConfiguration'->'ObjectLockConfiguration' AS object_lock_configuration, -- How long objects cannot be deleted. [GetObjectLockConfiguration ObjectLockConfiguration]
    properties->'OwnershipControls'->'OwnershipControls' AS object_ownership_controls, -- Who owns objects that others put there. [GetBucketOwnershipControls OwnershipControls]
    properties->'Policy'->>'Policy' AS policy, -- The policy document. [GetBucketPolicy Policy]
    policy_std(properties->'Policy'->>'Policy') AS policy_std, -- The same in one form: lists throughout, actions and keys of conditions in lower case. [GetBucketPolicy Policy]
    properties->'Replication'->'ReplicationConfiguration' AS replication, -- Where objects are copied to. [GetBucketReplication ReplicationConfiguration]
    nullif(properties->'Website', 'null') AS website_configuration, -- How it serves as a website. [GetBucketWebsite]
    properties->'Tagging'->'TagSet' AS tags_src, -- The tags, as the service lists them. [GetBucketTagging TagSet]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_s3_bucket'
