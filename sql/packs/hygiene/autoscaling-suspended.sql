-- id: autoscaling-suspended
-- title: Auto Scaling groups that were suspended and forgotten
-- severity: medium
-- types: aws_ec2_autoscaling_group
-- lasting: $suspended_for
-- remediation: Resume the processes: until then instances that fail are not replaced, or load is not followed.
-- docs: https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html
SELECT resource_key, concat(process.value->>'ProcessName', ' is suspended') AS reason
FROM aws_ec2_autoscaling_group, jsonb_array_elements(suspended_processes) AS process(value)
