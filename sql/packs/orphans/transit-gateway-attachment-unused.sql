-- id: transit-gateway-attachment-unused
-- title: VPCs attached to a transit gateway that no route leads to
-- severity: medium
-- types: aws_ec2_transit_gateway_vpc_attachment, aws_vpc_route_table
-- lasting: $unused_for
-- remediation: Delete the attachment, or add the routes that it was made for.
-- docs: https://docs.aws.amazon.com/vpc/latest/tgw/delete-vpc-attachment.html
SELECT resource_key, concat('no route of ', vpc_id, ' leads to ', transit_gateway_id) AS reason, vpc_id, transit_gateway_id
FROM aws_ec2_transit_gateway_vpc_attachment AS mine
    -- It is told of the account that owns the VPC. Every VPC has a route table: where none is known, none was listed.
WHERE state = 'available' AND resource_owner_id = account_id
    AND EXISTS (SELECT 1 FROM aws_vpc_route_table AS t WHERE t.vpc_id = mine.vpc_id)
    AND NOT EXISTS (
        SELECT 1 FROM aws_vpc_route AS r WHERE r.vpc_id = mine.vpc_id AND r.transit_gateway_id = mine.transit_gateway_id
    )
