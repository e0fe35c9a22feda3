-- CloudFormation stacks. Values of parameters and outputs may be redacted.
SELECT
    coalesce(properties->>'StackName', name) AS name, -- The name that the service knows it by, whatever its tags say. [StackName]
    properties->>'StackId' AS id, -- The ARN. [StackId]
    properties->>'StackStatus' AS status, -- What it does, such as CREATE_COMPLETE. [StackStatus]
    properties->>'StackStatusReason' AS stack_status_reason, -- Why, in words. [StackStatusReason]
    properties->>'ChangeSetId' AS change_set_id, -- The change set it was last made or changed by. [ChangeSetId]
    properties->>'DetailedStatus' AS detailed_status, -- How far what it does is. [DetailedStatus]
    CAST(properties->>'CreationTime' AS TIMESTAMP(6)) AS creation_time, -- When it was made. [CreationTime]
    CAST(properties->>'DeletionTime' AS TIMESTAMP(6)) AS deletion_time, -- When it was deleted. [DeletionTime]
    CAST(properties->>'RetainExceptOnCreate' AS BOOLEAN) AS retain_except_on_create, -- Whether what a failed creation made is deleted in any case. [RetainExceptOnCreate]
    CAST(properties->>'DisableRollback' AS BOOLEAN) AS disable_rollback, -- Whether a failed change is left as it is. [DisableRollback]
    CAST(properties->>'EnableTerminationProtection' AS BOOLEAN) AS enable_termination_protection, -- Whether it cannot be deleted. [EnableTerminationProtection]
    CAST(properties->>'LastUpdatedTime' AS TIMESTAMP(6)) AS last_updated_time, -- When it was last changed. [LastUpdatedTime]
    properties->>'ParentId' AS parent_id, -- The stack that it is nested in. [ParentId]
    properties->>'RoleARN' AS role_arn, -- The role by which its resources are made. [RoleARN]
    properties->>'RootId' AS root_id, -- The stack at the top that it is nested in. [RootId]
    properties->>'Description' AS description, -- What it is for, in its maker's words. [Description]
    CAST(properties->>'TimeoutInMinutes' AS BIGINT) AS timeout_in_minutes, -- After how many minutes its creation has failed. [TimeoutInMinutes]
    properties->'NotificationARNs' AS notification_arns, -- The topics that are told what happens. [NotificationARNs]
    properties->'Outputs' AS outputs, -- What it tells of what it made. [Outputs]
    properties->'RollbackConfiguration' AS rollback_configuration, -- The alarms on which a change is taken back. [RollbackConfiguration]
    properties->'Capabilities' AS capabilities, -- What it was allowed to make. [Capabilities]
    properties->'DriftInformation'->>'StackDriftStatus' AS stack_drift_status, -- Whether its resources are as it says: DRIFTED, IN_SYNC, UNKNOWN or NOT_CHECKED. [DriftInformation.StackDriftStatus]
    properties->'Parameters' AS parameters, -- What it was made with. [Parameters]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_cloudformation_stack'
