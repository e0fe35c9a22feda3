-- title: Disks that nothing uses
-- question: Which volumes have been left without an instance, since when, and what became of them?
SELECT name, resource_id,
       (properties->>'Size') AS gib,
       valid_from AS unattached_since,
       valid_to AS until,
       coalesce(ended_by, 'still there') AS outcome
FROM resource_versions
WHERE resource_type = 'aws_ebs_volume' AND state = 'available'
ORDER BY valid_from, name;
