-- What was delivered lately, by the digest of what tells one delivery from another.
CREATE TABLE deliveries (
    source TEXT   NOT NULL,
    mark   TEXT   NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (source, mark)
);
CREATE INDEX deliveries_by_time ON deliveries (at);
