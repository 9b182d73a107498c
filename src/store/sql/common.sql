-- Parts that several files use, and the queries of the schema itself.

-- A status as people see it: a cancelled job is failed with that code.
-- part: shown_status
CASE WHEN j.status = 'failed' AND j.error_code = 'cancelled' THEN 'cancelled' ELSE j.status END

-- Columns of a job in the order of job_fields in jobs.c; the result comes last.
-- part: job_columns
j.job_id, j.user_id, j.task, j.name, j.model_type, j.data_path, j.params, j.run, j.source_id,
j.model_name,
j.status, j.phase, j.progress, j.iteration, j.message, j.cancel_requested,
j.epoch, j.attempt, j.deaths, j.owner, j.lease_until_ms,
j.error_code, j.error_message, j.metrics, j.popular_metrics,
(SELECT m.path FROM models m WHERE m.job_id = j.job_id),
j.created_ms, j.started_ms, j.ended_ms, j.updated_ms

-- part: job_result
(SELECT r.result FROM job_results r WHERE r.job_id = j.job_id)

-- Counted to 100 (JOB_POSITION_MAX): a page of jobs must not cost what waits times its rows.
-- part: job_position
CASE WHEN j.status = 'pending' THEN
    (SELECT count(*) FROM (SELECT 1 FROM jobs q WHERE q.status = 'pending' AND q.task = j.task
        AND (q.turn, q.job_id) <= (j.turn, j.job_id) LIMIT 100) p)
ELSE 0 END

-- name: schema_read
SELECT version FROM schema_version
-- name: schema_start
INSERT INTO schema_version (version) VALUES ($1)
-- name: schema_step
UPDATE schema_version SET version = $1
-- name: now_read
SELECT {now}
-- name: event_add
INSERT INTO job_events (job_id, user_id, kind, message, at_ms)
SELECT j.job_id, j.user_id, CAST($2 AS text), CAST($3 AS text), {now} FROM jobs j WHERE j.job_id = $1
