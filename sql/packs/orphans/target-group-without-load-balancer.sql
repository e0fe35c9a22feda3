-- id: target-group-without-load-balancer
-- title: Target groups that no load balancer sends to
-- severity: low
-- types: aws_ec2_target_group
-- lasting: $unused_for
-- remediation: Delete the target group, unless it is the one that a blue/green deployment uses next.
-- docs: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html
SELECT resource_key, 'no load balancer sends to it' AS reason
FROM aws_ec2_target_group
WHERE jsonb_array_length(load_balancer_arns) = 0
