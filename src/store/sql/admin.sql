-- name: count_durations
SELECT model_type, count(*), CAST(sum(ended_ms - started_ms) AS bigint) FROM jobs
WHERE status = 'completed' AND task = 'train' GROUP BY model_type ORDER BY model_type
-- From an index alone (jobs_by_user_status).
-- name: count_jobs
SELECT {shown_status}, count(*), j.task FROM jobs j GROUP BY 1, j.task
-- Of a task: who was asked to stop and still runs, the deaths, how long the oldest waits. Each looks
-- at few rows, or at an index.
-- name: count_waits
SELECT (SELECT count(*) FROM jobs WHERE lease_until_ms > 0 AND cancel_requested = 1 AND task = $1),
    (SELECT CAST(coalesce(sum(deaths), 0) AS bigint) FROM jobs WHERE deaths > 0 AND task = $1),
    coalesce((SELECT {now} - created_ms FROM jobs WHERE job_id =
        (SELECT min(job_id) FROM jobs WHERE status = 'pending' AND task = $1)), 0)
-- name: count_rest
SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM sessions s WHERE {session_lives}),
    (SELECT count(*) FROM models), (SELECT count(*) FROM outbox), (SELECT count(*) FROM workers)

-- name: tidy_sessions
DELETE FROM sessions WHERE expires_ms <= {now} OR seen_ms + idle_ms <= {now}
-- name: tidy_tokens
DELETE FROM api_tokens WHERE expires_ms > 0 AND expires_ms <= {now}
-- name: tidy_keys
DELETE FROM idempotency_keys WHERE created_ms <= {now} - 86400000
-- name: tidy_events
DELETE FROM job_events WHERE at_ms < {now} - 2592000000
-- name: tidy_workers
DELETE FROM workers WHERE seen_ms < {now} - 86400000

-- Each finds rows that must not be: a number and what it is about.
-- name: check_metrics
SELECT j.job_id FROM jobs j WHERE j.status <> 'completed'
    AND EXISTS (SELECT 1 FROM job_metrics m WHERE m.job_id = j.job_id) ORDER BY 1 LIMIT 100
-- name: check_models
SELECT j.job_id FROM jobs j JOIN models m ON m.job_id = j.job_id
WHERE j.status <> 'completed' OR m.user_id <> j.user_id ORDER BY 1 LIMIT 100
-- name: check_ended
SELECT j.job_id FROM jobs j WHERE (j.status IN ('completed', 'failed')) <> (j.ended_ms > 0)
ORDER BY 1 LIMIT 100
-- name: check_counts
SELECT u.user_id FROM users u
WHERE u.job_count <>
    (SELECT count(*) FROM jobs j WHERE j.user_id = u.user_id AND j.task = 'train') ORDER BY 1 LIMIT 100
-- name: check_kept
SELECT u.user_id FROM users u
WHERE u.model_count <> (SELECT count(*) FROM models m WHERE m.user_id = u.user_id)
    OR u.model_bytes <> (SELECT coalesce(sum(m.size_bytes), 0) FROM models m WHERE m.user_id = u.user_id)
ORDER BY 1 LIMIT 100
-- name: check_versions
SELECT m.model_id FROM models m LEFT JOIN registry_names n ON n.name_id = m.name_id
WHERE n.name_id IS NULL OR n.user_id <> m.user_id OR m.version < 1 OR m.version > n.last_version
ORDER BY 1 LIMIT 100
-- name: check_aliases
SELECT m.model_id FROM registry_aliases a JOIN models m ON m.model_id = a.model_id
WHERE m.name_id <> a.name_id ORDER BY 1 LIMIT 100
-- name: check_moves
SELECT a.model_id FROM registry_aliases a
WHERE a.model_id <> coalesce((SELECT v.to_model_id FROM registry_moves v
    WHERE v.name_id = a.name_id AND v.alias = a.alias ORDER BY v.move_id DESC LIMIT 1), 0)
ORDER BY 1 LIMIT 100
