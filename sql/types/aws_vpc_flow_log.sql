-- Flow logs.
SELECT
    properties->>'FlowLogId' AS flow_log_id, -- The id. [FlowLogId]
    CAST(properties->>'CreationTime' AS TIMESTAMP(6)) AS creation_time, -- When it was made. [CreationTime]
    properties->>'DeliverLogsErrorMessage' AS deliver_logs_error_message, -- What keeps it from being delivered. [DeliverLogsErrorMessage]
    properties->>'DeliverLogsPermissionArn' AS deliver_logs_permission_arn, -- The role that writes it. [DeliverLogsPermissionArn]
    properties->>'DeliverLogsStatus' AS deliver_logs_status, -- Whether it is delivered: SUCCESS or FAILED. [DeliverLogsStatus]
    properties->>'FlowLogStatus' AS flow_log_status, -- ACTIVE. [FlowLogStatus]
    properties->>'LogGroupName' AS log_group_name, -- The log group it is written to. [LogGroupName]
    properties->>'ResourceId' AS logged_resource_id, -- The VPC, subnet, interface or transit gateway whose traffic it holds. [ResourceId]
    properties->>'TrafficType' AS traffic_type, -- Which traffic it holds: ACCEPT, REJECT or ALL. [TrafficType]
    properties->>'LogDestinationType' AS log_destination_type, -- Where it is written: cloud-watch-logs, s3 or kinesis-data-firehose. [LogDestinationType]
    properties->>'LogDestination' AS log_destination, -- The ARN of where it is written. [LogDestination]
    regexp_replace(nullif(properties->>'LogDestination', ''), '^.*:', '') AS bucket_name, -- The last part of that ARN: for S3 the bucket, with a folder if there is one. [LogDestination]
    properties->>'LogFormat' AS log_format, -- The fields of a line. [LogFormat]
    CAST(properties->>'MaxAggregationInterval' AS BIGINT) AS max_aggregation_interval, -- How many seconds of traffic a line sums up at most. [MaxAggregationInterval]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_vpc_flow_log'
