-- id: rds-snapshot-without-database
-- title: Manual snapshots of databases that are gone
-- severity: low
-- types: aws_rds_db_snapshot, aws_rds_db_cluster_snapshot, aws_rds_db_instance, aws_rds_db_cluster
-- needs: aws_rds_db_instance, aws_rds_db_cluster
-- lasting: $kept_for
-- remediation: Delete the snapshot, or export it to S3 if it has to be kept.
-- docs: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteSnapshot.html
SELECT resource_key, concat('its database ', db_instance_identifier, ' is gone: ', allocated_storage, ' GiB') AS reason, create_time
FROM aws_rds_db_snapshot AS mine
    -- A database counts as there if it has the resource id of the snapshot's, wherever the snapshot was copied to, or its name.
WHERE type = 'manual'
    AND NOT EXISTS (SELECT 1 FROM aws_rds_db_instance AS d WHERE d.dbi_resource_id = mine.dbi_resource_id)
    AND NOT EXISTS (
        SELECT 1 FROM aws_rds_db_instance AS d
        WHERE d.account_id = mine.account_id AND d.region = mine.region AND d.db_instance_identifier = mine.db_instance_identifier
    )
UNION ALL
SELECT resource_key, concat('its cluster ', db_cluster_identifier, ' is gone: ', allocated_storage, ' GiB') AS reason, create_time
FROM aws_rds_db_cluster_snapshot AS mine
WHERE type = 'manual'
    AND NOT EXISTS (SELECT 1 FROM aws_rds_db_cluster AS d WHERE d.db_cluster_resource_id = mine.db_cluster_resource_id)
    AND NOT EXISTS (
        SELECT 1 FROM aws_rds_db_cluster AS d
        WHERE d.account_id = mine.account_id AND d.region = mine.region AND d.db_cluster_identifier = mine.db_cluster_identifier
    )
