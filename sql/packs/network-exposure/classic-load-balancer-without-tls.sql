-- id: classic-load-balancer-without-tls
-- title: Classic load balancers that the internet can reach without TLS only
-- severity: high
-- types: aws_ec2_classic_load_balancer
-- remediation: Add an HTTPS or SSL listener and remove the HTTP one, or move to an application load balancer.
-- docs: https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-https-load-balancers.html
WITH listeners AS (
    SELECT resource_key, scheme, described->'Listener'->>'Protocol' AS protocol, described->'Listener'->>'LoadBalancerPort' AS port
    FROM aws_ec2_classic_load_balancer
    CROSS JOIN jsonb_array_elements(listener_descriptions) AS described
)
SELECT DISTINCT resource_key, 'internet-facing, and listens to HTTP only' AS reason
FROM listeners AS mine
-- What TCP listeners hand on may be TLS.
WHERE scheme = 'internet-facing' AND protocol = 'HTTP'
    AND NOT EXISTS (SELECT 1 FROM listeners AS tls WHERE tls.resource_key = mine.resource_key AND tls.protocol IN ('HTTPS', 'SSL'))
