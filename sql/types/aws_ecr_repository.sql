-- Repositories of container images.
SELECT
    properties->>'repositoryName' AS repository_name, -- The name. [repositoryName]
    properties->>'registryId' AS registry_id, -- The account of the registry. [registryId]
    properties->>'repositoryUri' AS repository_uri, -- Where images are pushed to and pulled from. [repositoryUri]
    properties->>'imageTagMutability' AS image_tag_mutability, -- Whether tags can be moved: MUTABLE or IMMUTABLE. [imageTagMutability]
    properties->'imageScanningConfiguration' AS image_scanning_configuration, -- Whether images are scanned when they are pushed. [imageScanningConfiguration]
    properties->'encryptionConfiguration' AS encryption_configuration, -- How images are encrypted. [encryptionConfiguration]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_ecr_repository'
