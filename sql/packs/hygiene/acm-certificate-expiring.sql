-- id: acm-certificate-expiring
-- title: Certificates in use that are about to end
-- severity: high
-- types: aws_acm_certificate
-- remediation: See why it was not renewed, a missing DNS record most often; bring in an imported one anew.
-- docs: https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html
SELECT resource_key, concat('valid until ', not_after) AS reason, domain_name
FROM aws_acm_certificate
WHERE not_after < elava_now() + $expires_within AND jsonb_array_length(in_use_by) > 0
