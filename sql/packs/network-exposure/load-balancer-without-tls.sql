-- id: load-balancer-without-tls
-- title: Application load balancers that the internet can reach without TLS only
-- severity: high
-- types: aws_ec2_application_load_balancer, aws_ec2_load_balancer_listener
-- remediation: Add an HTTPS listener, and let the HTTP one redirect to it.
-- docs: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/create-https-listener.html
SELECT resource_key, 'internet-facing, and listens to HTTP only' AS reason
FROM aws_ec2_application_load_balancer AS mine
WHERE scheme = 'internet-facing'
    -- A load balancer whose listeners nobody could list has none here.
    AND EXISTS (
        SELECT 1 FROM aws_ec2_load_balancer_listener AS plain
        WHERE plain.load_balancer_arn = mine.arn AND coalesce(plain.default_actions->0->>'Type', '') <> 'redirect'
    )
    AND NOT EXISTS (SELECT 1 FROM aws_ec2_load_balancer_listener AS tls WHERE tls.load_balancer_arn = mine.arn AND tls.protocol = 'HTTPS')
