-- How many jobs a user has, so that a list of 100,000 need not count them; and those that have not
-- ended, for the limit of each user.
ALTER TABLE users ADD COLUMN job_count bigint NOT NULL DEFAULT 0;
UPDATE users SET job_count = (SELECT count(*) FROM jobs j WHERE j.user_id = users.user_id);
CREATE INDEX jobs_open ON jobs (user_id) WHERE status NOT IN ('completed', 'failed');
