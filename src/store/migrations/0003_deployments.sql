CREATE TABLE deployments (
    id          TEXT   PRIMARY KEY,
    -- The message it was asked with; the same message never makes a second deployment.
    origin      TEXT   NOT NULL,
    service     TEXT   NOT NULL,
    environment TEXT   NOT NULL,
    -- 1 while it has the environment to itself.
    holds       BIGINT NOT NULL,
    -- When it joined the queue; 0 while it is not in it.
    queued      BIGINT NOT NULL,
    -- 1 until it has come to rest.
    open        BIGINT NOT NULL,
    asked       BIGINT NOT NULL,
    revision    BIGINT NOT NULL,
    data        TEXT   NOT NULL
);
CREATE UNIQUE INDEX deployments_by_origin ON deployments (origin);
CREATE UNIQUE INDEX one_holder ON deployments (service, environment) WHERE holds = 1;
CREATE INDEX deployments_by_place ON deployments (service, environment, asked);
-- What is under way is looked at often, and is few beside all that ever was.
CREATE INDEX deployments_open ON deployments (service, environment, asked) WHERE open = 1;
CREATE INDEX deployments_in_line ON deployments (service, environment, queued) WHERE queued > 0;

-- What is live where, and why it stands where it stands.
CREATE TABLE standings (
    service     TEXT NOT NULL,
    environment TEXT NOT NULL,
    data        TEXT NOT NULL,
    PRIMARY KEY (service, environment)
);
