-- id: iam-cloudshell-full-access
-- title: Users, groups and roles with all of CloudShell
-- severity: medium
-- types: aws_iam_user, aws_iam_group, aws_iam_role
-- remediation: Detach AWSCloudShellFullAccess, and allow CloudShell without upload and download where it is needed.
-- docs: https://docs.aws.amazon.com/cloudshell/latest/userguide/sec-auth-with-identities.html
WITH holders AS (
    SELECT resource_key, attached_policy_arns FROM aws_iam_user
    UNION ALL
    SELECT resource_key, attached_policy_arns FROM aws_iam_group
    UNION ALL
    SELECT resource_key, attached_policy_arns FROM aws_iam_role
)
SELECT resource_key, 'has the policy AWSCloudShellFullAccess' AS reason
FROM holders
CROSS JOIN jsonb_array_elements_text(attached_policy_arns) AS policy_arn
WHERE policy_arn LIKE 'arn:%:iam::aws:policy/AWSCloudShellFullAccess'
