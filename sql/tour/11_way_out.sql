-- title: The way out
-- question: Which instances went straight to the internet on 24 September, and through a NAT gateway the day before?
SELECT s.name AS subnet, count(*) AS instances, before.to_id AS way_before, after.to_id AS way_then
FROM relationships_as_of('2026-09-24T12:00:00Z') AS i
JOIN resources_as_of('2026-09-24T12:00:00Z') AS s ON s.resource_key = i.to_key
JOIN relationships_as_of('2026-09-24T12:00:00Z') AS t ON t.from_key = s.resource_key AND t.relation = 'routes_by'
JOIN relationships_as_of('2026-09-24T12:00:00Z') AS after ON after.from_key = t.to_key AND after.to_type = 'aws_vpc_internet_gateway'
JOIN relationships_as_of('2026-09-23T12:00:00Z') AS before ON before.from_key = t.to_key AND before.to_type = 'aws_vpc_nat_gateway'
WHERE i.relation = 'in_subnet' AND i.from_key LIKE '%/aws_ec2_instance/%'
GROUP BY 1, 3, 4;
