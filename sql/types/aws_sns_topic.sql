-- Topics of SNS.
SELECT
    properties->>'TopicArn' AS topic_arn, -- The ARN. [TopicArn]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_sns_topic'
