-- id: resource-stuck
-- title: Resources in a state that should have passed
-- severity: low
-- types: *
-- lasting: $stuck_for
-- remediation: See what it waits for; cancel what nobody waits for.
SELECT resource_key, concat('state ', state) AS reason, state
FROM resources
WHERE array_has($passing_states, lower(state))
