-- title: Who has lost an owner, and when
-- question: Which resources have no owner tag today but once had one, whose were they, and which scan first saw it gone?
SELECT r.resource_type, r.name, (c.before->'tags'->>'owner') AS last_owner, c.changed_at AS lost_at, c.scan_id
FROM changes(0, 'head') AS c
JOIN resources AS r ON r.resource_key = c.resource_key
WHERE c.change = 'updated'
  AND (c.before->'tags'->>'owner') IS NOT NULL
  AND (c.tags->>'owner') IS NULL
  AND (r.tags->>'owner') IS NULL
ORDER BY c.revision;
