-- title: Whose address was it?
-- question: An abuse report names 203.0.113.15 on 10 September. The address was given back, the instance is gone: whose was it?
SELECT a.name AS address, i.resource_id AS instance, i.name, (i.tags->>'owner') AS owner, (i.properties->>'LaunchTime') AS launched
FROM resources_as_of('2026-09-10') AS a
JOIN resources_as_of('2026-09-10') AS i ON i.resource_id = (a.properties->>'InstanceId')
WHERE a.resource_type = 'aws_vpc_eip' AND (a.properties->>'PublicIp') = '203.0.113.15';
