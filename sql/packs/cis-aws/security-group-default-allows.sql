-- id: security-group-default-allows
-- title: Default security groups that allow anything
-- severity: low
-- types: aws_vpc_security_group
-- remediation: Remove all rules of the group, and give what uses it a group of its own.
-- docs: https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html
SELECT
    resource_key,
    concat('rules in: ', jsonb_array_length(ip_permissions), ', out: ', jsonb_array_length(ip_permissions_egress)) AS reason
FROM aws_vpc_security_group
WHERE group_name = 'default' AND (jsonb_array_length(ip_permissions) > 0 OR jsonb_array_length(ip_permissions_egress) > 0)
