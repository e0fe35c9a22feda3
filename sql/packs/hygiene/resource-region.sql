-- id: resource-region
-- title: Resources outside of the allowed regions
-- severity: medium
-- types: *
-- remediation: Move it to a region that is allowed, and deny the others by a policy of the organization.
-- docs: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html
SELECT resource_key, concat(resource_type, ' in ', region) AS reason, region
FROM resources
    -- Every region has a default VPC with its parts, default groups and lists of AWS's own, asked for by nobody.
WHERE NOT array_has($allowed_regions, region) AND region <> 'global'
    AND NOT (resource_type = 'aws_vpc' AND properties->>'IsDefault' = 'true')
    AND resource_type NOT IN (
        'aws_vpc_dhcp_options', 'aws_vpc_internet_gateway', 'aws_vpc_network_acl', 'aws_vpc_route_table', 'aws_vpc_security_group',
        'aws_vpc_security_group_rule', 'aws_vpc_subnet', 'aws_ec2_managed_prefix_list', 'aws_rds_db_cluster_parameter_group',
        'aws_rds_db_option_group', 'aws_rds_db_parameter_group', 'aws_rds_db_subnet_group'
    )
    AND NOT (resource_type = 'aws_kms_key' AND properties->>'KeyManager' = 'AWS')
