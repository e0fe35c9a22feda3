-- One row per check and resource that any run has found to violate it, as the newest run left it. One that still holds was
-- last seen by the newest run that could tell; of others it was written down when they were last seen.
WITH results AS (
    SELECT seq, at, CAST(details->>'revision' AS BIGINT) AS revision, as_json(unnest(json_get_array(details, 'results'))) AS result
    FROM entries
    WHERE entry = 'analysis_run' AND (details->>'told_findings') = 'true'
),
looked AS (
    SELECT
        result->>'check_id' AS check_id,
        last_value(at ORDER BY seq) AS at,
        last_value(revision ORDER BY seq) AS revision
    FROM results
    WHERE (result->>'status') IN ('pass', 'fail', 'incomplete')
    GROUP BY result->>'check_id'
),
newest AS (
    SELECT
        check_id,
        resource_key,
        max(provider) AS provider,
        max(account_id) AS account_id,
        max(region) AS region,
        max(resource_type) AS resource_type,
        max(resource_id) AS resource_id,
        last_value(severity ORDER BY seq, entry_no) AS severity,
        last_value(title ORDER BY seq, entry_no) AS title,
        last_value(status ORDER BY seq, entry_no) AS status,
        last_value(reason ORDER BY seq, entry_no) AS reason,
        last_value(since ORDER BY seq, entry_no) AS since,
        min(changed_at) AS first_seen_at,
        min(revision) AS first_seen_revision,
        max(changed_at) FILTER (WHERE status <> 'resolved' AND coalesce(status_before, 'resolved') = 'resolved') AS opened_at,
        last_value(last_seen_at ORDER BY seq, entry_no) AS last_seen_at,
        last_value(last_seen_revision ORDER BY seq, entry_no) AS last_seen_revision,
        last_value(changed_at ORDER BY seq, entry_no) AS changed_at,
        last_value(revision ORDER BY seq, entry_no) AS changed_revision,
        last_value(exempt_reason ORDER BY seq, entry_no) AS exempt_reason,
        last_value(exempt_until ORDER BY seq, entry_no) AS exempt_until,
        last_value(run_id ORDER BY seq, entry_no) AS run_id,
        last_value(details ORDER BY seq, entry_no) AS details
    FROM finding_changes
    GROUP BY check_id, resource_key
)
SELECT
    newest.check_id,
    severity,
    title,
    resource_key,
    provider,
    account_id,
    region,
    resource_type,
    resource_id,
    status,
    reason,
    since,
    first_seen_at,
    first_seen_revision,
    opened_at,
    CASE WHEN status IN ('open', 'exempt') THEN looked.at ELSE last_seen_at END AS last_seen_at,
    CASE WHEN status IN ('open', 'exempt') THEN looked.revision ELSE last_seen_revision END AS last_seen_revision,
    CASE WHEN status = 'resolved' THEN changed_at END AS resolved_at,
    CASE WHEN status = 'resolved' THEN changed_revision END AS resolved_revision,
    exempt_reason,
    exempt_until,
    run_id,
    details
FROM newest
LEFT JOIN looked ON looked.check_id = newest.check_id
