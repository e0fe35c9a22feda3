-- id: rds-instance-public
-- title: Databases with a public address
-- severity: high
-- types: aws_rds_db_instance
-- remediation: Set PubliclyAccessible to false, and reach the database from inside the VPC.
-- docs: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html
SELECT resource_key, concat('PubliclyAccessible is true', ', port ' || endpoint_port) AS reason, engine, endpoint_address
FROM aws_rds_db_instance
WHERE publicly_accessible
