-- name: job_claim
UPDATE jobs AS j SET status = 'loading_data', phase = 'load', epoch = epoch + 1,
    attempt = attempt + 1, owner = $1, lease_until_ms = {now} + CAST($2 AS bigint),
    lease_ms = CAST($2 AS bigint), progress = 0,
    iteration = 0, message = NULL,
    started_ms = CASE WHEN started_ms = 0 THEN {now} ELSE started_ms END, updated_ms = {now}
WHERE job_id = (SELECT q.job_id FROM jobs q WHERE q.status = 'pending' AND q.task = $3
    ORDER BY q.turn, q.job_id LIMIT 1 {skip_locked})
RETURNING job_id, user_id, task, name, model_type, data_path, params, run, source_id, model_name,
    status, phase, progress, iteration, message, cancel_requested, epoch, attempt, deaths, owner,
    lease_until_ms, error_code, error_message, metrics, popular_metrics, NULL, created_ms, started_ms, ended_ms, updated_ms

-- name: job_fenced
SELECT status, cancel_requested, attempt, deaths, user_id, model_type, model_name FROM jobs
WHERE job_id = $1 AND epoch = $2 AND status IN ('loading_data', 'preprocessing', 'training') {lock}
-- name: job_renew
UPDATE jobs SET lease_until_ms = {now} + CAST($3 AS bigint), lease_ms = CAST($3 AS bigint)
WHERE job_id = $1 AND epoch = $2 AND status IN ('loading_data', 'preprocessing', 'training')
RETURNING cancel_requested
-- name: job_asked
SELECT cancel_requested FROM jobs
WHERE job_id = $1 AND epoch = $2 AND status IN ('loading_data', 'preprocessing', 'training')
-- name: job_advance
UPDATE jobs SET status = $2, phase = $3, message = CAST($4 AS text), updated_ms = {now}
WHERE job_id = $1
-- name: job_progress
UPDATE jobs SET progress = {greatest}(progress, {least}(1.0, {greatest}(0.0, CAST($3 AS double precision)))),
    iteration = {greatest}(iteration, CAST($4 AS bigint)),
    message = coalesce(CAST($5 AS text), message), updated_ms = {now}
WHERE job_id = $1 AND epoch = $2 AND status IN ('loading_data', 'preprocessing', 'training')
-- name: point_add
INSERT INTO job_points (job_id, attempt, name, step, value, at_ms)
SELECT j.job_id, j.attempt, CAST($3 AS text), CAST($4 AS bigint), CAST($5 AS double precision), {now}
FROM jobs j WHERE j.job_id = $1 AND j.epoch = $2
    AND j.status IN ('loading_data', 'preprocessing', 'training')
ON CONFLICT (job_id, attempt, name, step)
DO UPDATE SET value = excluded.value, at_ms = excluded.at_ms

-- name: job_complete
UPDATE jobs SET status = 'completed', phase = NULL, progress = 1, metrics = $2,
    popular_metrics = CAST($3 AS text),
    lease_until_ms = 0, cancel_requested = 0, ended_ms = {now}, updated_ms = {now}
WHERE job_id = $1
-- name: result_add
INSERT INTO job_results (job_id, result) VALUES ($1, $2)
-- name: metric_add
INSERT INTO job_metrics (job_id, name, value, user_id)
SELECT j.job_id, CAST($2 AS text), CAST($3 AS double precision), j.user_id FROM jobs j WHERE j.job_id = $1
-- name: job_fail
UPDATE jobs SET status = 'failed', phase = NULL, error_code = $2, error_message = $3,
    lease_until_ms = 0, cancel_requested = 0, ended_ms = {now}, updated_ms = {now}
WHERE job_id = $1
-- $2: attempts that do not count, $3: deaths that do. The turn stays, so it is the next of its user.
-- name: job_return
UPDATE jobs SET status = 'pending', phase = NULL, progress = 0, iteration = 0,
    attempt = attempt - CAST($2 AS bigint), deaths = deaths + CAST($3 AS bigint),
    lease_until_ms = 0, queued_ms = {now}, updated_ms = {now}
WHERE job_id = $1

-- The clock was set back since it was granted: it begins anew.
-- name: lease_trim
UPDATE jobs SET lease_until_ms = {now} + lease_ms
WHERE lease_until_ms > 0 AND lease_ms > 0 AND lease_until_ms > {now} + lease_ms
-- name: lease_over
SELECT job_id, epoch FROM jobs WHERE lease_until_ms > 0 AND lease_until_ms < {now}
ORDER BY lease_until_ms LIMIT 100 {skip_locked}

-- name: job_was_removed
SELECT count(*) FROM job_events WHERE job_id = $1 AND kind = 'removed'

-- name: worker_seen
INSERT INTO workers (worker_id, host, version, job_id, is_draining, task, started_ms, seen_ms)
SELECT CAST($1 AS text), CAST($2 AS text), CAST($3 AS text), CAST($4 AS bigint),
    CAST($5 AS bigint), CAST($6 AS text), n.now, n.now FROM (SELECT {now} AS now) n WHERE true
ON CONFLICT (worker_id) DO UPDATE SET host = excluded.host, version = excluded.version,
    job_id = excluded.job_id, is_draining = excluded.is_draining, seen_ms = excluded.seen_ms
-- name: worker_gone
DELETE FROM workers WHERE worker_id = $1
-- name: worker_list
SELECT worker_id, host, version, job_id, is_draining, task, started_ms, seen_ms, {now} FROM workers
ORDER BY worker_id LIMIT 1000

-- The sum keeps SQLite from going through all jobs in their order: few are active.
-- name: active_list
SELECT job_id, epoch, user_id, owner, lease_until_ms FROM jobs WHERE lease_until_ms > 0
ORDER BY job_id + 0
