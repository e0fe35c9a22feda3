-- Certificates of ACM. A column is NULL where the call that listed the certificate does not tell it.
SELECT
    properties->>'CertificateArn' AS certificate_arn, -- The ARN. [CertificateArn]
    properties->>'DomainName' AS domain_name, -- The host name it is for. [DomainName]
    properties->'Options'->>'CertificateTransparencyLoggingPreference' AS certificate_transparency_logging_preference, -- Whether it is told to public logs: ENABLED or DISABLED. [Options.CertificateTransparencyLoggingPreference]
    properties->'Options'->>'Export' AS export, -- Whether its private key can be exported: ENABLED or DISABLED. [Options.Export]
    properties->>'Subject' AS subject, -- The subject. [Subject]
    CAST(properties->>'ImportedAt' AS TIMESTAMP(6)) AS imported_at, -- When it was imported. [ImportedAt]
    properties->>'Issuer' AS issuer, -- The authority that issued it. [Issuer]
    properties->>'SignatureAlgorithm' AS signature_algorithm, -- How it is signed. [SignatureAlgorithm]
    properties->'ExtendedKeyUsages' AS extended_key_usages, -- What it may be used for. [ExtendedKeyUsages]
    properties->>'FailureReason' AS failure_reason, -- Why it was not issued. [FailureReason]
    CAST(properties->>'IssuedAt' AS TIMESTAMP(6)) AS issued_at, -- When it was issued. [IssuedAt]
    properties->>'Status' AS status, -- What it does, such as ISSUED or EXPIRED. [Status]
    properties->>'KeyAlgorithm' AS key_algorithm, -- The kind of its key. [KeyAlgorithm]
    CAST(properties->>'NotAfter' AS TIMESTAMP(6)) AS not_after, -- Until when it is valid. [NotAfter]
    CAST(properties->>'NotBefore' AS TIMESTAMP(6)) AS not_before, -- Since when it is valid. [NotBefore]
    properties->>'RenewalEligibility' AS renewal_eligibility, -- Whether it can be renewed: ELIGIBLE or INELIGIBLE. [RenewalEligibility]
    properties->>'RevocationReason' AS revocation_reason, -- Why it was revoked. [RevocationReason]
    CAST(properties->>'RevokedAt' AS TIMESTAMP(6)) AS revoked_at, -- When it was revoked. [RevokedAt]
    properties->>'Serial' AS serial, -- The serial number. [Serial]
    properties->>'Type' AS type, -- Where it comes from: IMPORTED, AMAZON_ISSUED or PRIVATE. [Type]
    properties->'DomainValidationOptions' AS domain_validation_options, -- How ownership of its host names was shown. [DomainValidationOptions]
    properties->'InUseBy' AS in_use_by, -- What uses it. [InUseBy]
    coalesce(properties->'SubjectAlternativeNames', properties->'SubjectAlternativeNameSummaries') AS subject_alternative_names, -- All its host names. [SubjectAlternativeNames]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_acm_certificate'
