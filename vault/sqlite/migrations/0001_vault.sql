-- Sealed values only: what this file leaks is counts, padded sizes, random ids, revisions and sync times.

CREATE TABLE account (
    one                INTEGER PRIMARY KEY CHECK (one = 1),
    account_id         BLOB    NOT NULL CHECK (length(account_id) = 16),
    email              TEXT    NOT NULL,
    origin             TEXT    NOT NULL,
    generation         INTEGER NOT NULL,
    profile            TEXT    NOT NULL,
    sealed_account_key BLOB    NOT NULL,
    sealed_identity    BLOB    NOT NULL,
    device_id          BLOB    NOT NULL CHECK (length(device_id) = 16),
    device_name        TEXT    NOT NULL,
    sealed_device_seed BLOB    NOT NULL,
    sealed_anchor      BLOB    NOT NULL,
    sealed_session     BLOB
) STRICT;

-- generation counts the changes of this file; mac covers it and what digest.go lists. pending is 256 hashes: entry n covers the
-- pending versions of objects whose id begins with byte n.
CREATE TABLE integrity (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    generation INTEGER NOT NULL,
    pending    BLOB    NOT NULL CHECK (length(pending) = 8192),
    mac        BLOB    NOT NULL CHECK (length(mac) = 32)
) STRICT;

CREATE TABLE log_entry (
    seq       INTEGER PRIMARY KEY CHECK (seq >= 0),
    entry     BLOB NOT NULL,
    signature BLOB NOT NULL
) STRICT;

CREATE TABLE local_value (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE vault (
    vault_id    BLOB    PRIMARY KEY CHECK (length(vault_id) = 16),
    epoch       INTEGER NOT NULL,
    sealed_key  BLOB    NOT NULL,
    pin_seq     INTEGER NOT NULL DEFAULT 0,
    pin_hash    BLOB    NOT NULL DEFAULT (zeroblob(32)) CHECK (length(pin_hash) = 32),
    pin_log_seq INTEGER NOT NULL DEFAULT 0,
    pin_root    BLOB    NOT NULL DEFAULT (zeroblob(32)) CHECK (length(pin_root) = 32),
    pin_commit  BLOB,
    changed     INTEGER NOT NULL DEFAULT 0 -- generation at which one of its objects changed last
) STRICT, WITHOUT ROWID;

-- A version is (revision, state, hash, envelope); state 1 is live, 2 deleted. All NULL: no such version.
CREATE TABLE object (
    vault_id          BLOB NOT NULL REFERENCES vault,
    object_id         BLOB NOT NULL CHECK (length(object_id) = 16),
    base_revision     INTEGER,
    base_state        INTEGER CHECK (base_state IN (1, 2)),
    base_hash         BLOB CHECK (length(base_hash) = 32),
    pending_revision  INTEGER,
    pending_state     INTEGER CHECK (pending_state IN (1, 2)),
    pending_hash      BLOB CHECK (length(pending_hash) = 32),
    ancestor_revision INTEGER,
    ancestor_state    INTEGER CHECK (ancestor_state IN (1, 2)),
    ancestor_hash     BLOB CHECK (length(ancestor_hash) = 32),
    base_envelope     BLOB,
    pending_envelope  BLOB,
    ancestor_envelope BLOB,
    PRIMARY KEY (vault_id, object_id),
    CHECK ((base_revision IS NULL) = (base_state IS NULL) AND (base_revision IS NULL) = (base_hash IS NULL)),
    CHECK ((pending_revision IS NULL) = (pending_state IS NULL) AND (pending_revision IS NULL) = (pending_hash IS NULL)),
    CHECK ((ancestor_revision IS NULL) = (ancestor_state IS NULL) AND (ancestor_revision IS NULL) = (ancestor_hash IS NULL)),
    CHECK (base_revision IS NOT NULL OR pending_revision IS NOT NULL)
) STRICT;

CREATE INDEX object_missing ON object (vault_id) WHERE base_state = 1 AND base_envelope IS NULL;
-- Holds all that the integrity record covers of a pending version, so that a save does not read the envelopes of the others.
CREATE INDEX object_pending ON object (object_id, vault_id, pending_revision, pending_state, pending_hash)
    WHERE pending_revision IS NOT NULL;

-- Envelopes that were damaged in this file. Never deleted.
CREATE TABLE set_aside (
    number    INTEGER PRIMARY KEY,
    vault_id  BLOB NOT NULL REFERENCES vault,
    object_id BLOB NOT NULL,
    revision  INTEGER NOT NULL,
    state     INTEGER NOT NULL,
    hash      BLOB NOT NULL,
    envelope  BLOB
) STRICT;

-- The push in flight of a vault: its exact bytes, and what its objects become when it is accepted.
CREATE TABLE outbox (
    vault_id BLOB PRIMARY KEY REFERENCES vault,
    op_id    BLOB NOT NULL CHECK (length(op_id) = 16),
    bytes    BLOB NOT NULL
) STRICT;

CREATE TABLE outbox_object (
    vault_id  BLOB NOT NULL REFERENCES outbox ON DELETE CASCADE,
    object_id BLOB NOT NULL,
    revision  INTEGER NOT NULL,
    state     INTEGER NOT NULL,
    hash      BLOB NOT NULL,
    envelope  BLOB,
    PRIMARY KEY (vault_id, object_id)
) STRICT;

-- What an import did to each object: made is the hash of what it wrote, before is what it replaced.
CREATE TABLE undo (
    vault_id        BLOB NOT NULL REFERENCES vault,
    batch_id        BLOB NOT NULL,
    object_id       BLOB NOT NULL,
    made            BLOB NOT NULL,
    before_revision INTEGER,
    before_state    INTEGER,
    before_hash     BLOB,
    before_envelope BLOB,
    PRIMARY KEY (vault_id, batch_id, object_id)
) STRICT;
