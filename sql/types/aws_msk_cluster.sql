-- Kafka clusters of MSK.
SELECT
    properties->>'ClusterName' AS cluster_name, -- The name. [ClusterName]
    properties->>'ActiveOperationArn' AS active_operation_arn, -- What is being done to it. [ActiveOperationArn]
    properties->>'ClusterType' AS cluster_type, -- PROVISIONED or SERVERLESS. [ClusterType]
    CAST(properties->>'CreationTime' AS TIMESTAMP(6)) AS creation_time, -- When it was made. [CreationTime]
    properties->>'CurrentVersion' AS current_version, -- The version of its settings. [CurrentVersion]
    properties->'Provisioned' AS provisioned, -- Its brokers, and how they are set up. [Provisioned]
    properties->'Serverless' AS serverless, -- How a serverless one is set up. [Serverless]
    properties->'StateInfo' AS state_info, -- Why it is in its state. [StateInfo]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_msk_cluster'
