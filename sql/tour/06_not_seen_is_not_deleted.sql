-- title: Not seen is not deleted
-- question: For three and a half days prod/eu-west-1 could not be listed. Did anything seem deleted, and what really was?
SELECT s.started_at,
       count(*) FILTER (WHERE c.status = 'failed') AS scopes_failed,
       min(c.error_code) AS error_code,
       sum(c.listed) AS listed,
       sum(c.deleted) AS deleted
FROM coverage AS c
JOIN scans AS s ON s.scan_id = c.scan_id
WHERE c.account_id = '111122223333' AND c.region = 'eu-west-1' AND c.resource_type <> 'aws_s3_bucket'
  AND s.started_at >= TIMESTAMP '2026-10-15 00:00:00' AND s.started_at < TIMESTAMP '2026-10-20 00:00:00'
GROUP BY s.scan_id, s.started_at
ORDER BY s.started_at;
