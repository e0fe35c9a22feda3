-- Gateway load balancers.
SELECT
    coalesce(properties->>'LoadBalancerName', name) AS name, -- The name that the service knows it by, whatever its tags say. [LoadBalancerName]
    properties->>'Type' AS type, -- The kind of load balancer: application, network or gateway. [Type]
    properties->>'Scheme' AS scheme, -- Whether its addresses are public: internet-facing or internal. [Scheme]
    properties->>'CanonicalHostedZoneId' AS canonical_hosted_zone_id, -- The hosted zone that aliases of its host name point to. [CanonicalHostedZoneId]
    properties->>'VpcId' AS vpc_id, -- The VPC it lies in. [VpcId]
    CAST(properties->>'CreatedTime' AS TIMESTAMP(6)) AS created_time, -- When it was made. [CreatedTime]
    properties->>'CustomerOwnedIpv4Pool' AS customer_owned_ipv4_pool, -- The pool of the customer's own addresses that it takes some from. [CustomerOwnedIpv4Pool]
    properties->>'DNSName' AS dns_name, -- The host name it answers at. [DNSName]
    properties->>'IpAddressType' AS ip_address_type, -- Which addresses it has, such as ipv4 or dualstack. [IpAddressType]
    properties->>'EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic' AS enforce_security_group_inbound_rules_on_private_link_traffic, -- Whether rules of its security groups hold for traffic through PrivateLink: on or off. [EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic]
    properties->'State'->>'Code' AS state_code, -- What it does: provisioning, active, active_impaired or failed. [State.Code]
    properties->'State'->>'Reason' AS state_reason, -- Why, in words. [State.Reason]
    properties->'AvailabilityZones' AS availability_zones, -- Its subnets and their zones. [AvailabilityZones]
    properties->'SecurityGroups' AS security_groups, -- Its security groups. [SecurityGroups]
    properties->'LoadBalancerAttributes' AS load_balancer_attributes, -- Its settings, as keys and values; absent where the credentials did not allow to ask. [DescribeLoadBalancerAttributes Attributes]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_ec2_gateway_load_balancer'
