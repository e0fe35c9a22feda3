-- Event subscriptions of Redshift.
SELECT
    properties->>'CustSubscriptionId' AS cust_subscription_id, -- The name. [CustSubscriptionId]
    properties->>'CustomerAwsId' AS customer_aws_id, -- The account that owns it. [CustomerAwsId]
    CAST(properties->>'Enabled' AS BOOLEAN) AS enabled, -- Whether events are sent. [Enabled]
    properties->>'Severity' AS severity, -- How grave events must be: ERROR or INFO. [Severity]
    properties->>'SnsTopicArn' AS sns_topic_arn, -- The topic that events are sent to. [SnsTopicArn]
    properties->>'SourceType' AS source_type, -- The kind of things whose events are sent. [SourceType]
    properties->>'Status' AS status, -- What it does, such as active. [Status]
    CAST(properties->>'SubscriptionCreationTime' AS TIMESTAMP(6)) AS subscription_creation_time, -- When it was made. [SubscriptionCreationTime]
    properties->'EventCategoriesList' AS event_categories_list, -- Which events are sent. [EventCategoriesList]
    properties->'SourceIdsList' AS source_ids_list, -- Whose events are sent. [SourceIdsList]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_redshift_event_subscription'
