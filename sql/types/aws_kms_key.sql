-- Keys of KMS. A column is NULL where the call that listed the key does not tell it.
SELECT
    properties->>'KeyId' AS id, -- The id. [KeyId]
    properties->>'KeyManager' AS key_manager, -- Who manages it: CUSTOMER or AWS. [KeyManager]
    CAST(properties->>'CreationDate' AS TIMESTAMP(6)) AS creation_date, -- When it was made. [CreationDate]
    properties->>'AWSAccountId' AS aws_account_id, -- The account that owns it. [AWSAccountId]
    CAST(properties->>'Enabled' AS BOOLEAN) AS enabled, -- Whether it can be used. [Enabled]
    properties->>'CustomerMasterKeySpec' AS customer_master_key_spec, -- The kind of key, by its older name. [CustomerMasterKeySpec]
    properties->>'KeySpec' AS key_spec, -- The kind of key, such as SYMMETRIC_DEFAULT. [KeySpec]
    properties->>'Description' AS description, -- What it is for, in its maker's words. [Description]
    CAST(properties->>'DeletionDate' AS TIMESTAMP(6)) AS deletion_date, -- When it will be deleted. [DeletionDate]
    properties->>'KeyState' AS key_state, -- What it does, such as Enabled or PendingDeletion. [KeyState]
    properties->>'KeyUsage' AS key_usage, -- What it can be used for, such as ENCRYPT_DECRYPT. [KeyUsage]
    properties->>'Origin' AS origin, -- Where the key material comes from, such as AWS_KMS. [Origin]
    CAST(properties->>'ValidTo' AS TIMESTAMP(6)) AS valid_until, -- When imported key material ends; valid_to is that of a version. [ValidTo]
    CAST(properties->>'MultiRegion' AS BOOLEAN) AS multi_region, -- Whether it has copies in other regions, or can have. [MultiRegion]
    properties->'MultiRegionConfiguration' AS multi_region_configuration, -- Where these are, and which leads. [MultiRegionConfiguration]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_kms_key'
