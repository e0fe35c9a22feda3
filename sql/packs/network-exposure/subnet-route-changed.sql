-- id: subnet-route-changed
-- title: Subnets whose route to the internet changed lately
-- severity: medium
-- types: aws_vpc_route_table, aws_vpc_subnet
-- remediation: See who changed the route table and why; put the route back if nobody knows.
-- docs: https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html
WITH moved AS (
    SELECT
        change.resource_id AS route_table_id,
        change.changed_at,
        everywhere,
        coalesce(
            json_find(change.before->'properties'->'Routes', 'DestinationCidrBlock', everywhere),
            json_find(change.before->'properties'->'Routes', 'DestinationIpv6CidrBlock', everywhere)
        ) AS old,
        coalesce(
            json_find(change.after->'properties'->'Routes', 'DestinationCidrBlock', everywhere),
            json_find(change.after->'properties'->'Routes', 'DestinationIpv6CidrBlock', everywhere)
        ) AS new
    FROM changes(elava_now() - $route_window, 'head') AS change
    CROSS JOIN unnest(make_array('0.0.0.0/0', '::/0')) AS everywhere
    WHERE change.resource_type = 'aws_vpc_route_table' AND change.change = 'updated'
),
targets AS (
    SELECT
        route_table_id,
        changed_at,
        everywhere,
        coalesce(
            old->>'GatewayId', old->>'NatGatewayId', old->>'TransitGatewayId', old->>'NetworkInterfaceId', old->>'VpcPeeringConnectionId',
            old->>'EgressOnlyInternetGatewayId', old->>'InstanceId', old->>'CoreNetworkArn', 'nothing'
        ) AS old,
        coalesce(
            new->>'GatewayId', new->>'NatGatewayId', new->>'TransitGatewayId', new->>'NetworkInterfaceId', new->>'VpcPeeringConnectionId',
            new->>'EgressOnlyInternetGatewayId', new->>'InstanceId', new->>'CoreNetworkArn', 'nothing'
        ) AS new
    FROM moved
),
tables AS (
    SELECT route_table_id, vpc_id, association->>'SubnetId' AS subnet_id, association->>'Main' = 'true' AS is_main
    FROM aws_vpc_route_table
    CROSS JOIN jsonb_array_elements(associations) AS association
),
routed AS (
    -- By the table that the subnet is associated with, else by its VPC's main one.
    SELECT s.resource_key, coalesce(own.route_table_id, main.route_table_id) AS route_table_id
    FROM aws_vpc_subnet AS s
    LEFT JOIN tables AS own ON own.subnet_id = s.subnet_id
    LEFT JOIN tables AS main ON main.vpc_id = s.vpc_id AND main.is_main
)
SELECT resource_key, concat('its way to ', everywhere, ' moved from ', old, ' to ', new) AS reason, route_table_id, changed_at
-- First what is few, which a join holds in memory, and after which nothing else is read where there is none.
FROM targets
JOIN routed USING (route_table_id)
WHERE old <> new
