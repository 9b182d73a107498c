-- What a job is for; those that wait, by task, each in an order of its own.
ALTER TABLE jobs ADD COLUMN task text NOT NULL DEFAULT 'train'
    CHECK (task IN ('train', 'predict', 'import'));
ALTER TABLE users ADD COLUMN last_predict_turn bigint NOT NULL DEFAULT 0;
DROP INDEX jobs_pending;
CREATE INDEX jobs_pending ON jobs (task, turn, job_id) WHERE status = 'pending';
DROP INDEX jobs_served;
CREATE INDEX jobs_served ON jobs (task, turn) WHERE epoch > 0;
DROP INDEX jobs_by_user_status;
CREATE INDEX jobs_by_user_status ON jobs (user_id, status, job_id, error_code, task);
DROP INDEX jobs_counted;
CREATE INDEX jobs_counted ON jobs (error_code, status, cancel_requested, deaths, created_ms, task);
ALTER TABLE outbox ADD COLUMN task text NOT NULL DEFAULT 'train';
CREATE INDEX outbox_by_task ON outbox (task, outbox_id);
ALTER TABLE dead_letters ADD COLUMN task text NOT NULL DEFAULT 'train';
ALTER TABLE workers ADD COLUMN task text NOT NULL DEFAULT 'train';
