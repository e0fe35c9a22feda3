-- id: route-blackhole
-- title: Routes to what is gone
-- severity: medium
-- types: aws_vpc_route_table
-- remediation: Delete the route, or lead it to what took the place of its target.
-- docs: https://docs.aws.amazon.com/vpc/latest/userguide/WorkWithRouteTables.html
SELECT resource_key, concat(
    coalesce(destination_cidr_block, destination_ipv6_cidr_block, destination_prefix_list_id, 'a route'), ' leads to ',
    coalesce(
        gateway_id, nat_gateway_id, transit_gateway_id, vpc_peering_connection_id, egress_only_internet_gateway_id, network_interface_id,
        instance_id, 'nothing'
    ), ', which is gone'
) AS reason
FROM aws_vpc_route
WHERE state = 'blackhole'
