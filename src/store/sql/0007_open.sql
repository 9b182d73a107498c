-- Open jobs are counted by jobs_by_user_status, and only for users who may have too many.
DROP INDEX jobs_open;
