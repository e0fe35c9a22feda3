-- Server certificates in IAM.
SELECT
    coalesce(properties->>'ServerCertificateName', name) AS name, -- The name that the service knows it by, whatever its tags say. [ServerCertificateName]
    properties->>'ServerCertificateId' AS server_certificate_id, -- The unique id. [ServerCertificateId]
    CAST(properties->>'Expiration' AS TIMESTAMP(6)) AS expiration, -- When it ends. [Expiration]
    properties->>'Path' AS path, -- The path before its name. [Path]
    CAST(properties->>'UploadDate' AS TIMESTAMP(6)) AS upload_date, -- When it was uploaded. [UploadDate]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_iam_server_certificate'
