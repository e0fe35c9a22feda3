-- id: load-balancer-without-listeners
-- title: Load balancers that listen at no port
-- severity: medium
-- types: aws_ec2_application_load_balancer, aws_ec2_network_load_balancer, aws_ec2_gateway_load_balancer, aws_ec2_load_balancer_listener
-- lasting: $unused_for
-- remediation: Delete the load balancer, or give it the listener that it lacks.
-- docs: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-delete.html
WITH balancers AS (
    SELECT resource_key, account_id, arn, state_code FROM aws_ec2_application_load_balancer
    UNION ALL
    SELECT resource_key, account_id, arn, state_code FROM aws_ec2_network_load_balancer
    UNION ALL
    SELECT resource_key, account_id, arn, state_code FROM aws_ec2_gateway_load_balancer
)
SELECT resource_key, 'no listener' AS reason
FROM balancers
    -- Where no listener of the account is known, none may have been listed.
WHERE state_code = 'active' AND EXISTS (SELECT 1 FROM aws_ec2_load_balancer_listener AS l WHERE l.account_id = balancers.account_id)
    AND NOT EXISTS (SELECT 1 FROM aws_ec2_load_balancer_listener AS l WHERE l.load_balancer_arn = balancers.arn)
