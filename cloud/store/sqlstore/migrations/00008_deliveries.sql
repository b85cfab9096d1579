-- What became of each mail. Whose it is, is in it as a keyed hash and sealed, never in plain.

-- +goose Up
CREATE TABLE deliveries (
    mail_id TEXT   NOT NULL PRIMARY KEY, -- as in outbox
    kind    TEXT   NOT NULL,
    address BYTEA  NOT NULL, -- keyed hash
    waiting BYTEA  NOT NULL, -- keyed hash of who waits for the code; empty without one
    state   TEXT   NOT NULL,
    sealed  BYTEA  NOT NULL, -- address, and what the mail server said
    queued  BIGINT NOT NULL,
    changed BIGINT NOT NULL
);
CREATE INDEX deliveries_address ON deliveries (address);
CREATE INDEX deliveries_waiting ON deliveries (waiting);
CREATE INDEX deliveries_state ON deliveries (state, changed);
CREATE INDEX deliveries_changed ON deliveries (changed);
