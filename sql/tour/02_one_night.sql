-- title: What happened in the night
-- question: What was altered between the evening of 23 September and the next morning?
SELECT changed_at, resource_type, name, resource_id, changed_paths
FROM changes('2026-09-23T18:00:00Z', '2026-09-24T06:00:00Z')
WHERE change = 'updated'
ORDER BY revision;
