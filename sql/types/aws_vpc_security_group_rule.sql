-- Rules of security groups, one of each source or target.
SELECT
    properties->>'SecurityGroupRuleId' AS security_group_rule_id, -- The id. [SecurityGroupRuleId]
    properties->>'GroupId' AS group_id, -- The security group it belongs to. [GroupId]
    CAST(properties->>'IsEgress' AS BOOLEAN) AS is_egress, -- Whether it is about what goes out. [IsEgress]
    CASE properties->>'IsEgress' WHEN 'true' THEN 'egress' WHEN 'false' THEN 'ingress' END AS type, -- ingress or egress. [IsEgress]
    properties->>'GroupOwnerId' AS group_owner_id, -- The account that owns the security group. [GroupOwnerId]
    properties->>'Description' AS description, -- What it is for, in its maker's words. [Description]
    properties->>'IpProtocol' AS ip_protocol, -- The protocol by name or number; -1 is all. [IpProtocol]
    CAST(properties->>'FromPort' AS BIGINT) AS from_port, -- The first port, or the ICMP type; -1 is all. [FromPort]
    CAST(properties->>'ToPort' AS BIGINT) AS to_port, -- The last port, or the ICMP code; -1 is all. [ToPort]
    properties->>'CidrIpv4' AS cidr_ipv4, -- The IPv4 block it allows. [CidrIpv4]
    properties->>'CidrIpv6' AS cidr_ipv6, -- The IPv6 block it allows. [CidrIpv6]
    properties->'ReferencedGroupInfo'->>'GroupId' AS referenced_group_id, -- The security group it allows. [ReferencedGroupInfo.GroupId]
    properties->'ReferencedGroupInfo'->>'PeeringStatus' AS referenced_peering_status, -- The state of the peering through which that group is reached. [ReferencedGroupInfo.PeeringStatus]
    properties->'ReferencedGroupInfo'->>'UserId' AS referenced_user_id, -- The account of that group. [ReferencedGroupInfo.UserId]
    properties->'ReferencedGroupInfo'->>'VpcId' AS referenced_vpc_id, -- The VPC of that group. [ReferencedGroupInfo.VpcId]
    properties->'ReferencedGroupInfo'->>'VpcPeeringConnectionId' AS referenced_vpc_peering_connection_id, -- The peering through which that group is reached. [ReferencedGroupInfo.VpcPeeringConnectionId]
    properties->>'PrefixListId' AS prefix_list_id, -- The prefix list it allows. [PrefixListId]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_vpc_security_group_rule'
