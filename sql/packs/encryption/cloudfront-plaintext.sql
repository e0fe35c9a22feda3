-- id: cloudfront-plaintext
-- title: Distributions that answer without TLS
-- severity: medium
-- types: aws_cloudfront_distribution
-- remediation: Set the viewer protocol policy to redirect-to-https or https-only, for all paths.
-- docs: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-https-viewers-to-cloudfront.html
SELECT resource_key, 'ViewerProtocolPolicy is allow-all by default' AS reason
FROM aws_cloudfront_distribution
WHERE default_cache_behavior->>'ViewerProtocolPolicy' = 'allow-all'
UNION ALL
SELECT resource_key, concat('ViewerProtocolPolicy is allow-all for ', behavior->>'PathPattern') AS reason
FROM aws_cloudfront_distribution
CROSS JOIN jsonb_array_elements(cache_behaviors->'Items') AS behavior
WHERE behavior->>'ViewerProtocolPolicy' = 'allow-all'
