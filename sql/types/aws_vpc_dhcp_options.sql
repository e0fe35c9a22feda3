-- DHCP options.
SELECT
    properties->>'DhcpOptionsId' AS dhcp_options_id, -- The id. [DhcpOptionsId]
    properties->>'OwnerId' AS owner_id, -- The account that owns them. [OwnerId]
    '[' || regexp_replace(
        (regexp_match(properties->>'DhcpConfigurations', '\{"Key":"domain-name","Values":\[([^\]]*)\]'))[1],
        '\{"Value":("[^"]*")\}', '\1', 'g'
    ) || ']' AS domain_name, -- The domain of host names. [DhcpConfigurations, domain-name]
    '[' || regexp_replace(
        (regexp_match(properties->>'DhcpConfigurations', '\{"Key":"domain-name-servers","Values":\[([^\]]*)\]'))[1],
        '\{"Value":("[^"]*")\}', '\1', 'g'
    ) || ']' AS domain_name_servers, -- The name servers. [DhcpConfigurations, domain-name-servers]
    '[' || regexp_replace(
        (regexp_match(properties->>'DhcpConfigurations', '\{"Key":"netbios-name-servers","Values":\[([^\]]*)\]'))[1],
        '\{"Value":("[^"]*")\}', '\1', 'g'
    ) || ']' AS netbios_name_servers, -- The NetBIOS name servers. [DhcpConfigurations, netbios-name-servers]
    '[' || regexp_replace(
        (regexp_match(properties->>'DhcpConfigurations', '\{"Key":"netbios-node-type","Values":\[([^\]]*)\]'))[1],
        '\{"Value":("[^"]*")\}', '\1', 'g'
    ) || ']' AS netbios_node_type, -- The NetBIOS node type. [DhcpConfigurations, netbios-node-type]
    '[' || regexp_replace(
        (regexp_match(properties->>'DhcpConfigurations', '\{"Key":"ntp-servers","Values":\[([^\]]*)\]'))[1],
        '\{"Value":("[^"]*")\}', '\1', 'g'
    ) || ']' AS ntp_servers, -- The time servers. [DhcpConfigurations, ntp-servers]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_vpc_dhcp_options'
