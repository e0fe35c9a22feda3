-- id: cloudfront-old-tls
-- title: Distributions that speak old versions of TLS
-- severity: medium
-- types: aws_cloudfront_distribution
-- remediation: Set the minimum protocol version to TLSv1.2_2021; that needs a certificate of one's own.
-- docs: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/secure-connections-supported-viewer-protocols-ciphers.html
SELECT resource_key, 'MinimumProtocolVersion is ' || (viewer_certificate->>'MinimumProtocolVersion') AS reason
FROM aws_cloudfront_distribution
-- With CloudFront's own certificate the version cannot be chosen.
WHERE viewer_certificate->>'MinimumProtocolVersion' IN ('SSLv3', 'TLSv1', 'TLSv1_2016', 'TLSv1.1_2016')
    AND coalesce(viewer_certificate->>'CloudFrontDefaultCertificate', 'false') = 'false'
