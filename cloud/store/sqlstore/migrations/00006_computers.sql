-- Computers that an organization enrols before anybody signs in on them.

-- +goose Up
CREATE TABLE enroll_tokens (
    serial   BYTEA  NOT NULL PRIMARY KEY,
    org_id   BYTEA  NOT NULL,
    name     TEXT   NOT NULL,
    language TEXT   NOT NULL,
    last_day TEXT   NOT NULL,
    created  BIGINT NOT NULL,
    revoked  BIGINT NOT NULL -- 0 while it is not
);

CREATE TABLE computers (
    computer_id BYTEA  NOT NULL PRIMARY KEY,
    serial      BYTEA  NOT NULL REFERENCES enroll_tokens,
    org_id      BYTEA  NOT NULL,
    public_key  BYTEA  NOT NULL,
    created     BIGINT NOT NULL,
    last_seen   BIGINT NOT NULL,
    name        TEXT   NOT NULL,
    former_name TEXT   NOT NULL,
    doubled     BIGINT NOT NULL,
    version     TEXT   NOT NULL,
    system      TEXT   NOT NULL,
    ring        TEXT   NOT NULL,
    held        TEXT   NOT NULL,
    last_check  BIGINT NOT NULL,
    problems    TEXT   NOT NULL -- words, with spaces between
);
CREATE INDEX computers_org ON computers (org_id, name);
CREATE INDEX computers_serial ON computers (serial);
