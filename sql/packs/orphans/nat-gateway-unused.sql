-- id: nat-gateway-unused
-- title: NAT gateways that no route leads to
-- severity: medium
-- types: aws_vpc_nat_gateway, aws_vpc_route_table
-- lasting: $unused_for
-- remediation: Delete the gateway and release its address.
-- docs: https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-working-with.html
SELECT resource_key, concat('no route of ', vpc_id, ' leads to it') AS reason, vpc_id, subnet_id
FROM aws_vpc_nat_gateway AS mine
    -- Every VPC has a route table: where none is known, none was listed.
WHERE state = 'available' AND EXISTS (SELECT 1 FROM aws_vpc_route_table AS t WHERE t.vpc_id = mine.vpc_id)
    AND NOT EXISTS (SELECT 1 FROM aws_vpc_route AS r WHERE r.nat_gateway_id = mine.nat_gateway_id)
