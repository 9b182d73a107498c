-- name: outbox_add
INSERT INTO outbox (job_id, traceparent, task, created_ms)
SELECT j.job_id, CAST($2 AS text), j.task, {now} FROM jobs j WHERE j.job_id = $1
-- Free, or held by a clock that was set back since.
-- name: outbox_find
SELECT outbox_id, job_id FROM outbox WHERE task = $2 AND (taken_until_ms < {now}
    OR (hold_ms > 0 AND taken_until_ms > {now} + hold_ms + 1000))
ORDER BY outbox_id LIMIT $1 {skip_locked}
-- name: outbox_hold
UPDATE outbox SET taken_until_ms = {now} + CAST($2 AS bigint), hold_ms = CAST($2 AS bigint),
    tries = tries + 1
WHERE outbox_id = $1
-- name: outbox_read
SELECT o.outbox_id, j.job_id, j.epoch, o.tries, j.model_type, j.data_path, j.params, o.traceparent
FROM outbox o JOIN jobs j ON j.job_id = o.job_id
WHERE o.outbox_id = $1
-- name: outbox_renew
UPDATE outbox SET taken_until_ms = {now} + CAST($2 AS bigint), hold_ms = CAST($2 AS bigint)
WHERE outbox_id = $1
-- name: outbox_waits
SELECT 1 FROM outbox WHERE task = $1 AND (taken_until_ms < {now}
    OR (hold_ms > 0 AND taken_until_ms > {now} + hold_ms + 1000)) LIMIT 1
-- name: outbox_confirm
DELETE FROM outbox WHERE outbox_id = $1
-- name: outbox_return
UPDATE outbox SET taken_until_ms = 0 WHERE outbox_id = $1
-- name: outbox_refill
INSERT INTO outbox (job_id, task, created_ms)
SELECT j.job_id, j.task, {now} FROM jobs j WHERE j.status = 'pending' AND j.task = $2
    AND (j.queued_ms < {now} - CAST($1 AS bigint) OR j.queued_ms > {now} + 1000)
    AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.job_id = j.job_id)
-- name: outbox_refilled
UPDATE jobs SET queued_ms = {now} WHERE status = 'pending' AND task = $2
    AND (queued_ms < {now} - CAST($1 AS bigint) OR queued_ms > {now} + 1000)
-- name: outbox_depth
SELECT (SELECT count(*) FROM outbox WHERE task = $1),
    (SELECT count(*) FROM dead_letters WHERE task = $1),
    (SELECT count(*) FROM workers WHERE task = $1 AND seen_ms > {now} - 15000)
-- name: dead_letter_add
INSERT INTO dead_letters (job_id, why, task, at_ms) VALUES ($1, $2, $3, {now})
