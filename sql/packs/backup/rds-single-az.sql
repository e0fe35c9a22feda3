-- id: rds-single-az
-- title: Databases in production that live in one zone
-- severity: medium
-- types: aws_rds_db_instance, aws_rds_db_cluster
-- remediation: Make it Multi-AZ; give an Aurora cluster a reader in another zone.
-- docs: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.MultiAZ.html
SELECT resource_key, concat('no standby: ', availability_zone, ' only') AS reason, availability_zone
FROM aws_rds_db_instance
WHERE NOT multi_az AND db_cluster_identifier IS NULL AND read_replica_source_db_instance_identifier IS NULL
    AND array_has($production_values, tags->>$production_tag)
UNION ALL
SELECT resource_key, 'instances in one zone only' AS reason, NULL AS availability_zone
FROM aws_rds_db_cluster
    -- The storage of a serverless cluster of the first version spans zones, and its compute is made anew elsewhere.
WHERE NOT multi_az AND coalesce(engine_mode, '') <> 'serverless' AND array_has($production_values, tags->>$production_tag)
