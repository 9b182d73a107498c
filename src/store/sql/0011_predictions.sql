-- What a prediction job has beyond a job: its model, which may be removed later, and its file. The
-- users that somebody pasted lie in a table of their own, since they may be many.
CREATE TABLE predictions (
    job_id bigint PRIMARY KEY REFERENCES jobs (job_id) ON DELETE CASCADE,
    user_id bigint NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    model_id bigint REFERENCES models (model_id) ON DELETE SET NULL,
    file_path text UNIQUE,
    file_sha256 text,
    file_bytes bigint NOT NULL DEFAULT 0,
    file_rows bigint NOT NULL DEFAULT 0,
    file_users bigint NOT NULL DEFAULT 0
);
CREATE INDEX predictions_by_user ON predictions (user_id, job_id);
CREATE INDEX predictions_by_model ON predictions (model_id);

CREATE TABLE prediction_users (
    job_id bigint PRIMARY KEY REFERENCES predictions (job_id) ON DELETE CASCADE,
    user_ids text NOT NULL
);
