-- id: rds-instance-without-minor-upgrades
-- title: Databases that do not take minor upgrades by themselves
-- severity: low
-- types: aws_rds_db_instance
-- remediation: Set AutoMinorVersionUpgrade to true.
-- docs: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.Upgrading.html
SELECT resource_key, 'AutoMinorVersionUpgrade is false' AS reason, engine, engine_version
FROM aws_rds_db_instance
WHERE NOT auto_minor_version_upgrade
