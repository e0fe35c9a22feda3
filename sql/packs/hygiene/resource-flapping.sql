-- id: resource-flapping
-- title: Resources that change again and again
-- severity: low
-- types: *
-- remediation: See what changes by log or blame: two tools that each put back what the other did, most often.
SELECT resource_key, concat(count(*), ' changes within the window') AS reason, count(*) AS changes
FROM changes(elava_now() - $flap_window, 'head')
WHERE NOT array_has($flap_ignored_types, resource_type)
GROUP BY resource_key
HAVING count(*) > $flap_changes
