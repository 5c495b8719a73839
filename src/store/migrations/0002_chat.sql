-- What people said and when: a chat that repeats itself is heard once.
CREATE TABLE heard (
    key TEXT   PRIMARY KEY,
    at  BIGINT NOT NULL
);
CREATE INDEX heard_by_time ON heard (at);

-- Which message shows what: one subject is one message per conversation, edited in place.
CREATE TABLE messages (
    subject      TEXT   NOT NULL,
    channel      TEXT   NOT NULL,
    conversation TEXT   NOT NULL,
    message      TEXT   NOT NULL,
    shown        TEXT   NOT NULL,
    PRIMARY KEY (subject, channel, conversation)
);

-- How to reach a conversation without being spoken to first. `data` is the chat's own.
CREATE TABLE conversations (
    channel      TEXT   NOT NULL,
    conversation TEXT   NOT NULL,
    seen         BIGINT NOT NULL,
    data         TEXT   NOT NULL,
    PRIMARY KEY (channel, conversation)
);
