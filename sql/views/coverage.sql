-- One row per scan and scope. What a scan says last about a scope holds.
SELECT
    scan_id,
    provider,
    account_id,
    region,
    resource_type,
    status,
    error_code,
    error,
    listed,
    missing,
    deleted,
    duration_ms,
    api_calls
FROM (
    SELECT
        *,
        row_number() OVER (PARTITION BY scan_id, provider, account_id, region, resource_type ORDER BY seq DESC, entry_no DESC) AS nth
    FROM entries
    WHERE entry = 'scope_covered'
)
WHERE nth = 1
