-- id: iam-server-certificate-expired
-- title: Expired certificates in IAM
-- severity: medium
-- types: aws_iam_server_certificate
-- remediation: Delete the certificate; keep new ones in ACM, which renews them.
-- docs: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_server-certs.html
SELECT resource_key, 'expired at ' || CAST(expiration AS TEXT) AS reason
FROM aws_iam_server_certificate
WHERE expiration < elava_now()
