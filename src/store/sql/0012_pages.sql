-- Each index is a page more that a new job writes, so those that a query can do without go: counting
-- by status goes by jobs_by_user_status, and nobody lists the events of all jobs of a user.
DROP INDEX jobs_counted;
CREATE INDEX jobs_died ON jobs (task, deaths) WHERE deaths > 0;
DROP INDEX job_events_by_user;
