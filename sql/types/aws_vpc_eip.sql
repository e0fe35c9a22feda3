-- Elastic IP addresses.
SELECT
    properties->>'AllocationId' AS allocation_id, -- The id of the allocation. [AllocationId]
    properties->>'PublicIp' AS public_ip, -- The address. [PublicIp]
    properties->>'PublicIpv4Pool' AS public_ipv4_pool, -- The pool it came from. [PublicIpv4Pool]
    properties->>'Domain' AS domain, -- vpc, or standard for EC2-Classic. [Domain]
    properties->>'AssociationId' AS association_id, -- The id of its association; absent where it is not in use. [AssociationId]
    properties->>'CarrierIp' AS carrier_ip, -- The carrier address, in a Wavelength zone. [CarrierIp]
    properties->>'CustomerOwnedIp' AS customer_owned_ip, -- The customer's own address. [CustomerOwnedIp]
    properties->>'CustomerOwnedIpv4Pool' AS customer_owned_ipv4_pool, -- The pool of the customer's own addresses. [CustomerOwnedIpv4Pool]
    properties->>'InstanceId' AS instance_id, -- The instance it points to. [InstanceId]
    properties->>'NetworkBorderGroup' AS network_border_group, -- The group of zones in which it is announced. [NetworkBorderGroup]
    properties->>'NetworkInterfaceId' AS network_interface_id, -- The network interface it points to. [NetworkInterfaceId]
    properties->>'NetworkInterfaceOwnerId' AS network_interface_owner_id, -- The account of that interface. [NetworkInterfaceOwnerId]
    properties->>'PrivateIpAddress' AS private_ip_address, -- The private address it points to. [PrivateIpAddress]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_vpc_eip'
