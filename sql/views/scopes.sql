-- One row per scope: how many resources are known of it, and how fresh that is. A scan that has not ended may have seen
-- scopes that no scan before it did.
WITH covered AS (
    -- Where an entry is in the log, as one number: the last of many is found sooner by it than by an order.
    SELECT *, seq * 4294967296 + entry_no AS place
    FROM entries
    WHERE entry = 'scope_covered'
),
ends AS (
    SELECT
        provider,
        account_id,
        region,
        resource_type,
        max(place) AS newest,
        max(place) FILTER (WHERE status = 'complete') AS newest_complete
    FROM covered
    GROUP BY provider, account_id, region, resource_type
),
begun AS (
    SELECT scan_id
    FROM entries
    WHERE entry IN ('scan_started', 'scan_failed', 'scan_completed')
    GROUP BY scan_id
    HAVING last_value(entry ORDER BY seq, entry_no) = 'scan_started'
),
-- What is known of scopes from each source, in rows of one form.
known AS (
    SELECT
        ends.provider,
        ends.account_id,
        ends.region,
        ends.resource_type,
        0 AS resources,
        complete.at AS last_complete_at,
        complete.head AS last_complete_revision,
        told.status AS last_status,
        told.error_code AS last_error_code
    FROM ends
    LEFT JOIN covered AS told ON told.place = ends.newest
    LEFT JOIN covered AS complete ON complete.place = ends.newest_complete
    UNION ALL
    SELECT provider, account_id, region, resource_type, count(*), NULL, NULL, NULL, NULL
    FROM resources
    GROUP BY provider, account_id, region, resource_type
    UNION ALL
    SELECT provider, account_id, region, resource_type, 0, NULL, NULL, NULL, NULL
    FROM observed
    INNER JOIN begun ON begun.scan_id = observed.scan_id
)
SELECT
    provider,
    account_id,
    region,
    resource_type,
    sum(resources) AS resources,
    max(last_complete_at) AS last_complete_at,
    max(last_complete_revision) AS last_complete_revision,
    max(last_status) AS last_status,
    max(last_error_code) AS last_error_code
FROM known
GROUP BY provider, account_id, region, resource_type
