-- What the feed of changes asks (feed.c).
-- name: event_feed
SELECT e.event_id, e.job_id, e.user_id, e.kind, e.message FROM job_events e WHERE e.event_id > $1
ORDER BY e.event_id LIMIT $2
-- name: move_feed
SELECT {move_rows} WHERE v.move_id > $1 ORDER BY v.move_id LIMIT $2
-- name: move_newest
SELECT coalesce(max(move_id), 0) FROM registry_moves
-- name: active_feed
SELECT j.job_id, j.user_id, j.updated_ms, j.iteration, j.progress, j.message FROM jobs j
WHERE j.lease_until_ms > 0
-- name: job_feed
SELECT {job_columns}, NULL, {job_position} FROM jobs j WHERE j.job_id = $1

-- The curves of a job's attempt and the last step of each: one seek in the key for each name.
-- part: attempt_points
FROM job_points p WHERE p.job_id = a.job_id AND p.attempt = a.attempt
-- name: curve_feed
WITH RECURSIVE a AS (SELECT j.job_id, j.attempt FROM jobs j WHERE j.job_id = $1),
n(name) AS (
    SELECT (SELECT min(p.name) {attempt_points}) FROM a
    UNION ALL
    SELECT (SELECT min(p.name) {attempt_points} AND p.name > n.name) FROM n, a WHERE n.name IS NOT NULL)
SELECT a.attempt, n.name, (SELECT max(p.step) {attempt_points} AND p.name = n.name) FROM n, a
WHERE n.name IS NOT NULL
-- name: point_feed
SELECT p.attempt, p.name, p.step, p.value, p.at_ms FROM job_points p
WHERE p.job_id = $1 AND p.attempt = $2 AND p.name = $3 AND p.step > $4 ORDER BY p.step LIMIT $5
