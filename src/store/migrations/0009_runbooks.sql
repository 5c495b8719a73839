-- Runs of the steps of runbooks.
CREATE TABLE step_runs (
    id    TEXT   PRIMARY KEY,
    -- Which step.
    step  TEXT   NOT NULL,
    -- 1 until it has come to rest.
    open  BIGINT NOT NULL,
    asked BIGINT NOT NULL,
    data  TEXT   NOT NULL
);
CREATE UNIQUE INDEX one_run_of_a_step ON step_runs (step) WHERE open = 1;
