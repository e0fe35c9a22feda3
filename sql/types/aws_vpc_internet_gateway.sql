-- Internet gateways.
SELECT
    properties->>'InternetGatewayId' AS internet_gateway_id, -- The id. [InternetGatewayId]
    properties->>'OwnerId' AS owner_id, -- The account that owns it. [OwnerId]
    properties->'Attachments' AS attachments, -- The VPC it is attached to. [Attachments]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_vpc_internet_gateway'
