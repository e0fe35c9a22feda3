-- Customer gateways: the far sides of VPNs.
SELECT
    properties->>'CustomerGatewayId' AS customer_gateway_id, -- The id. [CustomerGatewayId]
    properties->>'Type' AS type, -- The kind of connections it takes: ipsec.1. [Type]
    properties->>'BgpAsn' AS bgp_asn, -- Its number in BGP. [BgpAsn]
    properties->>'CertificateArn' AS certificate_arn, -- The certificate it proves itself with. [CertificateArn]
    properties->>'DeviceName' AS device_name, -- The name of the device. [DeviceName]
    properties->>'IpAddress' AS ip_address, -- The address of the device. [IpAddress]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_vpc_customer_gateway'
