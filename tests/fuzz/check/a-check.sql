-- id: a-check
-- title: Volumes that nobody keeps
-- severity: medium
-- types: aws_ebs_volume, aws_ebs_snapshot
-- needs: aws_ebs_snapshot
-- lasting: 7d
-- remediation: Put the volume into a plan,
--   and see that it is done.
-- docs: https://docs.aws.amazon.com/ebs/
SELECT resource_key, 'no recent snapshot' AS reason, size
FROM aws_ebs_volume AS mine
WHERE create_time < elava_now() - $snapshot_within AND array_has($production_values, tags->>$production_tag)
