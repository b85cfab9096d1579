-- Sealed parts of files, and how many bytes of envelopes and chunks each vault has.

-- +goose Up
CREATE TABLE attachments (
    vault_id      BYTEA  NOT NULL REFERENCES vaults,
    attachment_id BYTEA  NOT NULL,
    chunks        BIGINT NOT NULL, -- of the whole file
    expires       BIGINT NOT NULL, -- 0 once an object was seen that it belongs to
    PRIMARY KEY (vault_id, attachment_id)
);
CREATE INDEX attachments_expires ON attachments (expires);

CREATE TABLE chunks (
    vault_id      BYTEA  NOT NULL,
    attachment_id BYTEA  NOT NULL,
    place         BIGINT NOT NULL,
    envelope      BYTEA  NOT NULL,
    PRIMARY KEY (vault_id, attachment_id, place),
    FOREIGN KEY (vault_id, attachment_id) REFERENCES attachments
);

ALTER TABLE vaults ADD COLUMN bytes BIGINT NOT NULL DEFAULT 0;
UPDATE vaults SET bytes = (SELECT COALESCE(SUM(LENGTH(e.envelope)), 0) FROM envelopes e WHERE e.vault_id = vaults.vault_id);
