-- id: ebs-volume-snapshot-missing
-- title: Volumes in production without a recent snapshot
-- severity: medium
-- types: aws_ebs_volume, aws_ebs_snapshot
-- needs: aws_ebs_snapshot
-- remediation: Put the volume into a policy of Data Lifecycle Manager or a plan of AWS Backup.
-- docs: https://docs.aws.amazon.com/ebs/latest/userguide/snapshot-lifecycle.html
SELECT resource_key, 'no recent snapshot' AS reason, size
FROM aws_ebs_volume AS mine
    -- A volume that goes with its instance holds nothing that would be missed; a young one had no time yet.
WHERE create_time < elava_now() - $snapshot_within AND array_has($production_values, tags->>$production_tag)
    AND EXISTS (
        SELECT 1 FROM aws_ebs_volume AS v, jsonb_array_elements(v.attachments) AS a(value)
        WHERE v.resource_key = mine.resource_key AND a.value->>'DeleteOnTermination' = 'false'
    )
    AND NOT EXISTS (
        SELECT 1 FROM aws_ebs_snapshot AS s
        WHERE s.volume_id = mine.volume_id AND s.state IN ('pending', 'completed') AND s.start_time >= elava_now() - $snapshot_within
    )
