-- Pages of a history of 100,000 jobs: by a metric, and of one status, from an index rather than by a
-- look at all of them.
ALTER TABLE job_metrics ADD COLUMN user_id bigint NOT NULL DEFAULT 0;
UPDATE job_metrics SET user_id = (SELECT j.user_id FROM jobs j WHERE j.job_id = job_metrics.job_id);
CREATE INDEX job_metrics_by_value ON job_metrics (user_id, name, value, job_id);
CREATE INDEX jobs_by_user_status ON jobs (user_id, status, job_id, error_code);
