-- Analyzers of IAM Access Analyzer.
SELECT
    coalesce(properties->>'name', name) AS name, -- The name that the service knows it by, whatever its tags say. [name]
    properties->>'status' AS status, -- What it does, such as ACTIVE. [status]
    properties->>'type' AS type, -- What it looks at: ACCOUNT, ORGANIZATION and others. [type]
    properties->>'lastResourceAnalyzed' AS last_resource_analyzed, -- What it looked at last. [lastResourceAnalyzed]
    CAST(properties->>'lastResourceAnalyzedAt' AS TIMESTAMP(6)) AS last_resource_analyzed_at, -- When that was. [lastResourceAnalyzedAt]
    properties->'statusReason' AS status_reason, -- Why it is in its state. [statusReason]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_accessanalyzer_analyzer'
