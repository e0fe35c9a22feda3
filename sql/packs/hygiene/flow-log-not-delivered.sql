-- id: flow-log-not-delivered
-- title: Flow logs that are not delivered
-- severity: medium
-- types: aws_vpc_flow_log
-- remediation: Mend what its error message says, most often the role or the policy of the destination.
-- docs: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-troubleshooting.html
SELECT resource_key, concat(coalesce(deliver_logs_error_message, 'its delivery failed'), ': log of ', logged_resource_id) AS reason
FROM aws_vpc_flow_log
WHERE deliver_logs_status = 'FAILED'
