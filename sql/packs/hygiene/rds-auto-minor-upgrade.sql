-- id: rds-auto-minor-upgrade
-- title: Databases that do not install minor versions by themselves
-- severity: medium
-- types: aws_rds_db_instance
-- remediation: Set AutoMinorVersionUpgrade, and a maintenance window that suits.
-- docs: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.Upgrading.html
SELECT resource_key, concat('AutoMinorVersionUpgrade is off: ', engine, ' ', engine_version) AS reason, engine, engine_version
FROM aws_rds_db_instance
WHERE NOT auto_minor_version_upgrade
