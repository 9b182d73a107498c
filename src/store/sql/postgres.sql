-- What PostgreSQL says in its own way. The twin is sqlite.sql.

-- part: postgres_id
bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY
-- part: postgres_now
CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS bigint)
-- part: postgres_greatest
greatest
-- part: postgres_least
least
-- part: postgres_position
strpos
-- part: postgres_lock
FOR UPDATE
-- part: postgres_skip_locked
FOR UPDATE SKIP LOCKED

-- name: schema_table
CREATE TABLE IF NOT EXISTS schema_version (version bigint NOT NULL)

-- Events become visible in the order of their numbers, so that a reader who goes on after the last
-- one it saw misses none: whoever adds one waits for the commit of the one before.
-- name: event_order
SELECT pg_advisory_xact_lock(7231844901)

-- Two servers that start at once must not both migrate.
-- name: schema_lock
SELECT pg_advisory_xact_lock(7231844900)

-- Which transactions are over, as new readers see it: another text after each that wrote.
-- name: tick_read
SELECT CAST(pg_current_snapshot() AS text)
