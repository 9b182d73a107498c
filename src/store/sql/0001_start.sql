-- The first schema. {id} is an integer key that is never used twice; times are milliseconds since
-- 1970 UTC by the clock of the database; a flag is 0 or 1; hashes are hexadecimal.
CREATE TABLE users (
    user_id {id},
    email text NOT NULL UNIQUE,
    password_hash text NOT NULL,
    is_admin bigint NOT NULL DEFAULT 0 CHECK (is_admin IN (0, 1)),
    last_turn bigint NOT NULL DEFAULT 0,
    created_ms bigint NOT NULL
);

CREATE TABLE sessions (
    session_id {id},
    user_id bigint NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    token_hash text NOT NULL UNIQUE,
    agent text,
    address text,
    idle_ms bigint NOT NULL,
    created_ms bigint NOT NULL,
    seen_ms bigint NOT NULL,
    expires_ms bigint NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE api_tokens (
    token_id {id},
    user_id bigint NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    token_hash text NOT NULL UNIQUE,
    name text NOT NULL,
    scope text NOT NULL,
    created_ms bigint NOT NULL,
    seen_ms bigint NOT NULL,
    expires_ms bigint NOT NULL
);
CREATE INDEX api_tokens_by_user ON api_tokens (user_id);

-- What a run told at length lies in a table of its own: sorting and counting jobs need not read
-- past it.
CREATE TABLE jobs (
    job_id {id},
    user_id bigint NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    name text,
    model_type text NOT NULL,
    data_path text NOT NULL,
    params text NOT NULL,
    run text NOT NULL,
    source_id bigint NOT NULL DEFAULT 0,
    status text NOT NULL CHECK (status IN
        ('pending', 'loading_data', 'preprocessing', 'training', 'completed', 'failed')),
    phase text,
    progress double precision NOT NULL DEFAULT 0 CHECK (progress >= 0 AND progress <= 1),
    iteration bigint NOT NULL DEFAULT 0,
    message text,
    cancel_requested bigint NOT NULL DEFAULT 0 CHECK (cancel_requested IN (0, 1)),
    turn bigint NOT NULL,
    epoch bigint NOT NULL DEFAULT 0,
    attempt bigint NOT NULL DEFAULT 0,
    deaths bigint NOT NULL DEFAULT 0,
    owner text,
    lease_until_ms bigint NOT NULL DEFAULT 0,
    error_code text,
    error_message text,
    created_ms bigint NOT NULL,
    queued_ms bigint NOT NULL,
    started_ms bigint NOT NULL DEFAULT 0,
    ended_ms bigint NOT NULL DEFAULT 0,
    updated_ms bigint NOT NULL,
    metrics text,
    CHECK ((status = 'failed') = (error_code IS NOT NULL)),
    CHECK ((status = 'completed') = (metrics IS NOT NULL)),
    CHECK ((status IN ('loading_data', 'preprocessing', 'training')) = (lease_until_ms > 0))
);
CREATE INDEX jobs_by_user ON jobs (user_id, job_id);
CREATE INDEX jobs_pending ON jobs (turn, job_id) WHERE status = 'pending';
CREATE INDEX jobs_active ON jobs (lease_until_ms) WHERE lease_until_ms > 0;
CREATE INDEX jobs_served ON jobs (turn) WHERE epoch > 0;
CREATE INDEX jobs_by_status ON jobs (status);

CREATE TABLE job_results (
    job_id bigint PRIMARY KEY REFERENCES jobs (job_id) ON DELETE CASCADE,
    result text NOT NULL
);

CREATE TABLE job_metrics (
    job_id bigint NOT NULL REFERENCES jobs (job_id) ON DELETE CASCADE,
    name text NOT NULL,
    value double precision NOT NULL,
    PRIMARY KEY (job_id, name)
);

CREATE TABLE job_points (
    job_id bigint NOT NULL REFERENCES jobs (job_id) ON DELETE CASCADE,
    attempt bigint NOT NULL,
    name text NOT NULL,
    step bigint NOT NULL,
    value double precision NOT NULL,
    at_ms bigint NOT NULL,
    PRIMARY KEY (job_id, attempt, name, step)
);

-- No reference to jobs: that a job was removed is an event too.
CREATE TABLE job_events (
    event_id {id},
    job_id bigint NOT NULL,
    user_id bigint NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    kind text NOT NULL,
    message text,
    at_ms bigint NOT NULL
);
CREATE INDEX job_events_by_user ON job_events (user_id, event_id);
CREATE INDEX job_events_by_job ON job_events (job_id, event_id);

CREATE TABLE models (
    model_id {id},
    job_id bigint NOT NULL UNIQUE REFERENCES jobs (job_id) ON DELETE CASCADE,
    user_id bigint NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    model_type text NOT NULL,
    path text NOT NULL UNIQUE,
    sha256 text NOT NULL,
    size_bytes bigint NOT NULL,
    created_ms bigint NOT NULL
);
CREATE INDEX models_by_user ON models (user_id, model_id);

CREATE TABLE outbox (
    outbox_id {id},
    job_id bigint NOT NULL REFERENCES jobs (job_id) ON DELETE CASCADE,
    taken_until_ms bigint NOT NULL DEFAULT 0,
    tries bigint NOT NULL DEFAULT 0,
    created_ms bigint NOT NULL
);
CREATE INDEX outbox_by_job ON outbox (job_id);

CREATE TABLE idempotency_keys (
    user_id bigint NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    key text NOT NULL,
    body_hash text NOT NULL,
    job_id bigint NOT NULL,
    created_ms bigint NOT NULL,
    PRIMARY KEY (user_id, key)
);

CREATE TABLE workers (
    worker_id text PRIMARY KEY,
    host text NOT NULL,
    version text NOT NULL,
    job_id bigint NOT NULL,
    is_draining bigint NOT NULL CHECK (is_draining IN (0, 1)),
    started_ms bigint NOT NULL,
    seen_ms bigint NOT NULL
);
