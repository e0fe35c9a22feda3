-- id: rds-subnet-group-unused
-- title: Subnet groups that no database lies in
-- severity: low
-- types: aws_rds_db_subnet_group, aws_rds_db_instance, aws_rds_db_cluster
-- needs: aws_rds_db_instance, aws_rds_db_cluster
-- lasting: $unused_for
-- remediation: Delete the subnet group.
-- docs: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html
WITH used AS (
    SELECT account_id, region, db_subnet_group_name AS name FROM aws_rds_db_instance
    UNION ALL
    SELECT account_id, region, db_subnet_group FROM aws_rds_db_cluster
)
SELECT resource_key, 'no database lies in it' AS reason
FROM aws_rds_db_subnet_group AS mine
WHERE name <> 'default' AND NOT EXISTS (
    SELECT 1 FROM used WHERE used.account_id = mine.account_id AND used.region = mine.region AND used.name = mine.name
)
