-- id: iam-user-direct-policies
-- title: Users with policies of their own
-- severity: low
-- types: aws_iam_user
-- remediation: Attach the policies to a group, put the user into it, and take them from the user.
-- docs: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_groups.html
SELECT
    resource_key,
    concat_ws(
        ', ',
        CASE WHEN jsonb_array_length(attached_policy_arns) > 0 THEN 'attached ' || attached_policy_arns END,
        CASE WHEN jsonb_array_length(inline_policies) > 0 THEN 'inline ' || json_pluck(inline_policies, 'PolicyName') END
    ) AS reason
FROM aws_iam_user
WHERE jsonb_array_length(attached_policy_arns) > 0 OR jsonb_array_length(inline_policies) > 0
