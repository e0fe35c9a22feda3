-- State machines of Step Functions. A column is NULL where the call that listed the machine does not tell it.
SELECT
    coalesce(properties->>'name', name) AS name, -- The name that the service knows it by, whatever its tags say. [name]
    properties->>'status' AS status, -- What it does: ACTIVE or DELETING. [status]
    properties->>'type' AS type, -- STANDARD or EXPRESS. [type]
    properties->>'description' AS description, -- What it is for, in its maker's words. [description]
    properties->>'label' AS label, -- The label in the ARNs of its parallel runs. [label]
    properties->>'revisionId' AS revision_id, -- Changes with every change of it. [revisionId]
    CAST(properties->>'creationDate' AS TIMESTAMP(6)) AS creation_date, -- When it was made. [creationDate]
    properties->>'definition' AS definition, -- What it does, in the language of states. [definition]
    properties->>'roleArn' AS role_arn, -- The role it runs as. [roleArn]
    properties->'loggingConfiguration' AS logging_configuration, -- Where and how much it logs. [loggingConfiguration]
    properties->'tracingConfiguration' AS tracing_configuration, -- Whether X-Ray traces it. [tracingConfiguration]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_sfn_state_machine'
