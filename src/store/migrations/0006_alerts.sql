-- Every alert that was ever heard of, until it has been over for long.
CREATE TABLE alerts (
    id          TEXT   PRIMARY KEY,
    source      TEXT   NOT NULL,
    fingerprint TEXT   NOT NULL,
    -- 1 for the newest of its source and fingerprint: the one that what is heard is about.
    latest      BIGINT NOT NULL,
    -- Empty where no label says it.
    service     TEXT   NOT NULL,
    environment TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    severity    TEXT   NOT NULL,
    -- How bad that is; 0 is the worst.
    rank        BIGINT NOT NULL,
    phase       TEXT   NOT NULL,
    starts      BIGINT NOT NULL,
    -- When we heard that it was over; 0 while it fires.
    over        BIGINT NOT NULL,
    -- What its source said last, and since when it says nothing (0 while it does).
    said        TEXT   NOT NULL,
    missing     BIGINT NOT NULL,
    -- Empty for none.
    room        TEXT   NOT NULL,
    -- '' while it needs no card, 'wanted', 'own', or 'storm' for the one it is counted on.
    card        TEXT   NOT NULL,
    storm       TEXT   NOT NULL,
    revision    BIGINT NOT NULL,
    -- The revision its card shows.
    shown       BIGINT NOT NULL,
    data        TEXT   NOT NULL
);
CREATE UNIQUE INDEX one_latest ON alerts (source, fingerprint) WHERE latest = 1;
CREATE INDEX alerts_open ON alerts (service, environment, starts) WHERE over = 0;
CREATE INDEX alerts_over ON alerts (over) WHERE over > 0;
CREATE INDEX alerts_wanted ON alerts (room, rank, starts) WHERE card = 'wanted';
CREATE INDEX alerts_to_show ON alerts (room) WHERE card = 'own' AND shown < revision;
CREATE INDEX alerts_in_storm ON alerts (storm) WHERE storm <> '';

-- What each room was shown lately, so that a storm of alerts does not become one of messages.
CREATE TABLE alert_boards (
    room TEXT PRIMARY KEY,
    data TEXT NOT NULL
);

-- Whether each source answers.
CREATE TABLE alert_sources (
    source TEXT PRIMARY KEY,
    data   TEXT NOT NULL
);
