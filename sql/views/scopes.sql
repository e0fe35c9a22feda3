-- One row per scope: how many resources are known of it, and how fresh that is. A scan that has not ended may have seen
-- scopes that no scan before it did.
WITH covered AS (
    SELECT *
    FROM entries
    WHERE entry = 'scope_covered'
),
told AS (
    SELECT
        provider,
        account_id,
        region,
        resource_type,
        last_value(at ORDER BY seq, entry_no) FILTER (WHERE status = 'complete') AS last_complete_at,
        last_value(head ORDER BY seq, entry_no) FILTER (WHERE status = 'complete') AS last_complete_revision,
        last_value(status ORDER BY seq, entry_no) AS last_status,
        last_value(error_code ORDER BY seq, entry_no) AS last_error_code
    FROM covered
    GROUP BY provider, account_id, region, resource_type
),
live AS (
    SELECT provider, account_id, region, resource_type, count(*) AS resources
    FROM resources
    GROUP BY provider, account_id, region, resource_type
),
begun AS (
    SELECT scan_id
    FROM entries
    WHERE entry IN ('scan_started', 'scan_failed', 'scan_completed')
    GROUP BY scan_id
    HAVING last_value(entry ORDER BY seq, entry_no) = 'scan_started'
),
known AS (
    SELECT provider, account_id, region, resource_type FROM told
    UNION
    SELECT provider, account_id, region, resource_type FROM live
    UNION
    SELECT provider, account_id, region, resource_type FROM observed INNER JOIN begun ON begun.scan_id = observed.scan_id
)
SELECT
    known.provider,
    known.account_id,
    known.region,
    known.resource_type,
    coalesce(live.resources, 0) AS resources,
    last_complete_at,
    last_complete_revision,
    last_status,
    last_error_code
FROM known
LEFT JOIN told
    ON told.provider = known.provider
    AND told.account_id = known.account_id
    AND told.region = known.region
    AND told.resource_type = known.resource_type
LEFT JOIN live
    ON live.provider = known.provider
    AND live.account_id = known.account_id
    AND live.region = known.region
    AND live.resource_type = known.resource_type
