-- One row per scope: how many resources are known of it, and how fresh that is.
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
)
SELECT
    coalesce(told.provider, live.provider) AS provider,
    coalesce(told.account_id, live.account_id) AS account_id,
    coalesce(told.region, live.region) AS region,
    coalesce(told.resource_type, live.resource_type) AS resource_type,
    coalesce(live.resources, 0) AS resources,
    last_complete_at,
    last_complete_revision,
    last_status,
    last_error_code
FROM told
FULL JOIN live
    ON told.provider = live.provider
    AND told.account_id = live.account_id
    AND told.region = live.region
    AND told.resource_type = live.resource_type
