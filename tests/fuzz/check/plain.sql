-- id: a-check
-- title: Open
-- severity: high
-- types: aws_vpc_security_group
-- remediation: Close it.
SELECT resource_key FROM aws_vpc_security_group WHERE properties->'IpPermissions' @> '[{"FromPort":22}]' /* $not_one */ AND name <> '$nor_this'
