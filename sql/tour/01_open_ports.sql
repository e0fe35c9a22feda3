-- title: An open door, and for how long
-- question: Which security groups ever let the whole internet in on SSH, when did it start, and is it over?
SELECT account_id, name,
       min(valid_from) AS opened,
       CASE WHEN count(valid_to) = count(*) THEN max(valid_to) END AS closed,
       max(coalesce(valid_to, (SELECT max(finished_at) FROM scans))) - min(valid_from) AS open_for
FROM resource_versions
WHERE resource_type = 'aws_vpc_security_group'
  AND (properties->>'IpPermissions') LIKE '%"FromPort":22,"IpProtocol":"tcp","IpRanges":[{"CidrIp":"0.0.0.0/0"%'
GROUP BY account_id, name, resource_key, first_seen_revision
ORDER BY opened;
