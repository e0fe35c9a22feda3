-- id: security-group-unused
-- title: Security groups that nothing uses
-- severity: low
-- types: aws_vpc_security_group, aws_ec2_network_interface, aws_ec2_instance, aws_ec2_spot_instance_request, aws_rds_db_instance,
--   aws_rds_db_cluster, aws_lambda_function, aws_ec2_application_load_balancer, aws_ec2_network_load_balancer, aws_vpc_endpoint
-- lasting: $unused_for
-- remediation: Delete the group, once no launch template and no job that runs now and then names it.
-- docs: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html
WITH used AS (
    -- What runs has an interface with its groups; the others may name a group while they have none. A group that only names itself is
    -- unused; of two that name each other both count as used, since neither can be deleted as it is.
    SELECT g.value->>'GroupId' AS group_id FROM aws_ec2_network_interface AS i, jsonb_array_elements(i.groups) AS g(value)
    UNION ALL
    SELECT pair.value->>'GroupId' FROM aws_vpc_security_group AS o, jsonb_array_elements(o.ip_permissions) AS rule(value),
        jsonb_array_elements(rule.value->'UserIdGroupPairs') AS pair(value)
    WHERE pair.value->>'GroupId' <> o.group_id
    UNION ALL
    SELECT pair.value->>'GroupId' FROM aws_vpc_security_group AS o, jsonb_array_elements(o.ip_permissions_egress) AS rule(value),
        jsonb_array_elements(rule.value->'UserIdGroupPairs') AS pair(value)
    WHERE pair.value->>'GroupId' <> o.group_id
    UNION ALL
    SELECT g.value->>'GroupId' FROM aws_ec2_instance AS i, jsonb_array_elements(i.security_groups) AS g(value)
    UNION ALL
    SELECT g.value->>'GroupId' FROM aws_ec2_spot_instance_request AS s,
        jsonb_array_elements(s.launch_specification->'SecurityGroups') AS g(value)
    WHERE s.state IN ('open', 'active')
    UNION ALL
    SELECT g.value FROM aws_ec2_launch_template_version AS t, jsonb_array_elements_text(t.security_group_ids) AS g(value)
    UNION ALL
    SELECT g.value FROM aws_ec2_launch_template_version AS t, jsonb_array_elements(t.launch_template_data->'NetworkInterfaces') AS i(value),
        jsonb_array_elements_text(i.value->'Groups') AS g(value)
    UNION ALL
    SELECT g.value FROM aws_ec2_launch_configuration AS c, jsonb_array_elements_text(c.security_groups) AS g(value)
    UNION ALL
    SELECT g.value->>'VpcSecurityGroupId' FROM aws_rds_db_instance AS d, jsonb_array_elements(d.vpc_security_groups) AS g(value)
    UNION ALL
    SELECT g.value->>'VpcSecurityGroupId' FROM aws_rds_db_cluster AS d, jsonb_array_elements(d.vpc_security_groups) AS g(value)
    UNION ALL
    SELECT g.value FROM aws_lambda_function AS f, jsonb_array_elements_text(f.vpc_security_group_ids) AS g(value)
    UNION ALL
    SELECT g.value FROM aws_ec2_application_load_balancer AS l, jsonb_array_elements_text(l.security_groups) AS g(value)
    UNION ALL
    SELECT g.value FROM aws_ec2_network_load_balancer AS l, jsonb_array_elements_text(l.security_groups) AS g(value)
    UNION ALL
    SELECT g.value->>'GroupId' FROM aws_vpc_endpoint AS e, jsonb_array_elements(e.groups) AS g(value)
    UNION ALL
    SELECT g.value FROM aws_ecs_service AS s,
        jsonb_array_elements_text(s.network_configuration->'awsvpcConfiguration'->'securityGroups') AS g(value)
)
SELECT resource_key, 'used by nothing' AS reason, group_name, vpc_id
FROM aws_vpc_security_group AS mine
    -- Where no interface of the account is known, none may have been listed.
WHERE group_name <> 'default' AND coalesce(owner_id, account_id) = account_id
    AND EXISTS (SELECT 1 FROM aws_ec2_network_interface AS i WHERE i.account_id = mine.account_id)
    AND NOT EXISTS (SELECT 1 FROM used WHERE used.group_id = mine.group_id)
