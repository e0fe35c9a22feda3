-- id: vpc-without-flow-log
-- title: VPCs whose rejected traffic is not logged
-- severity: medium
-- types: aws_vpc, aws_vpc_flow_log
-- needs: aws_vpc_flow_log
-- remediation: Make a flow log of rejected or of all traffic for the VPC.
-- docs: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html
SELECT resource_key, 'no active flow log of rejected traffic' AS reason
FROM aws_vpc AS mine
-- The VPC of another account is its matter.
WHERE coalesce(owner_id, account_id) = account_id
    AND NOT EXISTS (
        SELECT 1 FROM aws_vpc_flow_log AS f
        WHERE f.logged_resource_id = mine.vpc_id AND f.flow_log_status = 'ACTIVE' AND f.traffic_type IN ('REJECT', 'ALL')
    )
