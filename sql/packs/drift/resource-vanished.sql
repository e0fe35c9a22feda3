-- id: resource-vanished
-- title: Resources that are gone since the baseline
-- severity: medium
-- types: *
-- remediation: Make it again, or take it out of its definition and move the baseline.
WITH ignored AS (
    SELECT coalesce(rule.value->>'type', '*') AS of_type, coalesce(rule.value->>'path', '') AS path
    FROM jsonb_array_elements($ignore) AS rule(value)
    -- A date means the end of that day.
    WHERE rule.value->>'until' IS NULL OR elava_now() < CAST(rule.value->>'until' AS TIMESTAMP)
        + CASE WHEN length(rule.value->>'until') = 10 THEN INTERVAL '1 day' ELSE INTERVAL '0 days' END
)
SELECT resource_key, concat('was there at ', $baseline) AS reason, changed_at AS since
FROM diff($baseline, 'head') AS d
WHERE change = 'deleted' AND NOT EXISTS (
    SELECT 1 FROM ignored WHERE (of_type = '*' OR of_type = d.resource_type) AND ignored.path = ''
)
