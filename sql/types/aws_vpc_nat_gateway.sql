-- NAT gateways.
SELECT
    properties->>'NatGatewayId' AS nat_gateway_id, -- The id. [NatGatewayId]
    properties->'NatGatewayAddresses' AS nat_gateway_addresses, -- Its addresses, each with its Elastic IP and its interface. [NatGatewayAddresses]
    CAST(properties->>'CreateTime' AS TIMESTAMP(6)) AS create_time, -- When it was made. [CreateTime]
    properties->>'VpcId' AS vpc_id, -- The VPC it lies in. [VpcId]
    properties->>'SubnetId' AS subnet_id, -- The subnet it lies in. [SubnetId]
    CAST(properties->>'DeleteTime' AS TIMESTAMP(6)) AS delete_time, -- When it was deleted. [DeleteTime]
    properties->>'FailureCode' AS failure_code, -- Why it could not be made, as a code. [FailureCode]
    properties->>'FailureMessage' AS failure_message, -- Why it could not be made, in words. [FailureMessage]
    properties->'ProvisionedBandwidth' AS provisioned_bandwidth, -- Bandwidth that was arranged with AWS. [ProvisionedBandwidth]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_vpc_nat_gateway'
