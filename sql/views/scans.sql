-- One row per scan. A scan that failed and was continued has more than one end: the last entry that begins or ends it
-- holds, and its counts are totals. A scan that has not ended is counted from its observations; one that had not at a pin, from
-- those that are kept.
WITH steps AS (
    SELECT
        *,
        entry IN ('scan_started', 'scan_failed', 'scan_completed') AS is_step,
        entry IN ('scan_failed', 'scan_completed') AS is_end
    FROM entries
    WHERE scan_id IS NOT NULL
),
told AS (
    SELECT
        scan_id,
        max(provider) AS provider,
        count(DISTINCT account_id) FILTER (WHERE entry = 'scope_covered') AS accounts,
        max(account_id) FILTER (WHERE entry = 'scope_covered') AS account_id,
        min(at) FILTER (WHERE entry = 'scan_started') AS started_at,
        last_value(entry ORDER BY seq, entry_no) FILTER (WHERE is_step) AS last_step,
        last_value(at ORDER BY seq, entry_no) FILTER (WHERE is_end) AS ended_at,
        last_value(status ORDER BY seq, entry_no) FILTER (WHERE entry = 'scan_completed') AS completed_status,
        min(first_revision) FILTER (WHERE entry = 'resource_observed') AS first_revision,
        max(last_revision) FILTER (WHERE entry = 'resource_observed') AS last_revision,
        last_value(created ORDER BY seq, entry_no) FILTER (WHERE is_end) AS created,
        last_value(updated ORDER BY seq, entry_no) FILTER (WHERE is_end) AS updated,
        last_value(unchanged ORDER BY seq, entry_no) FILTER (WHERE is_end) AS unchanged,
        last_value(deleted ORDER BY seq, entry_no) FILTER (WHERE is_end) AS deleted,
        last_value(late ORDER BY seq, entry_no) FILTER (WHERE is_end) AS late
    FROM steps
    GROUP BY scan_id
),
seen AS (
    SELECT
        observed.scan_id,
        count(DISTINCT observed.account_id) AS accounts,
        max(observed.account_id) AS account_id,
        count(*) FILTER (WHERE observed.change = 'created') AS created,
        count(*) FILTER (WHERE observed.change = 'updated') AS updated,
        count(*) FILTER (WHERE observed.change = 'unchanged') AS unchanged,
        count(*) FILTER (WHERE observed.change = 'deleted') AS deleted,
        count(*) FILTER (WHERE observed.change = 'late') AS late
    FROM observed
    INNER JOIN told
        ON observed.scan_id = told.scan_id
        AND told.last_step = 'scan_started'
    GROUP BY observed.scan_id
),
failures AS (
    SELECT scan_id, count(*) AS errors
    FROM coverage
    WHERE status = 'failed' OR error_code IS NOT NULL
    GROUP BY scan_id
)
SELECT
    told.scan_id AS scan_id,
    told.provider AS provider,
    CASE
        WHEN last_step <> 'scan_started' AND told.accounts = 1 THEN told.account_id
        WHEN last_step = 'scan_started' AND seen.accounts = 1 THEN seen.account_id
    END AS account_id,
    started_at,
    CASE WHEN last_step <> 'scan_started' THEN ended_at END AS finished_at,
    CASE last_step
        WHEN 'scan_failed' THEN 'failed'
        WHEN 'scan_completed' THEN completed_status
        ELSE 'running'
    END AS status,
    first_revision,
    last_revision,
    coalesce(CASE WHEN last_step = 'scan_started' THEN seen.created ELSE told.created END, 0) AS created,
    coalesce(CASE WHEN last_step = 'scan_started' THEN seen.updated ELSE told.updated END, 0) AS updated,
    coalesce(CASE WHEN last_step = 'scan_started' THEN seen.unchanged ELSE told.unchanged END, 0) AS unchanged,
    coalesce(CASE WHEN last_step = 'scan_started' THEN seen.deleted ELSE told.deleted END, 0) AS deleted,
    coalesce(CASE WHEN last_step = 'scan_started' THEN seen.late ELSE told.late END, 0) AS late,
    coalesce(failures.errors, 0) AS errors
FROM told
LEFT JOIN seen ON seen.scan_id = told.scan_id
LEFT JOIN failures ON failures.scan_id = told.scan_id
