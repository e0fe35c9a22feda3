-- id: ebs-volume-unattached
-- title: EBS volumes that no instance has
-- severity: medium
-- types: aws_ebs_volume
-- lasting: $unused_for
-- remediation: Take a snapshot if its data may be wanted again, then delete the volume.
-- docs: https://docs.aws.amazon.com/ebs/latest/userguide/ebs-deleting-volume.html
SELECT resource_key, concat('attached to nothing: ', size, ' GiB of ', volume_type) AS reason, size, volume_type
FROM aws_ebs_volume
WHERE state = 'available' AND coalesce(properties->'Operator'->>'Managed', 'false') = 'false'
