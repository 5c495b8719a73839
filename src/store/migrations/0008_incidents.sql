CREATE TABLE incidents (
    number   BIGINT PRIMARY KEY,
    -- The message it was declared with; the same message never makes a second one.
    origin   TEXT   NOT NULL,
    -- 1 until it is resolved.
    open     BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    data     TEXT   NOT NULL
);
CREATE UNIQUE INDEX incidents_by_origin ON incidents (origin);
CREATE INDEX incidents_open ON incidents (number) WHERE open = 1;

-- What happened to each, in order; its timeline begins with this.
CREATE TABLE incident_events (
    incident BIGINT NOT NULL,
    seq      BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    data     TEXT   NOT NULL,
    PRIMARY KEY (incident, seq)
);

-- The last number given; its one row is what those queue for who declare one.
CREATE TABLE incident_head (
    one  BIGINT PRIMARY KEY,
    last BIGINT NOT NULL
);
INSERT INTO incident_head (one, last) VALUES (1, 0);
