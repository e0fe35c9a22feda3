-- id: rds-pending-changes
-- title: Databases whose changes wait for a maintenance that does not come
-- severity: low
-- types: aws_rds_db_instance, aws_rds_db_cluster
-- lasting: $pending_for
-- remediation: Apply the changes now, or look why the maintenance window passes without them.
-- docs: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.ApplyImmediately.html
SELECT resource_key, concat('waiting: ', pending_modified_values) AS reason FROM aws_rds_db_instance WHERE pending_modified_values <> '{}'
UNION ALL
SELECT resource_key, concat('waiting: ', pending_modified_values) AS reason FROM aws_rds_db_cluster WHERE pending_modified_values <> '{}'
