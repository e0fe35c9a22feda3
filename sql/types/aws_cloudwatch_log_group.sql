-- Log groups of CloudWatch.
SELECT
    coalesce(properties->>'logGroupName', name) AS name, -- The name that the service knows it by, whatever its tags say. [logGroupName]
    properties->>'logGroupArn' AS log_group_arn, -- The ARN, without what the arn of the service adds at its end. [logGroupArn]
    properties->>'logGroupClass' AS log_group_class, -- The class: STANDARD, INFREQUENT_ACCESS or DELIVERY. [logGroupClass]
    CAST(CAST(properties->>'creationTime' AS BIGINT) * 1000 AS TIMESTAMP(6)) AS creation_time, -- When it was made. [creationTime]
    properties->>'kmsKeyId' AS kms_key_id, -- The key it is encrypted with. [kmsKeyId]
    CAST(properties->>'metricFilterCount' AS BIGINT) AS metric_filter_count, -- How many metrics are drawn from it. [metricFilterCount]
    CAST(properties->>'retentionInDays' AS BIGINT) AS retention_in_days, -- After how many days events go away; absent for never. [retentionInDays]
    CAST(properties->>'storedBytes' AS BIGINT) AS stored_bytes, -- How much is stored, in bytes. [storedBytes]
    properties->>'dataProtectionStatus' AS data_protection_status, -- Whether a policy hides sensitive data: ACTIVATED, DELETED, ARCHIVED or DISABLED. [dataProtectionStatus]
    properties->'inheritedProperties' AS inherited_properties, -- The settings that come from the account. [inheritedProperties]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_cloudwatch_log_group'
