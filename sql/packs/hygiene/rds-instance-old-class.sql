-- id: rds-instance-old-class
-- title: Databases on hardware of an old generation
-- severity: low
-- types: aws_rds_db_instance
-- remediation: Move to a class of today in the next maintenance.
-- docs: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.html
SELECT resource_key, concat(class, ' is of an old generation') AS reason, class
FROM aws_rds_db_instance
WHERE array_has($old_database_families, split_part(class, '.', 2))
