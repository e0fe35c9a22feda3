-- id: internet-gateway-unused
-- title: Internet gateways of no VPC, or that no route leads to
-- severity: low
-- types: aws_vpc_internet_gateway, aws_vpc_route_table
-- lasting: $unused_for
-- remediation: Detach the gateway if it is attached, and delete it.
-- docs: https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html
SELECT resource_key, 'attached to no VPC' AS reason
FROM aws_vpc_internet_gateway
WHERE jsonb_array_length(attachments) = 0
UNION ALL
SELECT resource_key, 'no route leads to it' AS reason
FROM aws_vpc_internet_gateway AS mine
    -- Every VPC has a route table: where none is known, none was listed.
WHERE EXISTS (SELECT 1 FROM aws_vpc_route_table AS t WHERE t.vpc_id = mine.attachments->0->>'VpcId')
    AND NOT EXISTS (SELECT 1 FROM aws_vpc_route AS r WHERE r.gateway_id = mine.internet_gateway_id)
