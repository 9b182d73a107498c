-- What waits is found by jobs_pending alone, in its order; an index by status would be taken
-- instead, and all that waits be sorted. Counting by status needs no row with this one, which does
-- not begin with the status for that reason.
DROP INDEX jobs_by_status;
CREATE INDEX jobs_counted ON jobs (error_code, status, cancel_requested, deaths, created_ms);
