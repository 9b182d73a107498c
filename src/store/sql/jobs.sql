-- The fair queue. A job's turn is one after the last turn of its user, but not before the turn that
-- is being served: so users alternate whatever they have waiting, and who comes late does not have
-- to wait for all that others put in before (start-time fair queueing, Goyal, Vin, Cheng 1996).
-- Each task has turns of its own; job_count is of what people have trained.
-- name: job_turn
UPDATE users SET job_count = job_count + 1,
    last_turn = {greatest}(last_turn + 1, coalesce(
        (SELECT max(j.turn) FROM jobs j WHERE j.epoch > 0 AND j.task = 'train'), 0))
WHERE user_id = $1 RETURNING last_turn, job_count, model_count, model_bytes
-- name: job_turn_predict
UPDATE users SET
    last_predict_turn = {greatest}(last_predict_turn + 1, coalesce(
        (SELECT max(j.turn) FROM jobs j WHERE j.epoch > 0 AND j.task = 'predict'), 0))
WHERE user_id = $1 RETURNING last_predict_turn, CAST(9223372036854775807 AS bigint), model_count, model_bytes

-- name: job_create
INSERT INTO jobs (user_id, name, model_type, data_path, params, run, source_id, status, turn,
    task, model_name, created_ms, queued_ms, updated_ms)
SELECT CAST($1 AS bigint), CAST($2 AS text), CAST($3 AS text), CAST($4 AS text), CAST($5 AS text),
    CAST($6 AS text), CAST($7 AS bigint), 'pending', CAST($8 AS bigint), CAST($9 AS text),
    CAST($10 AS text), n.now, n.now, n.now
FROM (SELECT {now} AS now) n RETURNING job_id

-- Counts no further than $2.
-- name: job_count_open
SELECT count(*) FROM (SELECT 1 FROM jobs WHERE user_id = $1
    AND status IN ('pending', 'loading_data', 'preprocessing', 'training') AND task = $3 LIMIT $2) o

-- name: key_find
SELECT job_id, body_hash FROM idempotency_keys
WHERE user_id = $1 AND key = $2 AND created_ms > {now} - 86400000
-- name: key_add
INSERT INTO idempotency_keys (user_id, key, body_hash, job_id, created_ms)
VALUES ($1, $2, $3, $4, {now})
ON CONFLICT (user_id, key) DO UPDATE SET body_hash = excluded.body_hash, job_id = excluded.job_id,
    created_ms = excluded.created_ms

-- Of the user's own, and of this task unless it is ''.
-- part: job_owner
j.user_id = $2 AND (CAST($3 AS text) = '' OR j.task = CAST($3 AS text))

-- name: job_read
SELECT {job_columns}, {job_result}, {job_position} FROM jobs j
WHERE j.job_id = $1 AND {job_owner}
-- name: job_read_any
SELECT {job_columns}, {job_result}, {job_position} FROM jobs j WHERE j.job_id = $1

-- name: job_read_brief
SELECT {job_columns}, NULL, {job_position} FROM jobs j WHERE j.job_id = $1 AND {job_owner}

-- What was trained; predictions have lists of their own.
-- part: job_filter
j.user_id = $1 AND j.task = 'train'
AND (CAST($2 AS text) = '' OR {position}(CAST($2 AS text), ',' || {shown_status} || ',') > 0)
AND (CAST($3 AS text) = '' OR j.model_type = CAST($3 AS text))
AND (CAST($4 AS text) = '' OR {position}(lower(coalesce(j.name, '') || ' ' || j.data_path || ' ' || j.model_type), lower(CAST($4 AS text))) > 0)
-- name: job_list_newest
SELECT {job_columns}, 0 FROM jobs j WHERE {job_filter} AND j.job_id < $5
ORDER BY j.job_id DESC LIMIT $6
-- name: job_list_oldest
SELECT {job_columns}, 0 FROM jobs j WHERE {job_filter} AND j.job_id > $5
ORDER BY j.job_id LIMIT $6

-- name: job_count_all
SELECT job_count FROM users WHERE user_id = $1
-- name: job_count_filtered
SELECT count(*) FROM jobs j WHERE {job_filter}

-- One stored status ($7), or none that has ended: an index holds them. A plus keeps SQLite from
-- walking through all jobs for their order.
-- name: job_list_newest_of_status
SELECT {job_columns}, 0 FROM jobs j WHERE {job_filter} AND j.status = CAST($7 AS text) AND j.job_id < $5
ORDER BY j.job_id DESC LIMIT $6
-- name: job_list_oldest_of_status
SELECT {job_columns}, 0 FROM jobs j WHERE {job_filter} AND j.status = CAST($7 AS text) AND j.job_id > $5
ORDER BY j.job_id LIMIT $6
-- part: is_open
j.status IN ('pending', 'loading_data', 'preprocessing', 'training')
-- name: job_list_newest_open
SELECT {job_columns}, 0 FROM jobs j WHERE {job_filter} AND {is_open} AND +j.job_id < $5
ORDER BY +j.job_id DESC LIMIT $6
-- name: job_list_oldest_open
SELECT {job_columns}, 0 FROM jobs j WHERE {job_filter} AND {is_open} AND +j.job_id > $5
ORDER BY +j.job_id LIMIT $6
-- name: job_count_of_status
SELECT count(*) FROM jobs j WHERE {job_filter} AND j.status = CAST($5 AS text)
-- name: job_count_of_open
SELECT count(*) FROM jobs j WHERE {job_filter} AND {is_open}

-- By a metric ($7): those that have it, along its index from the last row of the page before ($8,
-- $5); then, by job_list_without_metric, those that have not, the oldest first.
-- name: job_list_by_metric
SELECT {job_columns}, k.value FROM (
    SELECT m.job_id, m.value FROM job_metrics m JOIN jobs j ON j.job_id = m.job_id
    WHERE m.user_id = $1 AND m.name = CAST($7 AS text)
        AND (m.value, m.job_id) > (CAST($8 AS double precision), $5) AND {job_filter}
    ORDER BY m.value, m.job_id LIMIT $6) k
JOIN jobs j ON j.job_id = k.job_id ORDER BY k.value, k.job_id
-- name: job_list_by_metric_down
SELECT {job_columns}, k.value FROM (
    SELECT m.job_id, m.value FROM job_metrics m JOIN jobs j ON j.job_id = m.job_id
    WHERE m.user_id = $1 AND m.name = CAST($7 AS text)
        AND (m.value, m.job_id) < (CAST($8 AS double precision), $5) AND {job_filter}
    ORDER BY m.value DESC, m.job_id DESC LIMIT $6) k
JOIN jobs j ON j.job_id = k.job_id ORDER BY k.value DESC, k.job_id DESC
-- name: job_list_without_metric
SELECT {job_columns}, 1e300 FROM jobs j WHERE {job_filter} AND j.job_id > $5
    AND NOT EXISTS (SELECT 1 FROM job_metrics m WHERE m.job_id = j.job_id AND m.name = CAST($7 AS text))
ORDER BY j.job_id LIMIT $6

-- The keys of the page are found first, so that only its own rows are read whole.
-- By a number: $7 is the order's name, $8 is 1 or -1 for its direction, $9 the key of the last row
-- of the page before. What has no value comes last either way.
-- part: number_key
coalesce(CAST($8 AS double precision) * CASE CAST($7 AS text)
    WHEN 'updated' THEN j.updated_ms
    WHEN 'started' THEN CASE WHEN j.started_ms > 0 THEN j.started_ms END
    WHEN 'duration' THEN CASE WHEN j.started_ms > 0 AND j.ended_ms > 0 THEN j.ended_ms - j.started_ms END
    WHEN 'progress' THEN j.progress END,
1e300)
-- name: job_list_by_number
SELECT {job_columns}, k.sort_key FROM (
    SELECT i.job_id, i.sort_key FROM (SELECT j.job_id, {number_key} AS sort_key FROM jobs j WHERE {job_filter}) i
    WHERE (i.sort_key, i.job_id) > (CAST($9 AS double precision), $5) ORDER BY i.sort_key, i.job_id LIMIT $6) k
JOIN jobs j ON j.job_id = k.job_id ORDER BY k.sort_key, k.job_id

-- part: text_key
lower(CASE CAST($7 AS text) WHEN 'name' THEN coalesce(j.name, '') WHEN 'model_type' THEN j.model_type ELSE {shown_status} END)
-- name: job_list_by_text
SELECT {job_columns}, k.sort_key FROM (
    SELECT i.job_id, i.sort_key FROM (SELECT j.job_id, {text_key} AS sort_key FROM jobs j WHERE {job_filter}) i
    WHERE (i.sort_key, i.job_id) > (CAST($8 AS text), $5) ORDER BY i.sort_key, i.job_id LIMIT $6) k
JOIN jobs j ON j.job_id = k.job_id ORDER BY k.sort_key, k.job_id
-- name: job_list_by_text_down
SELECT {job_columns}, k.sort_key FROM (
    SELECT i.job_id, i.sort_key FROM (SELECT j.job_id, {text_key} AS sort_key FROM jobs j WHERE {job_filter}) i
    WHERE CAST($5 AS bigint) = 0 OR (i.sort_key, i.job_id) < (CAST($8 AS text), $5) ORDER BY i.sort_key DESC, i.job_id DESC LIMIT $6) k
JOIN jobs j ON j.job_id = k.job_id ORDER BY k.sort_key DESC, k.job_id DESC

-- part: event_columns
e.event_id, e.job_id, e.kind, e.message, e.at_ms
-- name: event_list
SELECT {event_columns} FROM job_events e WHERE e.user_id = $1 AND e.event_id > $2
ORDER BY e.event_id LIMIT $3
-- name: event_list_of_job
SELECT {event_columns} FROM job_events e WHERE e.job_id = $4 AND e.user_id = $1 AND e.event_id > $2
ORDER BY e.event_id LIMIT $3
-- name: event_last
SELECT coalesce(max(event_id), 0) FROM job_events

-- name: job_owned
SELECT j.status, j.cancel_requested FROM jobs j WHERE j.job_id = $1 AND {job_owner} {lock}
-- name: job_owned_any
SELECT status, cancel_requested FROM jobs WHERE job_id = $1 {lock}
-- name: job_there
SELECT 1 FROM jobs j WHERE j.job_id = $1 AND (CAST($2 AS bigint) = 0 OR {job_owner})
-- name: point_list
SELECT p.attempt, p.name, p.step, p.value, p.at_ms FROM job_points p
WHERE p.job_id = $1 AND p.attempt = (SELECT max(q.attempt) FROM job_points q WHERE q.job_id = $1)
ORDER BY p.name, p.step LIMIT 10000

-- name: job_ask_cancel
UPDATE jobs SET cancel_requested = 1, updated_ms = {now} WHERE job_id = $1
-- The time rises even within a millisecond, so that whoever read the job before can be told.
-- name: job_rename
UPDATE jobs SET name = CAST($3 AS text), updated_ms = {greatest}(updated_ms + 1, {now})
WHERE job_id = $1 AND user_id = $2 AND task = 'train' AND (CAST($4 AS bigint) = 0 OR updated_ms = $4)
-- name: job_uncount
UPDATE users SET job_count = job_count - 1
WHERE user_id = (SELECT j.user_id FROM jobs j WHERE j.job_id = $1 AND j.task = 'train')
-- The last event of a job: its message tells the task, since the row is gone.
-- name: event_removed
INSERT INTO job_events (job_id, user_id, kind, message, at_ms)
SELECT j.job_id, j.user_id, 'removed', CASE WHEN j.task <> 'train' THEN j.task END, {now} FROM jobs j
WHERE j.job_id = $1
-- name: job_remove_events
DELETE FROM job_events WHERE job_id = $1
-- name: job_remove
DELETE FROM jobs WHERE job_id = $1
