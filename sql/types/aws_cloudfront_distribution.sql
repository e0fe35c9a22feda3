-- Distributions of CloudFront. A column is NULL where the call that listed the distribution does not tell it.
SELECT
    properties->>'Id' AS id, -- The id. [Id]
    properties->>'Status' AS status, -- Whether it is the same everywhere: Deployed or InProgress. [Status]
    properties->'DistributionConfig'->>'CallerReference' AS caller_reference, -- The text that made its creation idempotent. [DistributionConfig.CallerReference]
    properties->>'Comment' AS comment, -- What it is for, in its maker's words. [Comment]
    properties->'DistributionConfig'->>'DefaultRootObject' AS default_root_object, -- What is shown for its root. [DistributionConfig.DefaultRootObject]
    properties->>'DomainName' AS domain_name, -- The host name it answers at. [DomainName]
    CAST(properties->>'Enabled' AS BOOLEAN) AS enabled, -- Whether it answers. [Enabled]
    properties->>'ETag' AS e_tag, -- The version of its settings. [ETag]
    properties->>'HttpVersion' AS http_version, -- The newest version of HTTP it speaks. [HttpVersion]
    CAST(properties->>'IsIPV6Enabled' AS BOOLEAN) AS is_ipv6_enabled, -- Whether it answers over IPv6. [IsIPV6Enabled]
    CAST(properties->>'InProgressInvalidationBatches' AS BIGINT) AS in_progress_invalidation_batches, -- How many invalidations are under way. [InProgressInvalidationBatches]
    CAST(properties->>'LastModifiedTime' AS TIMESTAMP(6)) AS last_modified_time, -- When it was last changed. [LastModifiedTime]
    properties->>'PriceClass' AS price_class, -- Which parts of the world it answers from. [PriceClass]
    properties->>'WebACLId' AS web_acl_id, -- The web ACL before it. [WebACLId]
    properties->'ActiveTrustedKeyGroups' AS active_trusted_key_groups, -- The groups of keys that signed addresses are checked with. [ActiveTrustedKeyGroups]
    properties->'ActiveTrustedSigners' AS active_trusted_signers, -- The accounts whose keys they are checked with. [ActiveTrustedSigners]
    properties->'Aliases' AS aliases, -- Its other host names. [Aliases]
    properties->'AliasICPRecordals' AS alias_icp_recordals, -- The registration of these in China. [AliasICPRecordals]
    properties->'CacheBehaviors' AS cache_behaviors, -- What holds for some paths. [CacheBehaviors]
    properties->'CustomErrorResponses' AS custom_error_responses, -- What is shown for errors. [CustomErrorResponses]
    properties->'DefaultCacheBehavior' AS default_cache_behavior, -- What holds for all other paths. [DefaultCacheBehavior]
    properties->'DistributionConfig'->'Logging' AS logging, -- Where access is logged. [DistributionConfig.Logging]
    properties->'Origins'->'Items' AS origins, -- Where it gets what it shows. [Origins.Items]
    properties->'OriginGroups' AS origin_groups, -- Origins that stand in for each other. [OriginGroups]
    properties->'Restrictions' AS restrictions, -- The countries that it answers to. [Restrictions]
    properties->'ViewerCertificate' AS viewer_certificate, -- The certificate it shows. [ViewerCertificate]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_cloudfront_distribution'
