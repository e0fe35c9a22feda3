-- id: ebs-snapshot-without-volume
-- title: EBS snapshots whose volume is gone and that belong to no image
-- severity: low
-- types: aws_ebs_snapshot, aws_ebs_volume, aws_ec2_ami
-- lasting: $kept_for
-- remediation: Delete the snapshot, or move it to the archive tier if it has to be kept.
-- docs: https://docs.aws.amazon.com/ebs/latest/userguide/ebs-deleting-snapshot.html
WITH used AS (
    -- A copied snapshot names vol-ffffffff and never had a volume; what is archived is meant to be kept; those of AWS
    -- Backup go when their plan says so.
    SELECT device.value->'Ebs'->>'SnapshotId' AS snapshot_id FROM aws_ec2_ami AS i,
        jsonb_array_elements(i.block_device_mappings) AS device(value)
    UNION ALL
    SELECT device.value->'Ebs'->>'SnapshotId' FROM aws_ec2_launch_template_version AS t,
        jsonb_array_elements(t.launch_template_data->'BlockDeviceMappings') AS device(value)
)
SELECT resource_key, concat('its volume ', volume_id, ' is gone: ', volume_size, ' GiB') AS reason, volume_id, volume_size, description
FROM aws_ebs_snapshot AS mine
    -- Where no volume of the account is known, none may have been listed.
WHERE volume_id <> 'vol-ffffffff' AND state = 'completed' AND coalesce(storage_tier, 'standard') = 'standard'
    AND tags->>'aws:backup:source-resource' IS NULL
    AND EXISTS (SELECT 1 FROM aws_ebs_volume AS v WHERE v.account_id = mine.account_id)
    AND NOT EXISTS (SELECT 1 FROM aws_ebs_volume AS v WHERE v.volume_id = mine.volume_id)
    AND NOT EXISTS (SELECT 1 FROM used WHERE used.snapshot_id = mine.snapshot_id)
