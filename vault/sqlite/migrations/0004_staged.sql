-- Envelopes of a first sync that is under way, page by page. One counts if the verified state table names its revision and hash, so the
-- integrity record need not cover them. Nothing here is shown; when the pin moves, the table is empty again.
CREATE TABLE staged (
    number    INTEGER PRIMARY KEY,
    vault_id  BLOB    NOT NULL REFERENCES vault,
    object_id BLOB    NOT NULL CHECK (length(object_id) = 16),
    revision  INTEGER NOT NULL,
    hash      BLOB    NOT NULL CHECK (length(hash) = 32),
    envelope  BLOB    NOT NULL,
    UNIQUE (vault_id, object_id)
) STRICT;
