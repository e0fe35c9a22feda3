-- id: iam-policy-allows-everything
-- title: Attached policies that allow every action on everything
-- severity: high
-- types: aws_iam_policy
-- remediation: Detach the policy, and attach one that allows what is needed.
-- docs: https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html
SELECT DISTINCT resource_key, concat('allows * on *, and is attached to ', attachment_count) AS reason
FROM aws_iam_policy
CROSS JOIN jsonb_array_elements(policy_std->'Statement') AS statement
-- AWS's own AdministratorAccess too: scans take such policies where they are attached.
WHERE is_attached AND statement->>'Effect' = 'Allow'
    AND (statement->'Action' ? '*' OR statement->'Action' ? '*:*') AND statement->'Resource' ? '*'
