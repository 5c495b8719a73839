-- Work that must survive a restart. `key` keeps one job of a kind: asking again while it waits
-- (or runs) raises `asked`, so that it runs once more after the last time somebody asked.
CREATE TABLE jobs (
    id           TEXT   PRIMARY KEY,
    kind         TEXT   NOT NULL,
    key          TEXT   NOT NULL,
    payload      TEXT   NOT NULL,
    run_at       BIGINT NOT NULL,
    leased_until BIGINT NOT NULL DEFAULT 0,
    attempts     BIGINT NOT NULL DEFAULT 0,
    asked        BIGINT NOT NULL DEFAULT 0,
    -- Why it was given up; empty while it may still run.
    parked       TEXT   NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX jobs_by_key ON jobs (kind, key);
CREATE INDEX jobs_by_time ON jobs (run_at);

-- One row per decision and per refusal, each holding the hash of the one before.
CREATE TABLE audit (
    seq        BIGINT PRIMARY KEY,
    at         BIGINT NOT NULL,
    actor      TEXT   NOT NULL,
    actor_name TEXT   NOT NULL,
    action     TEXT   NOT NULL,
    subject    TEXT   NOT NULL,
    outcome    TEXT   NOT NULL,
    detail     TEXT   NOT NULL,
    prev       TEXT   NOT NULL,
    hash       TEXT   NOT NULL
);
CREATE INDEX audit_by_subject ON audit (subject, seq);

-- The end of the chain; its one row is what writers queue for.
CREATE TABLE audit_head (
    one  BIGINT PRIMARY KEY,
    seq  BIGINT NOT NULL,
    hash TEXT   NOT NULL
);
INSERT INTO audit_head (one, seq, hash) VALUES (1, 0, '');
