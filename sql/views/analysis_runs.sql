-- One row per recorded run of checks.
SELECT
    details->>'run_id' AS run_id,
    details->>'kind' AS kind,
    CAST(details->>'started_at' AS TIMESTAMP(6)) AS started_at,
    at AS finished_at,
    CAST(details->>'from_revision' AS BIGINT) AS from_revision,
    CAST(details->>'revision' AS BIGINT) AS revision,
    details->>'status' AS status,
    CAST(details->>'checks' AS BIGINT) AS checks,
    CAST(details->>'passed' AS BIGINT) AS passed,
    CAST(details->>'failed' AS BIGINT) AS failed,
    CAST(details->>'incomplete' AS BIGINT) AS incomplete,
    CAST(details->>'skipped' AS BIGINT) AS skipped,
    CAST(details->>'errors' AS BIGINT) AS errors,
    CAST(details->>'findings' AS BIGINT) AS findings,
    CAST(details->>'exempt' AS BIGINT) AS exempt,
    CAST(details->>'opened' AS BIGINT) AS opened,
    CAST(details->>'resolved' AS BIGINT) AS resolved,
    details->>'version' AS version,
    details->>'parameters' AS parameters,
    details->>'exemptions' AS exemptions,
    details->>'results' AS results
FROM entries
WHERE entry = 'analysis_run'
