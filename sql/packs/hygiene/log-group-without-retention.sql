-- id: log-group-without-retention
-- title: Log groups that are kept for ever
-- severity: low
-- types: aws_cloudwatch_log_group
-- remediation: Set how long its events are kept.
-- docs: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html
SELECT resource_key, 'no retention' AS reason
FROM aws_cloudwatch_log_group
WHERE retention_in_days IS NULL
