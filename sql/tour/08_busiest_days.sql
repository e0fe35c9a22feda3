-- title: Where the churn is
-- question: On which ten days did most things come, change and go?
SELECT date_trunc('day', changed_at) AS day,
       count(*) FILTER (WHERE change = 'created') AS created,
       count(*) FILTER (WHERE change = 'updated') AS updated,
       count(*) FILTER (WHERE change = 'deleted') AS deleted
FROM changes('2026-09-02', 'head')
GROUP BY date_trunc('day', changed_at)
ORDER BY count(*) DESC, day
LIMIT 10;
