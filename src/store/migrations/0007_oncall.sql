-- The last good answer of each calendar of who is on call, and what went wrong since.
CREATE TABLE calendars (
    -- The digest of where it is read from.
    source  TEXT   PRIMARY KEY,
    -- When it was last read well; 0 for never.
    fetched BIGINT NOT NULL,
    -- Why it could not be read the last time; empty when it could.
    trouble TEXT   NOT NULL,
    body    TEXT   NOT NULL
);

-- People were asked to answer, and whether they did.
CREATE TABLE pages (
    id     TEXT   PRIMARY KEY,
    -- The message it was asked with; the same message never makes a second page.
    origin TEXT   NOT NULL,
    -- 1 until somebody has answered, or nobody is left to be asked.
    open   BIGINT NOT NULL,
    asked  BIGINT NOT NULL,
    data   TEXT   NOT NULL
);
CREATE UNIQUE INDEX pages_by_origin ON pages (origin);
CREATE INDEX open_pages ON pages (open, asked);
