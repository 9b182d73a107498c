-- part: model_columns
m.model_id, m.job_id, m.user_id, m.model_type, m.path, m.sha256, m.size_bytes, m.created_ms,
j.name, j.metrics, j.run, j.params, j.popular_metrics, n.name, m.version, m.note, m.source,
m.program_version,
(SELECT string_agg(a.alias, ',' ORDER BY a.alias) FROM registry_aliases a WHERE a.model_id = m.model_id),
(SELECT string_agg(t.tag, ',' ORDER BY t.tag) FROM model_tags t WHERE t.model_id = m.model_id)
-- part: model_rows
models m JOIN jobs j ON j.job_id = m.job_id JOIN registry_names n ON n.name_id = m.name_id
-- name: model_read
SELECT {model_columns}, NULL FROM {model_rows} WHERE m.model_id = $1 AND m.user_id = $2
-- name: model_of_job
SELECT {model_columns}, NULL FROM {model_rows} WHERE m.job_id = $1 AND m.user_id = $2
-- name: model_of_alias
SELECT {model_columns}, l.alias FROM registry_names n
JOIN registry_aliases l ON l.name_id = n.name_id AND l.alias = CAST($3 AS text)
JOIN models m ON m.model_id = l.model_id JOIN jobs j ON j.job_id = m.job_id
WHERE n.user_id = $1 AND n.name = CAST($2 AS text)
-- name: model_of_version
SELECT {model_columns}, NULL FROM {model_rows}
WHERE n.user_id = $1 AND n.name = CAST($2 AS text) AND m.version = $3
-- name: model_newest
SELECT {model_columns}, NULL FROM {model_rows}
WHERE n.user_id = $1 AND n.name = CAST($2 AS text) ORDER BY m.version DESC LIMIT 1
-- name: model_list
SELECT {model_columns}, NULL FROM {model_rows}
WHERE m.user_id = $1 AND m.model_id < $2 ORDER BY m.model_id DESC LIMIT $3
-- name: model_list_filtered
SELECT {model_columns}, NULL FROM {model_rows}
WHERE m.user_id = $1 AND m.model_id < $2
    AND (CAST($4 AS text) IS NULL OR n.name = CAST($4 AS text))
    AND (CAST($5 AS text) IS NULL
        OR EXISTS (SELECT 1 FROM model_tags q WHERE q.model_id = m.model_id AND q.tag = CAST($5 AS text)))
ORDER BY m.model_id DESC LIMIT $3
-- The row of a model that somebody wants to change, or to remove; locks its name too. $2 = 0: whoever's.
-- name: model_owned
SELECT n.name, m.version, m.size_bytes, m.user_id FROM models m
JOIN registry_names n ON n.name_id = m.name_id
WHERE m.model_id = $1 AND (CAST($2 AS bigint) = 0 OR m.user_id = $2) {lock}
-- Asked after the lock: what others committed meanwhile must count.
-- name: model_first_alias
SELECT min(alias) FROM registry_aliases WHERE model_id = $1
-- name: model_id_of_job
SELECT model_id FROM models WHERE job_id = $1
-- An import is a job that is recorded when it is done. It goes when its model does.
-- name: import_add
INSERT INTO jobs (user_id, name, model_type, data_path, params, run, status, turn, task, metrics,
    progress, created_ms, queued_ms, started_ms, ended_ms, updated_ms)
SELECT CAST($1 AS bigint), CAST($2 AS text), CAST($3 AS text), CAST($4 AS text), CAST($5 AS text),
    CAST($6 AS text), 'completed', 0, 'import', CAST($7 AS text), 1, n.now, n.now, n.now, n.now, n.now
FROM (SELECT {now} AS now) n RETURNING job_id
-- name: import_of_model
SELECT j.job_id FROM models m JOIN jobs j ON j.job_id = m.job_id
WHERE m.model_id = $1 AND j.task = 'import'
-- name: user_kept
SELECT model_count, model_bytes FROM users WHERE user_id = $1
-- name: model_note
UPDATE models SET note = $2 WHERE model_id = $1
-- name: model_place
UPDATE models SET name_id = $2, version = $3 WHERE model_id = $1
-- name: tags_clear
DELETE FROM model_tags WHERE model_id = $1
-- name: tag_add
INSERT INTO model_tags (model_id, tag) VALUES ($1, $2) ON CONFLICT (model_id, tag) DO NOTHING
-- name: model_remove
DELETE FROM models WHERE model_id = $1
-- name: model_file
SELECT j.status, (SELECT count(*) FROM models m WHERE m.path = $2) FROM jobs j WHERE j.job_id = $1
-- name: model_check_read
SELECT stamp FROM model_checks WHERE model_id = $1
-- name: model_check_write
INSERT INTO model_checks (model_id, stamp, checked_ms)
SELECT m.model_id, $2, {now} FROM models m WHERE m.model_id = $1
ON CONFLICT (model_id) DO UPDATE SET stamp = excluded.stamp, checked_ms = excluded.checked_ms
-- name: model_add
INSERT INTO models (job_id, user_id, model_type, path, sha256, size_bytes, created_ms, name_id,
    version, source, program_version)
VALUES ($1, $2, $3, $4, $5, $6, {now}, $7, $8, $9, $10) RETURNING model_id
-- name: models_count
UPDATE users SET model_count = model_count + CAST($2 AS bigint),
    model_bytes = model_bytes + CAST($3 AS bigint) WHERE user_id = $1
