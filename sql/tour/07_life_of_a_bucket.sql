-- title: One name, two lives
-- question: Is acme-prod-media-cache the bucket that it was in September?
SELECT valid_from, valid_to, ended_by, created_at,
       (tags->>'owner') AS owner,
       (properties->'Versioning'->>'Status') AS versioning
FROM history('acme-prod-media-cache')
ORDER BY valid_from;
