-- Subnets.
SELECT
    properties->>'SubnetId' AS subnet_id, -- The id. [SubnetId]
    properties->>'SubnetArn' AS subnet_arn, -- The ARN. [SubnetArn]
    properties->>'VpcId' AS vpc_id, -- The VPC it lies in. [VpcId]
    properties->>'CidrBlock' AS cidr_block, -- The IPv4 block. [CidrBlock]
    properties->>'OwnerId' AS owner_id, -- The account that owns it. [OwnerId]
    CAST(properties->>'AssignIpv6AddressOnCreation' AS BOOLEAN) AS assign_ipv6_address_on_creation, -- Whether interfaces made in it get an IPv6 address. [AssignIpv6AddressOnCreation]
    CAST(properties->>'AvailableIpAddressCount' AS BIGINT) AS available_ip_address_count, -- How many IPv4 addresses are free. [AvailableIpAddressCount]
    properties->>'AvailabilityZone' AS availability_zone, -- The availability zone, by the name it has in this account. [AvailabilityZone]
    properties->>'AvailabilityZoneId' AS availability_zone_id, -- The availability zone, by the id that is the same for all accounts. [AvailabilityZoneId]
    properties->>'CustomerOwnedIpv4Pool' AS customer_owned_ipv4_pool, -- The pool of addresses that the customer brought. [CustomerOwnedIpv4Pool]
    CAST(properties->>'DefaultForAz' AS BOOLEAN) AS default_for_az, -- Whether it is the default subnet of its zone. [DefaultForAz]
    CAST(properties->>'MapCustomerOwnedIpOnLaunch' AS BOOLEAN) AS map_customer_owned_ip_on_launch, -- Whether interfaces made in it get an address of the customer's pool. [MapCustomerOwnedIpOnLaunch]
    CAST(properties->>'MapPublicIpOnLaunch' AS BOOLEAN) AS map_public_ip_on_launch, -- Whether instances launched in it get a public IPv4 address. [MapPublicIpOnLaunch]
    properties->>'OutpostArn' AS outpost_arn, -- The Outpost it lies on. [OutpostArn]
    properties->'Ipv6CidrBlockAssociationSet' AS ipv6_cidr_block_association_set, -- The IPv6 blocks, each with its state. [Ipv6CidrBlockAssociationSet]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_vpc_subnet'
