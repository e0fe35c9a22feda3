-- title: A network that is no more
-- question: What was in the sandbox's VPC on 20 October, two days before it was torn down?
SELECT r.resource_type, r.name, r.resource_id, r.state
FROM resources_as_of('2026-10-20') AS r
JOIN resources_as_of('2026-10-20') AS vpc ON vpc.resource_id = (r.properties->>'VpcId')
WHERE vpc.resource_type = 'aws_vpc' AND vpc.name = 'sandbox'
ORDER BY r.resource_type, r.name, r.resource_id;
