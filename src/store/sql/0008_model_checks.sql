-- Which file of a model was verified, every byte of it: the stamp says whether it is still that one.
CREATE TABLE model_checks (
    model_id bigint PRIMARY KEY REFERENCES models (model_id) ON DELETE CASCADE,
    stamp text NOT NULL,
    checked_ms bigint NOT NULL
);
