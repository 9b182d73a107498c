-- The next version of a name, which comes into being with its first. Locks the name.
-- name: name_next
INSERT INTO registry_names AS n (user_id, name, last_version, created_ms)
SELECT CAST($1 AS bigint), CAST($2 AS text), 1, {now} FROM users u WHERE u.user_id = $1
ON CONFLICT (user_id, name) DO UPDATE SET last_version = n.last_version + 1
RETURNING name_id, last_version
-- name: name_lock
SELECT n.name_id FROM registry_names n WHERE n.user_id = $1 AND n.name = $2 {lock}

-- part: name_columns
n.name_id, n.name, n.gate, n.margin, n.created_ms,
(SELECT count(*) FROM models m WHERE m.name_id = n.name_id),
coalesce((SELECT max(m.version) FROM models m WHERE m.name_id = n.name_id), 0)
-- name: name_read
SELECT {name_columns} FROM registry_names n WHERE n.user_id = $1 AND n.name = $2
-- name: name_list
SELECT {name_columns} FROM registry_names n
WHERE n.user_id = $1 AND n.name > $2
    AND EXISTS (SELECT 1 FROM models m WHERE m.name_id = n.name_id)
ORDER BY n.name LIMIT $3
-- name: name_set_gate
UPDATE registry_names SET gate = $3, margin = $4 WHERE user_id = $1 AND name = $2

-- Of the names from $2 to $3, which are those of one page.
-- name: alias_list
SELECT a.name_id, a.alias, a.model_id, m.version, a.since_ms
FROM registry_names n JOIN registry_aliases a ON a.name_id = n.name_id
JOIN models m ON m.model_id = a.model_id
WHERE n.user_id = $1 AND n.name >= $2 AND n.name <= $3 ORDER BY n.name, a.alias
-- name: alias_where
SELECT a.model_id, m.version FROM registry_aliases a JOIN models m ON m.model_id = a.model_id
WHERE a.name_id = $1 AND a.alias = $2
-- name: alias_count
SELECT count(*) FROM registry_aliases WHERE name_id = $1
-- name: alias_set
INSERT INTO registry_aliases (name_id, alias, model_id, since_ms) VALUES ($1, $2, $3, {now})
ON CONFLICT (name_id, alias) DO UPDATE SET model_id = excluded.model_id, since_ms = excluded.since_ms
-- name: alias_clear
DELETE FROM registry_aliases WHERE name_id = $1 AND alias = $2
-- name: version_of
SELECT version FROM models WHERE model_id = $1 AND name_id = $2

-- name: move_add
INSERT INTO registry_moves (name_id, alias, kind, from_model_id, from_version, to_model_id,
    to_version, by_whom, is_overridden, reason, verdict, at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, {now}) RETURNING move_id
-- part: move_rows
v.move_id, v.alias, v.kind, v.from_model_id, v.from_version, v.to_model_id, v.to_version,
v.by_whom, v.is_overridden, v.reason, v.verdict, v.at_ms, n.user_id, n.name
FROM registry_moves v JOIN registry_names n ON n.name_id = v.name_id
-- name: move_last
SELECT {move_rows} WHERE v.name_id = $1 AND v.alias = $2
ORDER BY v.move_id DESC LIMIT 1
-- name: move_list
SELECT {move_rows}
WHERE v.name_id = $1 AND (CAST($2 AS text) IS NULL OR v.alias = CAST($2 AS text))
    AND v.at_ms <= $3 AND v.move_id < $4
ORDER BY v.move_id DESC LIMIT $5
-- name: move_then
SELECT {move_rows}
WHERE v.move_id IN (SELECT max(o.move_id) FROM registry_moves o
        WHERE o.name_id = $1 AND o.at_ms <= $3 GROUP BY o.alias)
    AND (CAST($2 AS text) IS NULL OR v.alias = CAST($2 AS text)) AND v.to_version > 0
ORDER BY v.alias

-- name: comparison_read
SELECT k, users, difference, low, high FROM model_comparisons
WHERE model_id = $1 AND against_id = $2
-- name: comparison_keep
INSERT INTO model_comparisons (model_id, against_id, k, users, difference, low, high)
SELECT m.model_id, o.model_id, CAST($3 AS bigint), CAST($4 AS bigint),
    CAST($5 AS double precision), CAST($6 AS double precision), CAST($7 AS double precision)
FROM models m, models o WHERE m.model_id = $1 AND o.model_id = $2
ON CONFLICT (model_id, against_id) DO NOTHING
