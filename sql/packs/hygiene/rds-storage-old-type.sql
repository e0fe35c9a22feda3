-- id: rds-storage-old-type
-- title: Databases on storage of an old kind
-- severity: low
-- types: aws_rds_db_instance
-- remediation: Change the storage to gp3, or io1 to io2; it goes on working meanwhile.
-- docs: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html
SELECT resource_key, concat(allocated_storage, ' GiB of ', storage_type) AS reason, storage_type, allocated_storage
FROM aws_rds_db_instance
WHERE array_has($old_volume_types, storage_type)
