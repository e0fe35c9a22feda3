-- id: load-balancer-deletion-protection
-- title: Load balancers that one call deletes
-- severity: low
-- types: aws_ec2_application_load_balancer, aws_ec2_network_load_balancer, aws_ec2_gateway_load_balancer
-- remediation: Set the attribute deletion_protection.enabled.
-- docs: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html
WITH balancers AS (
    SELECT resource_key, load_balancer_attributes FROM aws_ec2_application_load_balancer
    UNION ALL
    SELECT resource_key, load_balancer_attributes FROM aws_ec2_network_load_balancer
    UNION ALL
    SELECT resource_key, load_balancer_attributes FROM aws_ec2_gateway_load_balancer
)
SELECT resource_key, 'deletion_protection.enabled is false' AS reason
FROM balancers
WHERE json_find(load_balancer_attributes, 'Key', 'deletion_protection.enabled')->>'Value' = 'false'
