-- Hosted zones of Route 53.
SELECT
    coalesce(properties->>'Name', name) AS name, -- The name that the service knows it by, whatever its tags say. [Name]
    split_part(properties->>'Id', '/', 3) AS id, -- The id. [Id]
    properties->>'CallerReference' AS caller_reference, -- The text that made its creation idempotent. [CallerReference]
    properties->'Config'->>'Comment' AS comment, -- What it is for, in its maker's words. [Config.Comment]
    CAST(properties->'Config'->>'PrivateZone' AS BOOLEAN) AS private_zone, -- Whether only its VPCs see it. [Config.PrivateZone]
    properties->'LinkedService'->>'ServicePrincipal' AS linked_service_principal, -- The service that made it. [LinkedService.ServicePrincipal]
    properties->'LinkedService'->>'Description' AS linked_service_description, -- What that service says of it. [LinkedService.Description]
    CAST(properties->>'ResourceRecordSetCount' AS BIGINT) AS resource_record_set_count, -- How many record sets it has. [ResourceRecordSetCount]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_route53_zone'
