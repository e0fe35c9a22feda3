-- id: ami-unused
-- title: Machine images that no instance was launched from
-- severity: low
-- types: aws_ec2_ami, aws_ec2_instance, aws_ec2_spot_instance_request
-- lasting: $kept_for
-- remediation: Deregister the image and delete its snapshots, once no launch template and no other account launches it.
-- docs: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/deregister-ami.html
WITH used AS (
    -- Whoever launches a public image is not seen; those of AWS Backup and Data Lifecycle Manager go when their plan says so.
    SELECT image_id FROM aws_ec2_instance
    UNION ALL
    SELECT launch_specification->>'ImageId' FROM aws_ec2_spot_instance_request WHERE state IN ('open', 'active')
    UNION ALL
    SELECT image_id FROM aws_ec2_launch_template_version
    UNION ALL
    SELECT image_id FROM aws_ec2_launch_configuration
)
SELECT resource_key, 'no instance was launched from it' AS reason, image_name, creation_date
FROM aws_ec2_ami AS mine
    -- An account without instances makes images for others, or its instances were not listed.
WHERE state = 'available' AND NOT coalesce(public, false)
    AND coalesce(tags->>'aws:backup:source-resource', tags->>'aws:dlm:lifecycle-policy-id') IS NULL
    AND EXISTS (SELECT 1 FROM aws_ec2_instance AS i WHERE i.account_id = mine.account_id)
    AND NOT EXISTS (SELECT 1 FROM used WHERE used.image_id = mine.image_id)
