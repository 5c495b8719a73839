-- Who keeps an environment to themselves, and why; also who once did, for the card that tells it.
CREATE TABLE locks (
    id          TEXT   PRIMARY KEY,
    service     TEXT   NOT NULL,
    environment TEXT   NOT NULL,
    -- 1 until somebody unlocks it, or its time has run out.
    held        BIGINT NOT NULL,
    data        TEXT   NOT NULL
);
CREATE UNIQUE INDEX one_lock ON locks (service, environment) WHERE held = 1;
