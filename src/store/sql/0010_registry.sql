-- Models have names, and versions that count up under each; aliases point at versions, and every
-- move of one is kept. Numbers in a move are no references: what they name may be removed.
CREATE TABLE registry_names (
    name_id {id},
    user_id bigint NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    name text NOT NULL,
    last_version bigint NOT NULL,
    gate bigint NOT NULL DEFAULT 1 CHECK (gate IN (0, 1)),
    margin double precision NOT NULL DEFAULT 0 CHECK (margin >= 0),
    created_ms bigint NOT NULL,
    UNIQUE (user_id, name)
);
ALTER TABLE models ADD COLUMN name_id bigint REFERENCES registry_names (name_id);
ALTER TABLE models ADD COLUMN version bigint NOT NULL DEFAULT 0;
ALTER TABLE models ADD COLUMN note text NOT NULL DEFAULT '';
ALTER TABLE models ADD COLUMN source text NOT NULL DEFAULT 'training';
ALTER TABLE models ADD COLUMN program_version text;

-- What there is gets the name of its kind, in the order in which it came.
INSERT INTO registry_names (user_id, name, last_version, created_ms)
SELECT user_id, model_type, count(*), min(created_ms) FROM models GROUP BY user_id, model_type;
UPDATE models SET name_id = o.name_id, version = o.version FROM (
    SELECT m.model_id, n.name_id,
        row_number() OVER (PARTITION BY m.user_id, m.model_type ORDER BY m.model_id) AS version
    FROM models m JOIN registry_names n ON n.user_id = m.user_id AND n.name = m.model_type) o
WHERE o.model_id = models.model_id;
CREATE UNIQUE INDEX models_by_version ON models (name_id, version);

CREATE TABLE model_tags (
    model_id bigint NOT NULL REFERENCES models (model_id) ON DELETE CASCADE,
    tag text NOT NULL,
    PRIMARY KEY (model_id, tag)
);

CREATE TABLE registry_aliases (
    name_id bigint NOT NULL REFERENCES registry_names (name_id) ON DELETE CASCADE,
    alias text NOT NULL,
    model_id bigint NOT NULL REFERENCES models (model_id),
    since_ms bigint NOT NULL,
    PRIMARY KEY (name_id, alias)
);
CREATE INDEX registry_aliases_by_model ON registry_aliases (model_id, alias);

CREATE TABLE registry_moves (
    move_id {id},
    name_id bigint NOT NULL REFERENCES registry_names (name_id) ON DELETE CASCADE,
    alias text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('move', 'undo', 'remove')),
    from_model_id bigint NOT NULL,
    from_version bigint NOT NULL,
    to_model_id bigint NOT NULL,
    to_version bigint NOT NULL,
    by_whom text NOT NULL,
    is_overridden bigint NOT NULL CHECK (is_overridden IN (0, 1)),
    reason text,
    verdict text,
    at_ms bigint NOT NULL
);
CREATE INDEX registry_moves_by_alias ON registry_moves (name_id, alias, move_id);
CREATE INDEX registry_moves_by_name ON registry_moves (name_id, move_id);

-- What a paired test of two models came to, since it takes long and never changes.
CREATE TABLE model_comparisons (
    model_id bigint NOT NULL REFERENCES models (model_id) ON DELETE CASCADE,
    against_id bigint NOT NULL REFERENCES models (model_id) ON DELETE CASCADE,
    k bigint NOT NULL,
    users bigint NOT NULL,
    difference double precision NOT NULL,
    low double precision NOT NULL,
    high double precision NOT NULL,
    PRIMARY KEY (model_id, against_id)
);
CREATE INDEX model_comparisons_against ON model_comparisons (against_id);

-- The name under which a job's model goes, where its user gave one.
ALTER TABLE jobs ADD COLUMN model_name text;

-- What each user keeps, for the quotas.
ALTER TABLE users ADD COLUMN model_count bigint NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN model_bytes bigint NOT NULL DEFAULT 0;
UPDATE users SET model_count = (SELECT count(*) FROM models m WHERE m.user_id = users.user_id),
    model_bytes = (SELECT coalesce(sum(m.size_bytes), 0) FROM models m WHERE m.user_id = users.user_id);
