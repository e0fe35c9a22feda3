-- id: rds-proxy-plaintext
-- title: Database proxies that take connections without TLS
-- severity: medium
-- types: aws_rds_db_proxy
-- remediation: Set RequireTLS, once all clients use TLS.
-- docs: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy.html
SELECT resource_key, 'RequireTLS is false' AS reason
FROM aws_rds_db_proxy
WHERE NOT require_tls
