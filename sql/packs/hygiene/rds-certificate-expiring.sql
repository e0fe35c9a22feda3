-- id: rds-certificate-expiring
-- title: Databases whose certificate is about to end
-- severity: high
-- types: aws_rds_db_instance
-- remediation: Move to a newer certificate authority, once the clients trust it.
-- docs: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL-certificate-rotation.html
SELECT resource_key, concat(ca_certificate_identifier, ' is valid until ', certificate->>'ValidTill') AS reason
FROM aws_rds_db_instance
WHERE CAST(certificate->>'ValidTill' AS TIMESTAMP) < elava_now() + $expires_within
