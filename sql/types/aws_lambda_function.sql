-- Lambda functions, each in its newest form. Values of environment variables are redacted.
SELECT
    coalesce(properties->>'FunctionName', name) AS name, -- The name that the service knows it by, whatever its tags say. [FunctionName]
    properties->>'CodeSha256' AS code_sha_256, -- The SHA-256 of its code, in base64. [CodeSha256]
    CAST(properties->>'CodeSize' AS BIGINT) AS code_size, -- How long its code is, in bytes. [CodeSize]
    properties->'DeadLetterConfig'->>'TargetArn' AS dead_letter_config_target_arn, -- The queue or topic that events go to when it failed. [DeadLetterConfig.TargetArn]
    properties->>'Description' AS description, -- What it is for, in its maker's words. [Description]
    properties->>'Handler' AS handler, -- What is called in its code. [Handler]
    properties->>'KMSKeyArn' AS kms_key_arn, -- The key that its environment is encrypted with; absent for AWS's own. [KMSKeyArn]
    CAST(properties->>'LastModified' AS TIMESTAMP(6)) AS last_modified, -- When it was last changed. [LastModified]
    properties->>'Timeout' AS timeout, -- After how many seconds it is stopped. [Timeout]
    properties->>'Version' AS version, -- The version: $LATEST. [Version]
    properties->>'PackageType' AS package_type, -- How its code comes: Zip or Image. [PackageType]
    properties->>'MasterArn' AS master_arn, -- Of a copy at the edge, the function it was made from. [MasterArn]
    CAST(properties->>'MemorySize' AS BIGINT) AS memory_size, -- How much memory it has, in MiB. [MemorySize]
    properties->>'RevisionId' AS revision_id, -- Changes with every change of it. [RevisionId]
    properties->>'Role' AS role, -- The role it runs as. [Role]
    properties->>'Runtime' AS runtime, -- What runs its code, such as python3.13. [Runtime]
    properties->>'StateReason' AS state_reason, -- Why it is in its state, in words. [StateReason]
    properties->>'StateReasonCode' AS state_reason_code, -- The same as a code. [StateReasonCode]
    properties->>'LastUpdateStatus' AS last_update_status, -- How its last change went: Successful, Failed or InProgress. [LastUpdateStatus]
    properties->>'LastUpdateStatusReason' AS last_update_status_reason, -- Why, in words. [LastUpdateStatusReason]
    properties->>'LastUpdateStatusReasonCode' AS last_update_status_reason_code, -- The same as a code. [LastUpdateStatusReasonCode]
    properties->'VpcConfig'->>'VpcId' AS vpc_id, -- The VPC it has interfaces in. [VpcConfig.VpcId]
    properties->'VpcConfig'->'SecurityGroupIds' AS vpc_security_group_ids, -- The security groups of these. [VpcConfig.SecurityGroupIds]
    properties->'VpcConfig'->'SubnetIds' AS vpc_subnet_ids, -- The subnets of these. [VpcConfig.SubnetIds]
    properties->'Architectures' AS architectures, -- The architectures it runs on: x86_64 or arm64. [Architectures]
    properties->'Environment'->'Variables' AS environment_variables, -- Its environment variables. [Environment.Variables]
    properties->'FileSystemConfigs' AS file_system_configs, -- The file systems it mounts. [FileSystemConfigs]
    properties->'EphemeralStorage' AS ephemeral_storage, -- How large its /tmp is. [EphemeralStorage]
    properties->'Layers' AS layers, -- The layers below its code. [Layers]
    properties->'TracingConfig' AS tracing_config, -- Whether X-Ray traces it: Active or PassThrough. [TracingConfig]
    properties->'SnapStart' AS snap_start, -- Whether versions start from a snapshot. [SnapStart]
    properties->'LoggingConfig' AS logging_config, -- Where and how it logs. [LoggingConfig]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_lambda_function'
