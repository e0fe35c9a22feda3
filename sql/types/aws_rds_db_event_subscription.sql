-- Subscriptions to events of RDS.
SELECT
    properties->>'CustSubscriptionId' AS cust_subscription_id, -- The name. [CustSubscriptionId]
    properties->>'CustomerAwsId' AS customer_aws_id, -- The account that subscribed. [CustomerAwsId]
    properties->>'Status' AS status, -- What it does, such as active. [Status]
    CAST(properties->>'Enabled' AS BOOLEAN) AS enabled, -- Whether it is on. [Enabled]
    properties->>'SnsTopicArn' AS sns_topic_arn, -- The topic that is told. [SnsTopicArn]
    properties->>'SourceType' AS source_type, -- The kind of source it listens to; absent for all kinds. [SourceType]
    created_at AS subscription_creation_time, -- When it was made. [SubscriptionCreationTime]
    properties->'EventCategoriesList' AS event_categories_list, -- The categories of events it listens to. [EventCategoriesList]
    properties->'SourceIdsList' AS source_ids_list, -- The sources it listens to. [SourceIdsList]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_rds_db_event_subscription'
