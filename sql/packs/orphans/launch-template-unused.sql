-- id: launch-template-unused
-- title: Launch templates that nothing launches from
-- severity: low
-- types: aws_ec2_launch_template, aws_ec2_autoscaling_group, aws_ec2_instance
-- lasting: $kept_for
-- remediation: Delete the launch template, once no fleet and no batch environment names it.
-- docs: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/delete-launch-template.html
WITH used AS (
    -- EKS launches node groups from a copy, so that of a region with such a copy nothing is said.
    SELECT launch_template_id FROM aws_ec2_autoscaling_group
    UNION ALL
    SELECT mixed_instances_policy_launch_template_id FROM aws_ec2_autoscaling_group
    UNION ALL
    SELECT other.value->'LaunchTemplateSpecification'->>'LaunchTemplateId' FROM aws_ec2_autoscaling_group AS g,
        jsonb_array_elements(g.mixed_instances_policy_launch_template_overrides) AS other(value)
    UNION ALL
    SELECT tags->>'aws:ec2launchtemplate:id' FROM aws_ec2_instance
    UNION ALL
    SELECT config.value->'LaunchTemplateSpecification'->>'LaunchTemplateId' FROM aws_ec2_spot_fleet_request AS f,
        jsonb_array_elements(f.launch_template_configs) AS config(value)
)
SELECT resource_key, 'nothing launches from it' AS reason, launch_template_name
FROM aws_ec2_launch_template AS mine
    -- Where no group of the account is known, none may have been listed.
WHERE coalesce(properties->'Operator'->>'Managed', 'false') = 'false'
    AND EXISTS (SELECT 1 FROM aws_ec2_autoscaling_group AS g WHERE g.account_id = mine.account_id)
    AND NOT EXISTS (SELECT 1 FROM used WHERE used.launch_template_id = mine.launch_template_id)
    AND NOT EXISTS (
        SELECT 1 FROM aws_ec2_launch_template AS copy
        WHERE copy.account_id = mine.account_id AND copy.region = mine.region AND copy.tags->>'eks:nodegroup-name' IS NOT NULL
    )
