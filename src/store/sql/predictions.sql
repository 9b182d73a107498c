-- Predictions: jobs of the task predict, with their model and their file (predictions.c).

-- A status in the words of predictions.
-- part: prediction_status
CASE WHEN j.status = 'failed' AND j.error_code = 'cancelled' THEN 'cancelled'
    WHEN j.status = 'preprocessing' THEN 'loading_data'
    WHEN j.status = 'training' THEN 'predicting' ELSE j.status END
-- part: prediction_columns
p.model_id, m.model_type, n.name, m.version, m.path, m.sha256, m.size_bytes,
p.file_path, p.file_sha256, p.file_bytes, p.file_rows, p.file_users
-- part: prediction_rows
FROM predictions p JOIN jobs j ON j.job_id = p.job_id LEFT JOIN models m ON m.model_id = p.model_id
LEFT JOIN registry_names n ON n.name_id = m.name_id

-- name: prediction_add
INSERT INTO predictions (job_id, user_id, model_id)
SELECT CAST($1 AS bigint), m.user_id, m.model_id FROM models m WHERE m.model_id = $2 AND m.user_id = $3
-- name: prediction_users_add
INSERT INTO prediction_users (job_id, user_ids) VALUES ($1, $2)
-- name: prediction_users_read
SELECT user_ids FROM prediction_users WHERE job_id = $1
-- name: prediction_read
SELECT {job_columns}, {job_result}, {job_position}, {prediction_columns} {prediction_rows}
WHERE p.job_id = $1 AND (CAST($2 AS bigint) = 0 OR p.user_id = $2)
-- name: prediction_read_brief
SELECT {job_columns}, NULL, {job_position}, {prediction_columns} {prediction_rows}
WHERE p.job_id = $1 AND (CAST($2 AS bigint) = 0 OR p.user_id = $2)
-- name: prediction_list
SELECT {job_columns}, NULL, {job_position}, {prediction_columns} {prediction_rows}
WHERE p.user_id = $1 AND p.job_id < $2
    AND (CAST($3 AS text) = '' OR {position}(CAST($3 AS text), ',' || {prediction_status} || ',') > 0)
    AND (CAST($4 AS bigint) = 0 OR p.model_id = $4)
ORDER BY p.job_id DESC LIMIT $5
-- name: prediction_finish
UPDATE predictions SET file_path = $2, file_sha256 = $3, file_bytes = $4, file_rows = $5, file_users = $6
WHERE job_id = $1
