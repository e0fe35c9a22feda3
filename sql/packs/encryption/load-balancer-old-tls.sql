-- id: load-balancer-old-tls
-- title: Listeners that speak old versions of TLS
-- severity: medium
-- types: aws_ec2_load_balancer_listener
-- remediation: Choose a policy that starts at TLS 1.2, such as ELBSecurityPolicy-TLS13-1-2-2021-06.
-- docs: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
SELECT resource_key, concat(protocol, ' ', port, ' has the policy ', ssl_policy) AS reason
FROM aws_ec2_load_balancer_listener
WHERE array_has($old_tls_policies, ssl_policy)
