-- id: subnet-private-internet-route
-- title: Private subnets with a route to an internet gateway
-- severity: high
-- types: aws_vpc_subnet, aws_vpc_route_table
-- remediation: Route to a NAT gateway instead, or rename the subnet if it is meant to be public.
-- docs: https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html
WITH tables AS (
    SELECT route_table_id, vpc_id, routes, association->>'SubnetId' AS subnet_id, association->>'Main' = 'true' AS is_main
    FROM aws_vpc_route_table
    CROSS JOIN jsonb_array_elements(associations) AS association
),
routed AS (
    -- By the table that the subnet is associated with, else by its VPC's main one.
    SELECT
        s.resource_key,
        s.name,
        coalesce(own.route_table_id, main.route_table_id) AS route_table_id,
        coalesce(own.routes, main.routes) AS routes
    FROM aws_vpc_subnet AS s
    LEFT JOIN tables AS own ON own.subnet_id = s.subnet_id
    LEFT JOIN tables AS main ON main.vpc_id = s.vpc_id AND main.is_main
)
SELECT resource_key, concat(route_table_id, ' leads ', destination, ' to ', gateway_id) AS reason
FROM (
    SELECT
        *,
        coalesce(route->>'DestinationCidrBlock', route->>'DestinationIpv6CidrBlock') AS destination,
        route->>'GatewayId' AS gateway_id,
        route->>'State' AS state
    FROM routed
    CROSS JOIN jsonb_array_elements(routes) AS route
)
WHERE regexp_like(name, $private_subnets) AND gateway_id LIKE 'igw-%' AND coalesce(state, '') <> 'blackhole'
    -- No private network is so wide; 0.0.0.0/0 can also be written as two halves.
    AND masklen(destination) < 7
