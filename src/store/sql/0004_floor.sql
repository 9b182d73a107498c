-- The metrics of the list that everybody gets, on the same holdout as the job's own: the floor.
ALTER TABLE jobs ADD COLUMN popular_metrics text;
