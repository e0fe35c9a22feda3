-- id: tag-value-pattern
-- title: Tags whose value does not look as it should
-- severity: low
-- types: *
-- remediation: Correct the value, or the pattern, in the parameter `patterns`.
-- docs: https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html
SELECT resource_key, rule.key || ' is "' || (tags->>rule.key) || '", which does not match ' || rule.pattern AS reason, rule.key
FROM resources
CROSS JOIN jsonb_each_text($patterns) AS rule(key, pattern)
WHERE NOT regexp_like(tags->>rule.key, rule.pattern)
    AND (array_has($types, '*') OR array_has($types, resource_type)) AND NOT array_has($exclude_types, resource_type)
