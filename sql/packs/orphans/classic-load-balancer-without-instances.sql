-- id: classic-load-balancer-without-instances
-- title: Classic load balancers in front of no instance
-- severity: medium
-- types: aws_ec2_classic_load_balancer
-- lasting: $unused_for
-- remediation: Delete the load balancer.
-- docs: https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-getting-started.html
SELECT resource_key, 'no instance' AS reason
FROM aws_ec2_classic_load_balancer
WHERE jsonb_array_length(instances) = 0
