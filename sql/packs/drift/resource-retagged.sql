-- id: resource-retagged
-- title: Resources whose tags are not as they were at the baseline
-- severity: low
-- types: *
-- remediation: Put the tags back, or take them into its definition and move the baseline.
WITH ignored AS (
    SELECT coalesce(rule.value->>'type', '*') AS of_type, coalesce(rule.value->>'path', '') AS path
    FROM jsonb_array_elements($ignore) AS rule(value)
    -- A date means the end of that day.
    WHERE rule.value->>'until' IS NULL OR elava_now() < CAST(rule.value->>'until' AS TIMESTAMP)
        + CASE WHEN length(rule.value->>'until') = 10 THEN INTERVAL '1 day' ELSE INTERVAL '0 days' END
),
different AS (
    SELECT resource_key, resource_type, changed_at, changed.path
    FROM diff($baseline, 'head'), unnest(changed_paths) AS changed(path)
    WHERE starts_with(changed.path, '/tags/')
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
