-- Prefix lists, those of AWS too.
SELECT
    coalesce(properties->>'PrefixListName', name) AS name, -- The name that the service knows it by, whatever its tags say. [PrefixListName]
    properties->>'PrefixListId' AS id, -- The id. [PrefixListId]
    properties->>'AddressFamily' AS address_family, -- The family of its addresses: IPv4 or IPv6. [AddressFamily]
    CAST(properties->>'MaxEntries' AS BIGINT) AS max_entries, -- How many entries it may have. [MaxEntries]
    properties->>'OwnerId' AS owner_id, -- The account that owns it; AWS for its own. [OwnerId]
    properties->>'StateMessage' AS state_message, -- Why it is in its state, in words. [StateMessage]
    CAST(properties->>'Version' AS BIGINT) AS version, -- Its version. [Version]
    properties->'Tags' AS tags_src, -- The tags, as the service lists them. [Tags]
    coalesce(name, resource_id) AS title, -- The name, else the id.
    '["' || arn || '"]' AS akas, -- The ARN, in a list.
    split_part(arn, ':', 2) AS partition -- The partition of AWS that the ARN names: aws, aws-cn or aws-us-gov.
FROM resource
WHERE resource_type = 'aws_ec2_managed_prefix_list'
