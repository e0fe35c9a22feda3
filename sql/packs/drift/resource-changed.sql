-- id: resource-changed
-- title: Resources that are not as they were at the baseline
-- severity: medium
-- types: *
-- remediation: Put it back, or take what it has become into its definition and move the baseline; elava blame tells what changed when.
WITH ignored AS (
    SELECT coalesce(rule.value->>'type', '*') AS of_type, coalesce(rule.value->>'path', '') AS path
    FROM jsonb_array_elements($ignore) AS rule(value)
    -- A date means the end of that day.
    WHERE rule.value->>'until' IS NULL OR elava_now() < CAST(rule.value->>'until' AS TIMESTAMP)
        + CASE WHEN length(rule.value->>'until') = 10 THEN INTERVAL '1 day' ELSE INTERVAL '0 days' END
),
different AS (
    -- A name is that of the Name tag, or has its own pointer among the properties. What is in tags is told apart.
    SELECT resource_key, resource_type, changed_at, changed.path
    FROM diff($baseline, 'head'), unnest(changed_paths) AS changed(path)
    WHERE NOT regexp_like(changed.path, '^/(name|tags|properties/(Tags|TagSet|TagList|Tagging|tags))(/|$)')
)
SELECT resource_key,
    concat(
        array_to_string(array_slice(array_agg(path ORDER BY path), 1, 8), ', '),
        CASE WHEN count(*) > 8 THEN concat(' and ', count(*) - 8, ' more') END
    ) AS reason,
    max(changed_at) AS since
FROM different
WHERE NOT EXISTS (
    SELECT 1 FROM ignored
    WHERE (of_type = '*' OR of_type = different.resource_type)
        AND (ignored.path = different.path OR starts_with(different.path, ignored.path || '/'))
)
GROUP BY resource_key
