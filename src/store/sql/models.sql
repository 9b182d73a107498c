-- part: model_columns
m.model_id, m.job_id, m.user_id, m.model_type, m.path, m.sha256, m.size_bytes, m.created_ms,
j.name, j.metrics, j.run
-- name: model_read
SELECT {model_columns} FROM models m JOIN jobs j ON j.job_id = m.job_id
WHERE m.model_id = $1 AND m.user_id = $2
-- name: model_of_job
SELECT {model_columns} FROM models m JOIN jobs j ON j.job_id = m.job_id
WHERE m.job_id = $1 AND m.user_id = $2
-- name: model_list
SELECT {model_columns} FROM models m JOIN jobs j ON j.job_id = m.job_id
WHERE m.user_id = $1 AND m.model_id < $2 ORDER BY m.model_id DESC LIMIT $3
-- name: model_remove
DELETE FROM models WHERE model_id = $1 AND user_id = $2
-- name: model_file
SELECT j.status, (SELECT count(*) FROM models m WHERE m.path = $2) FROM jobs j WHERE j.job_id = $1
-- name: model_check_read
SELECT stamp FROM model_checks WHERE model_id = $1
-- name: model_check_write
INSERT INTO model_checks (model_id, stamp, checked_ms)
SELECT m.model_id, $2, {now} FROM models m WHERE m.model_id = $1
ON CONFLICT (model_id) DO UPDATE SET stamp = excluded.stamp, checked_ms = excluded.checked_ms
