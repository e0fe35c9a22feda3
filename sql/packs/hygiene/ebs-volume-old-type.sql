-- id: ebs-volume-old-type
-- title: Volumes of an old kind
-- severity: low
-- types: aws_ebs_volume
-- remediation: Change its type while it is in use: gp2 and standard to gp3, io1 to io2.
-- docs: https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html
SELECT resource_key, concat(size, ' GiB of ', volume_type) AS reason, volume_type, size
FROM aws_ebs_volume
WHERE array_has($old_volume_types, volume_type)
