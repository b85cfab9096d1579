-- SQL that SQLite and PostgreSQL both accept, but for WITHOUT ROWID: it keeps the tree's neighbours together, which are always read
-- together, and halves the cost of a push. Ids of clients are 16 raw bytes, ids of the server are UUIDv7 as text,
-- times are Unix milliseconds.

-- +goose Up
CREATE TABLE accounts (
    account_id      BYTEA  NOT NULL PRIMARY KEY,
    email           TEXT   NOT NULL UNIQUE,
    lookup_tag      BYTEA  NOT NULL UNIQUE,
    recovery_tag    BYTEA  UNIQUE, -- NULL without a recovery code
    generation      BIGINT NOT NULL,
    profile         TEXT   NOT NULL,
    login_key       BYTEA  NOT NULL,
    recovery_key    BYTEA  NOT NULL,
    sealed_account  BYTEA  NOT NULL,
    sealed_recovery BYTEA  NOT NULL,
    sealed_identity BYTEA  NOT NULL,
    created         BIGINT NOT NULL
);

CREATE TABLE account_log (
    account_id BYTEA  NOT NULL REFERENCES accounts,
    seq        BIGINT NOT NULL,
    hash       BYTEA  NOT NULL,
    entry      BYTEA  NOT NULL,
    signature  BYTEA  NOT NULL,
    PRIMARY KEY (account_id, seq)
);

CREATE TABLE devices (
    account_id  BYTEA  NOT NULL REFERENCES accounts,
    device_id   BYTEA  NOT NULL,
    public_key  BYTEA  NOT NULL,
    receive_key BYTEA  NOT NULL,
    name        TEXT   NOT NULL,
    platform    TEXT   NOT NULL,
    status      BIGINT NOT NULL,
    created     BIGINT NOT NULL,
    last_seen   BIGINT NOT NULL,
    PRIMARY KEY (account_id, device_id)
);

-- The newest Secret Key for a device, sealed for it.
CREATE TABLE wraps (
    account_id BYTEA NOT NULL REFERENCES accounts,
    device_id  BYTEA NOT NULL,
    wrap       BYTEA NOT NULL,
    signature  BYTEA NOT NULL,
    PRIMARY KEY (account_id, device_id)
);

CREATE TABLE signups (
    signup_id    TEXT   NOT NULL PRIMARY KEY,
    email        TEXT   NOT NULL,
    code_hash    BYTEA  NOT NULL,
    tries_left   BIGINT NOT NULL,
    code_expires BIGINT NOT NULL,
    token_hash   BYTEA  NOT NULL,
    expires      BIGINT NOT NULL
);
CREATE INDEX signups_token ON signups (token_hash);

CREATE TABLE challenges (
    nonce      BYTEA  NOT NULL PRIMARY KEY,
    purpose    TEXT   NOT NULL,
    account_id BYTEA  NOT NULL,
    expires    BIGINT NOT NULL
);

CREATE TABLE wrong_proofs (
    account_id BYTEA  NOT NULL PRIMARY KEY,
    tries      BIGINT NOT NULL,
    last_try   BIGINT NOT NULL
);

CREATE TABLE pending_devices (
    account_id  BYTEA  NOT NULL,
    device_id   BYTEA  NOT NULL,
    public_key  BYTEA  NOT NULL,
    receive_key BYTEA  NOT NULL,
    name        TEXT   NOT NULL,
    platform    TEXT   NOT NULL,
    language    TEXT   NOT NULL,
    code_hash   BYTEA  NOT NULL,
    tries_left  BIGINT NOT NULL,
    expires     BIGINT NOT NULL,
    PRIMARY KEY (account_id, device_id)
);

-- account_id is made up where the address has no account.
CREATE TABLE pairings (
    pairing_id  BYTEA  NOT NULL PRIMARY KEY,
    account_id  BYTEA  NOT NULL,
    device_id   BYTEA  NOT NULL,
    public_key  BYTEA  NOT NULL,
    receive_key BYTEA  NOT NULL,
    name        TEXT   NOT NULL,
    platform    TEXT   NOT NULL,
    language    TEXT   NOT NULL,
    commitment  BYTEA  NOT NULL,
    created     BIGINT NOT NULL,
    expires     BIGINT NOT NULL,
    state       TEXT   NOT NULL,
    approver_id BYTEA  NOT NULL,
    nonce       BYTEA  NOT NULL,
    reveal      BYTEA  NOT NULL,
    wrap        BYTEA  NOT NULL,
    signature   BYTEA  NOT NULL,
    tag         BYTEA  NOT NULL
);
CREATE INDEX pairings_account ON pairings (account_id);

CREATE TABLE recoveries (
    account_id   BYTEA  NOT NULL,
    device_id    BYTEA  NOT NULL,
    public_key   BYTEA  NOT NULL,
    receive_key  BYTEA  NOT NULL,
    name         TEXT   NOT NULL,
    platform     TEXT   NOT NULL,
    language     TEXT   NOT NULL,
    code_hash    BYTEA  NOT NULL,
    tries_left   BIGINT NOT NULL,
    code_expires BIGINT NOT NULL,
    started      BIGINT NOT NULL,
    ready_at     BIGINT NOT NULL, -- 0 until the code was right
    expires      BIGINT NOT NULL,
    PRIMARY KEY (account_id, device_id)
);

CREATE TABLE email_changes (
    account_id BYTEA  NOT NULL PRIMARY KEY,
    device_id  BYTEA  NOT NULL,
    email      TEXT   NOT NULL,
    old_hash   BYTEA  NOT NULL,
    new_hash   BYTEA  NOT NULL,
    tries_left BIGINT NOT NULL,
    expires    BIGINT NOT NULL
);

CREATE TABLE counters (
    subject BYTEA  NOT NULL,
    day     BIGINT NOT NULL,
    n       BIGINT NOT NULL,
    PRIMARY KEY (subject, day)
);

CREATE TABLE sessions (
    session_id      TEXT   NOT NULL PRIMARY KEY,
    account_id      BYTEA  NOT NULL,
    device_id       BYTEA  NOT NULL,
    access_hash     BYTEA  NOT NULL UNIQUE,
    access_expires  BIGINT NOT NULL,
    family_hash     BYTEA  NOT NULL UNIQUE,
    refresh_hash    BYTEA  NOT NULL,
    previous_hash   BYTEA  NOT NULL,
    refresh_expires BIGINT NOT NULL
);
CREATE INDEX sessions_device ON sessions (account_id, device_id);

CREATE TABLE vaults (
    vault_id   BYTEA  NOT NULL PRIMARY KEY,
    account_id BYTEA  NOT NULL REFERENCES accounts,
    head_seq   BIGINT NOT NULL,
    head_hash  BYTEA  NOT NULL,
    log_seq    BIGINT NOT NULL,
    objects    BIGINT NOT NULL
);
CREATE INDEX vaults_account ON vaults (account_id);

CREATE TABLE sealed_vaults (
    account_id BYTEA  NOT NULL,
    vault_id   BYTEA  NOT NULL REFERENCES vaults,
    epoch      BIGINT NOT NULL,
    sealed     BYTEA  NOT NULL,
    previous   BYTEA  NOT NULL, -- the key of the epoch before, under this one
    PRIMARY KEY (account_id, vault_id, epoch)
);

CREATE TABLE commits (
    vault_id     BYTEA  NOT NULL REFERENCES vaults,
    seq          BIGINT NOT NULL,
    hash         BYTEA  NOT NULL,
    device_id    BYTEA  NOT NULL,
    op_id        BYTEA  NOT NULL,
    signature    BYTEA  NOT NULL,
    commit_bytes BYTEA  NOT NULL,
    changes      BYTEA  NOT NULL,
    PRIMARY KEY (vault_id, seq),
    UNIQUE (vault_id, device_id, op_id)
);

-- The state table and its tree (docs/protocol.md §6).
CREATE TABLE objects (
    vault_id  BYTEA  NOT NULL REFERENCES vaults,
    leaf      BIGINT NOT NULL,
    object_id BYTEA  NOT NULL,
    revision  BIGINT NOT NULL,
    state     BIGINT NOT NULL,
    env_hash  BYTEA  NOT NULL,
    PRIMARY KEY (vault_id, leaf, object_id)
) WITHOUT ROWID;

CREATE TABLE tree_leaves (
    vault_id BYTEA  NOT NULL REFERENCES vaults,
    leaf     BIGINT NOT NULL,
    hash     BYTEA  NOT NULL,
    PRIMARY KEY (vault_id, leaf)
) WITHOUT ROWID;

CREATE TABLE tree_nodes (
    vault_id BYTEA  NOT NULL REFERENCES vaults,
    node     BIGINT NOT NULL,
    hash     BYTEA  NOT NULL,
    PRIMARY KEY (vault_id, node)
) WITHOUT ROWID;

CREATE TABLE envelopes (
    vault_id  BYTEA  NOT NULL REFERENCES vaults,
    object_id BYTEA  NOT NULL,
    revision  BIGINT NOT NULL,
    envelope  BYTEA  NOT NULL,
    PRIMARY KEY (vault_id, object_id)
);

CREATE TABLE outbox (
    mail_id  TEXT   NOT NULL PRIMARY KEY,
    sealed   BYTEA  NOT NULL,
    attempts BIGINT NOT NULL,
    next_try BIGINT NOT NULL,
    expires  BIGINT NOT NULL
);
CREATE INDEX outbox_next ON outbox (next_try);
