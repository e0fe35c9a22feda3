-- id: rds-engine-end-of-life
-- title: Databases whose engine is out of support
-- severity: high
-- types: aws_rds_db_instance, aws_rds_db_cluster
-- remediation: Upgrade to a major version in standard support; until then extended support is charged, or no more errors are mended.
-- docs: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/extended-support.html
WITH databases AS (
    -- Of a cluster all instances run the same engine. A major version has one number or two.
    SELECT resource_key, engine, engine_version FROM aws_rds_db_instance WHERE db_cluster_identifier IS NULL
    UNION ALL
    SELECT resource_key, engine, engine_version FROM aws_rds_db_cluster
)
SELECT resource_key, concat(engine, ' ', engine_version, ' is out of standard support') AS reason, engine, engine_version
FROM databases
WHERE array_has($ended_engines, engine || ' ' || split_part(engine_version, '.', 1))
    OR array_has($ended_engines, engine || ' ' || split_part(engine_version, '.', 1) || '.' || split_part(engine_version, '.', 2))
