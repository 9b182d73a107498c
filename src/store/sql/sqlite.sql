-- What SQLite says in its own way. The twin is postgres.sql.

-- part: sqlite_id
integer PRIMARY KEY AUTOINCREMENT
-- part: sqlite_now
CAST(unixepoch('subsec') * 1000 AS integer)
-- part: sqlite_greatest
max
-- part: sqlite_least
min
-- part: sqlite_position
instr
-- part: sqlite_lock

-- part: sqlite_skip_locked

-- name: schema_table
CREATE TABLE IF NOT EXISTS schema_version (version bigint NOT NULL)

-- SQLite has one writer at a time: events are in order by themselves.
-- name: event_order
SELECT 1

-- name: schema_lock
SELECT 1

-- Another number after each commit of another connection.
-- name: tick_read
PRAGMA data_version
