-- part: user_columns
u.user_id, u.email, u.password_hash, u.is_admin, u.created_ms

-- name: user_create
INSERT INTO users (email, password_hash, is_admin, created_ms)
VALUES (lower(CAST($1 AS text)), $2, $3, {now}) RETURNING user_id
-- name: user_find
SELECT {user_columns} FROM users u WHERE u.email = lower(CAST($1 AS text))
-- name: user_read
SELECT {user_columns} FROM users u WHERE u.user_id = $1
-- name: user_list
SELECT {user_columns} FROM users u WHERE u.user_id > $1 ORDER BY u.user_id LIMIT $2
-- name: user_set_password
UPDATE users SET password_hash = $2 WHERE user_id = $1
-- name: user_renew_hash
UPDATE users SET password_hash = $3 WHERE user_id = $1 AND password_hash = $2
-- name: user_set_admin
UPDATE users SET is_admin = $2 WHERE user_id = $1
-- name: user_lock
SELECT user_id FROM users WHERE user_id = $1 {lock}
-- name: user_running
SELECT count(*) FROM jobs WHERE user_id = $1
    AND status IN ('pending', 'loading_data', 'preprocessing', 'training')
-- What refers to one another is taken away in an order of ours: the database's own is not defined.
-- name: user_remove_aliases
DELETE FROM registry_aliases WHERE name_id IN (SELECT n.name_id FROM registry_names n WHERE n.user_id = $1)
-- name: user_remove_models
DELETE FROM models WHERE user_id = $1
-- name: user_remove_names
DELETE FROM registry_names WHERE user_id = $1
-- name: user_remove
DELETE FROM users WHERE user_id = $1

-- name: session_create
INSERT INTO sessions (user_id, token_hash, agent, address, idle_ms, created_ms, seen_ms, expires_ms)
SELECT CAST($1 AS bigint), CAST($2 AS text), CAST($3 AS text), CAST($4 AS text),
    CAST($5 AS bigint), n.now, n.now, n.now + CAST($6 AS bigint) FROM (SELECT {now} AS now) n
RETURNING session_id
-- part: session_columns
s.session_id, s.user_id, u.email, u.is_admin, s.agent, s.address, s.created_ms, s.seen_ms,
s.expires_ms
-- part: session_lives
s.expires_ms > {now} AND s.seen_ms + s.idle_ms > {now}
-- name: session_find
SELECT {session_columns}, {now} FROM sessions s JOIN users u ON u.user_id = s.user_id
WHERE s.token_hash = $1 AND {session_lives}
-- name: session_seen
UPDATE sessions SET seen_ms = {now} WHERE session_id = $1
-- name: session_list
SELECT {session_columns} FROM sessions s JOIN users u ON u.user_id = s.user_id
WHERE s.user_id = $1 AND {session_lives} ORDER BY s.session_id DESC LIMIT 1000
-- name: session_end
DELETE FROM sessions WHERE user_id = $1 AND session_id = $2
-- name: session_end_others
DELETE FROM sessions WHERE user_id = $1 AND session_id <> $2
-- name: session_end_unkept
DELETE FROM sessions WHERE user_id = $1 AND token_hash <> $2

-- name: token_create
INSERT INTO api_tokens (user_id, token_hash, name, scope, created_ms, seen_ms, expires_ms)
SELECT CAST($1 AS bigint), CAST($2 AS text), CAST($3 AS text), CAST($4 AS text), n.now, 0,
    CASE WHEN CAST($5 AS bigint) > 0 THEN n.now + CAST($5 AS bigint) ELSE 0 END
FROM (SELECT {now} AS now) n RETURNING token_id
-- part: token_columns
t.token_id, t.user_id, u.email, u.is_admin, t.name, t.scope, t.created_ms, t.seen_ms, t.expires_ms
-- part: token_lives
(t.expires_ms = 0 OR t.expires_ms > {now})
-- name: token_find
SELECT {token_columns}, {now} FROM api_tokens t JOIN users u ON u.user_id = t.user_id
WHERE t.token_hash = $1 AND {token_lives}
-- name: token_seen
UPDATE api_tokens SET seen_ms = {now} WHERE token_id = $1
-- name: token_list
SELECT {token_columns} FROM api_tokens t JOIN users u ON u.user_id = t.user_id
WHERE t.user_id = $1 AND {token_lives} ORDER BY t.token_id DESC LIMIT 1000
-- name: token_remove
DELETE FROM api_tokens WHERE user_id = $1 AND token_id = $2
