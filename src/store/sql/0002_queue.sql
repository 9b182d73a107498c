-- For the queue: what a message carries beside its job, and the messages that were given up.
ALTER TABLE outbox ADD COLUMN traceparent text;

CREATE TABLE dead_letters (
    dead_id {id},
    job_id bigint NOT NULL,
    why text NOT NULL,
    at_ms bigint NOT NULL
);
