-- DynamoDB tables.
SELECT
    coalesce(properties->>'TableName', name) AS name, -- The name that the service knows it by, whatever its tags say. [TableName]
    properties->>'TableId' AS table_id, -- The unique id. [TableId]
    CAST(properties->>'CreationDateTime' AS TIMESTAMP(6)) AS creation_date_time, -- When it was made. [CreationDateTime]
    coalesce(properties->'TableClassSummary'->>'TableClass', 'STANDARD') AS table_class, -- The class of its storage: STANDARD or STANDARD_INFREQUENT_ACCESS. [TableClassSummary.TableClass]
    properties->>'TableStatus' AS table_status, -- What it does, such as ACTIVE. [TableStatus]
    coalesce(properties->'BillingModeSummary'->>'BillingMode', 'PROVISIONED') AS billing_mode, -- How throughput is paid: PROVISIONED or PAY_PER_REQUEST. [BillingModeSummary.BillingMode]
    CAST(properties->>'ItemCount' AS BIGINT) AS item_count, -- How many items it has, told about every six hours. [ItemCount]
    properties->>'GlobalTableVersion' AS global_table_version, -- The version of global tables it uses. [GlobalTableVersion]
    CAST(properties->'ProvisionedThroughput'->>'ReadCapacityUnits' AS BIGINT) AS read_capacity, -- How many reads a second are provisioned. [ProvisionedThroughput.ReadCapacityUnits]
    CAST(properties->'ProvisionedThroughput'->>'WriteCapacityUnits' AS BIGINT) AS write_capacity, -- How many writes a second are provisioned. [ProvisionedThroughput.WriteCapacityUnits]
    properties->>'LatestStreamArn' AS latest_stream_arn, -- Its newest stream. [LatestStreamArn]
    properties->>'LatestStreamLabel' AS latest_stream_label, -- When that was made. [LatestStreamLabel]
    CAST(properties->>'TableSizeBytes' AS BIGINT) AS table_size_bytes, -- How much is stored, in bytes, told about every six hours. [TableSizeBytes]
    properties->'ArchivalSummary' AS archival_summary, -- When and why it was archived. [ArchivalSummary]
    properties->'AttributeDefinitions' AS attribute_definitions, -- The types of the attributes of its keys. [AttributeDefinitions]
    properties->'KeySchema' AS key_schema, -- Its primary key. [KeySchema]
    properties->'GlobalSecondaryIndexes' AS global_secondary_indexes, -- Its global secondary indexes. [GlobalSecondaryIndexes]
    properties->'LocalSecondaryIndexes' AS local_secondary_indexes, -- Its local secondary indexes. [LocalSecondaryIndexes]
    properties->'SSEDescription' AS sse_description, -- How it is encrypted, if not with a key of AWS's. [SSEDescription]
    properties->'Replicas' AS replicas, -- Its replicas in other regions. [Replicas]
    properties->'RestoreSummary' AS restore_summary, -- What it was restored from. [RestoreSummary]
    properties->'StreamSpecification' AS stream_specification, -- Whether it has a stream, and what is in it. [StreamSpecification]
    CAST(properties->>'DeletionProtectionEnabled' AS BOOLEAN) AS deletion_protection_enabled, -- Whether it cannot be deleted. [DeletionProtectionEnabled]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_dynamodb_table'
