-- Trails of CloudTrail.
SELECT
    coalesce(properties->>'Name', name) AS name, -- The name that the service knows it by, whatever its tags say. [Name]
    properties->>'HomeRegion' AS home_region, -- The region it was made in. [HomeRegion]
    CAST(properties->>'IsMultiRegionTrail' AS BOOLEAN) AS is_multi_region_trail, -- Whether it covers all regions. [IsMultiRegionTrail]
    CAST(properties->>'LogFileValidationEnabled' AS BOOLEAN) AS log_file_validation_enabled, -- Whether its files can be proved to be as they were written. [LogFileValidationEnabled]
    properties->>'CloudWatchLogsLogGroupArn' AS log_group_arn, -- The log group it is written to. [CloudWatchLogsLogGroupArn]
    properties->>'CloudWatchLogsRoleArn' AS cloudwatch_logs_role_arn, -- The role by which it is. [CloudWatchLogsRoleArn]
    CAST(properties->>'HasCustomEventSelectors' AS BOOLEAN) AS has_custom_event_selectors, -- Whether it says which events it holds. [HasCustomEventSelectors]
    CAST(properties->>'HasInsightSelectors' AS BOOLEAN) AS has_insight_selectors, -- Whether it looks for unusual activity. [HasInsightSelectors]
    CAST(properties->>'IncludeGlobalServiceEvents' AS BOOLEAN) AS include_global_service_events, -- Whether it holds events of services without regions. [IncludeGlobalServiceEvents]
    CAST(properties->>'IsOrganizationTrail' AS BOOLEAN) AS is_organization_trail, -- Whether it covers all accounts of the organization. [IsOrganizationTrail]
    properties->>'KmsKeyId' AS kms_key_id, -- The key its files are encrypted with. [KmsKeyId]
    properties->>'S3BucketName' AS s3_bucket_name, -- The bucket it is written to. [S3BucketName]
    properties->>'S3KeyPrefix' AS s3_key_prefix, -- What its files' names begin with there. [S3KeyPrefix]
    properties->>'SnsTopicARN' AS sns_topic_arn, -- The topic that is told of new files. [SnsTopicARN]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_cloudtrail_trail'
