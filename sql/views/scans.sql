-- One row per scan. A scan that failed and was continued has more than one end: the last entry that begins or ends it
-- holds. Its counts are totals; those of a running scan are of what is in the log so far.
WITH steps AS (
    SELECT
        *,
        entry IN ('scan_started', 'scan_failed', 'scan_completed') AS is_step,
        entry IN ('scan_failed', 'scan_completed') AS is_end
    FROM entries
    WHERE scan_id IS NOT NULL
),
scopes AS (
    SELECT scan_id, count(*) AS errors
    FROM coverage
    WHERE status IN ('failed', 'partial', 'suspect')
    GROUP BY scan_id
),
scans AS (
    SELECT
        scan_id,
        CASE WHEN count(DISTINCT provider) = 1 THEN max(provider) END AS provider,
        CASE WHEN count(DISTINCT account_id) = 1 THEN max(account_id) END AS account_id,
        min(at) FILTER (WHERE entry = 'scan_started') AS started_at,
        last_value(at ORDER BY seq, entry_no) FILTER (WHERE is_end) AS ended_at,
        last_value(entry ORDER BY seq, entry_no) FILTER (WHERE is_step) AS last_step,
        last_value(status ORDER BY seq, entry_no) FILTER (WHERE entry = 'scan_completed') AS completed_status,
        min(first_revision) FILTER (WHERE entry = 'resource_observed') AS first_revision,
        max(last_revision) FILTER (WHERE entry = 'resource_observed') AS last_revision,
        last_value(created ORDER BY seq, entry_no) FILTER (WHERE is_end) AS end_created,
        last_value(updated ORDER BY seq, entry_no) FILTER (WHERE is_end) AS end_updated,
        last_value(unchanged ORDER BY seq, entry_no) FILTER (WHERE is_end) AS end_unchanged,
        last_value(deleted ORDER BY seq, entry_no) FILTER (WHERE is_end) AS end_deleted,
        last_value(late ORDER BY seq, entry_no) FILTER (WHERE is_end) AS end_late,
        sum(created) FILTER (WHERE entry = 'resource_observed') AS seen_created,
        sum(updated) FILTER (WHERE entry = 'resource_observed') AS seen_updated,
        sum(unchanged) FILTER (WHERE entry = 'resource_observed') AS seen_unchanged,
        sum(deleted) FILTER (WHERE entry = 'resource_observed') AS seen_deleted,
        sum(late) FILTER (WHERE entry = 'resource_observed') AS seen_late
    FROM steps
    GROUP BY scan_id
)
SELECT
    scans.scan_id,
    provider,
    account_id,
    started_at,
    CASE WHEN last_step IN ('scan_failed', 'scan_completed') THEN ended_at END AS finished_at,
    CASE last_step
        WHEN 'scan_failed' THEN 'failed'
        WHEN 'scan_completed' THEN completed_status
        ELSE 'running'
    END AS status,
    first_revision,
    last_revision,
    CASE WHEN last_step <> 'scan_started' THEN coalesce(end_created, seen_created, 0) ELSE coalesce(seen_created, 0) END AS created,
    CASE WHEN last_step <> 'scan_started' THEN coalesce(end_updated, seen_updated, 0) ELSE coalesce(seen_updated, 0) END AS updated,
    CASE WHEN last_step <> 'scan_started' THEN coalesce(end_unchanged, seen_unchanged, 0) ELSE coalesce(seen_unchanged, 0) END AS unchanged,
    CASE WHEN last_step <> 'scan_started' THEN coalesce(end_deleted, seen_deleted, 0) ELSE coalesce(seen_deleted, 0) END AS deleted,
    CASE WHEN last_step <> 'scan_started' THEN coalesce(end_late, seen_late, 0) ELSE coalesce(seen_late, 0) END AS late,
    coalesce(scopes.errors, 0) + CASE WHEN last_step = 'scan_failed' THEN 1 ELSE 0 END AS errors
FROM scans
LEFT JOIN scopes ON scopes.scan_id = scans.scan_id
