-- id: tag-key-spelling
-- title: Tag keys that are a required one but for case or separators
-- severity: low
-- types: *
-- remediation: Move the value to the key that is required, and remove the other.
-- docs: https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html
SELECT resource_key, 'key ' || tag.key || ' stands for ' || wanted.key AS reason, tag.key
-- First what is few, which a join holds in memory.
FROM unnest($required) AS wanted(key)
CROSS JOIN resources
CROSS JOIN jsonb_object_keys(tags) AS tag(key)
WHERE tag.key <> wanted.key
    AND translate(lower(tag.key), '-_ .:/', '') = translate(lower(wanted.key), '-_ .:/', '')
    AND (array_has($types, '*') OR array_has($types, resource_type)) AND NOT array_has($exclude_types, resource_type)
