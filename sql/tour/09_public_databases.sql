-- title: Ever public
-- question: Was any database reachable from the internet at any moment, and which engine did it run then?
SELECT account_id, name,
       (properties->>'Engine') AS engine,
       (properties->>'EngineVersion') AS engine_version,
       valid_from AS public_from,
       valid_to AS public_until,
       (tags->>'owner') AS owner
FROM resource_versions
WHERE resource_type = 'aws_rds_db_instance' AND (properties->>'PubliclyAccessible') = 'true'
ORDER BY valid_from;
