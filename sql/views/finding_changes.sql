-- One row for each time that a run found another state of a finding than the run before. What a run wrote counts only if
-- its own entry is in the log.
WITH runs AS (
    SELECT details->>'run_id' AS run_id, at, CAST(details->>'revision' AS BIGINT) AS revision
    FROM entries
    WHERE entry = 'analysis_run'
)
SELECT
    runs.at AS changed_at,
    runs.revision,
    runs.run_id,
    status,
    lag(status) OVER (PARTITION BY told.details->>'check_id', told.details->>'resource_key' ORDER BY seq, entry_no) AS status_before,
    told.details->>'check_id' AS check_id,
    told.details->>'severity' AS severity,
    told.details->>'title' AS title,
    told.details->>'resource_key' AS resource_key,
    provider,
    account_id,
    region,
    resource_type,
    substr(
        told.details->>'resource_key',
        length(provider) + length(account_id) + length(region) + length(resource_type) + 5
    ) AS resource_id,
    told.details->>'reason' AS reason,
    CAST(told.details->>'since' AS TIMESTAMP(6)) AS since,
    told.details->>'exempt_reason' AS exempt_reason,
    CAST(told.details->>'exempt_until' AS TIMESTAMP(6)) AS exempt_until,
    CAST(told.details->>'last_seen_at' AS TIMESTAMP(6)) AS last_seen_at,
    CAST(told.details->>'last_seen_revision' AS BIGINT) AS last_seen_revision,
    told.details->>'details' AS details,
    seq,
    entry_no
FROM (SELECT * FROM entries WHERE entry = 'finding') AS told
INNER JOIN runs ON runs.run_id = (told.details->>'run_id')
