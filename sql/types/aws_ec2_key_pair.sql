-- Key pairs, without their material.
SELECT
    properties->>'KeyName' AS key_name, -- The name. [KeyName]
    properties->>'KeyPairId' AS key_pair_id, -- The id. [KeyPairId]
    properties->>'KeyType' AS key_type, -- The kind of key: rsa or ed25519. [KeyType]
    properties->>'PublicKey' AS public_key, -- The public key, where it was asked for. [PublicKey]
    CAST(properties->>'CreateTime' AS TIMESTAMP(6)) AS create_time, -- When it was made or brought in. [CreateTime]
    properties->>'KeyFingerprint' AS key_fingerprint, -- The fingerprint. [KeyFingerprint]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || replace(replace(arn, '\', '\\'), '"', '\"') || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_ec2_key_pair'
