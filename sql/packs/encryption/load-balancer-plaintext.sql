-- id: load-balancer-plaintext
-- title: Listeners of the internet that hand on HTTP instead of redirecting to HTTPS
-- severity: medium
-- types: aws_ec2_load_balancer_listener, aws_ec2_application_load_balancer
-- remediation: Redirect to HTTPS by the listener's default action.
-- docs: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-listeners.html
SELECT resource_key, concat('HTTP ', port, ' does not redirect to HTTPS') AS reason
FROM aws_ec2_load_balancer_listener AS mine
WHERE protocol = 'HTTP'
    -- A fixed response hands nothing on. Rules of listeners are not looked at.
    AND coalesce(default_actions->0->'RedirectConfig'->>'Protocol', '') <> 'HTTPS'
    AND coalesce(default_actions->0->>'Type', '') <> 'fixed-response'
    AND EXISTS (
        SELECT 1 FROM aws_ec2_application_load_balancer AS lb WHERE lb.arn = mine.load_balancer_arn AND lb.scheme = 'internet-facing'
    )
