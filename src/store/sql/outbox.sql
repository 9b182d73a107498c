-- name: outbox_add
INSERT INTO outbox (job_id, traceparent, created_ms) VALUES ($1, $2, {now})
-- name: outbox_find
SELECT outbox_id, job_id FROM outbox WHERE taken_until_ms < {now}
ORDER BY outbox_id LIMIT $1 {skip_locked}
-- name: outbox_hold
UPDATE outbox SET taken_until_ms = {now} + CAST($2 AS bigint), tries = tries + 1
WHERE outbox_id = $1
-- name: outbox_read
SELECT o.outbox_id, j.job_id, j.epoch, o.tries, j.model_type, j.data_path, j.params, o.traceparent
FROM outbox o JOIN jobs j ON j.job_id = o.job_id
WHERE o.outbox_id = $1
-- name: outbox_renew
UPDATE outbox SET taken_until_ms = {now} + CAST($2 AS bigint) WHERE outbox_id = $1
-- name: outbox_waits
SELECT 1 FROM outbox WHERE taken_until_ms < {now} LIMIT 1
-- name: outbox_confirm
DELETE FROM outbox WHERE outbox_id = $1
-- name: outbox_return
UPDATE outbox SET taken_until_ms = 0 WHERE outbox_id = $1
-- name: outbox_refill
INSERT INTO outbox (job_id, created_ms)
SELECT j.job_id, {now} FROM jobs j WHERE j.status = 'pending'
    AND j.queued_ms < {now} - CAST($1 AS bigint)
    AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.job_id = j.job_id)
-- name: outbox_refilled
UPDATE jobs SET queued_ms = {now} WHERE status = 'pending'
    AND queued_ms < {now} - CAST($1 AS bigint)
-- name: outbox_depth
SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM dead_letters),
    (SELECT count(*) FROM workers WHERE seen_ms > {now} - 15000)
-- name: dead_letter_add
INSERT INTO dead_letters (job_id, why, at_ms) VALUES ($1, $2, {now})
