-- id: tag-value-not-allowed
-- title: Tags with a value that is none of those agreed on
-- severity: low
-- types: *
-- remediation: Set one of the allowed values, or allow this one too, in the parameter `allowed`.
-- docs: https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html
SELECT resource_key, rule.key || ' is "' || (tags->>rule.key) || '", and not one of ' || rule.list AS reason, rule.key
FROM resources
CROSS JOIN jsonb_each($allowed) AS rule(key, list)
WHERE NOT rule.list ? (tags->>rule.key)
    AND (array_has($types, '*') OR array_has($types, resource_type)) AND NOT array_has($exclude_types, resource_type)
