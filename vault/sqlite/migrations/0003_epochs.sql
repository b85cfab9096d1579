-- A vault's key changes when the account's keys are rotated. The row in vault has the newest; here are those before, each under the
-- account key of its time. sealed_previous is the key of the epoch before, under this one's.
ALTER TABLE vault ADD COLUMN sealed_previous BLOB;

CREATE TABLE earlier_key (
    vault_id        BLOB    NOT NULL REFERENCES vault,
    epoch           INTEGER NOT NULL,
    sealed_key      BLOB    NOT NULL,
    sealed_previous BLOB,
    PRIMARY KEY (vault_id, epoch)
) STRICT, WITHOUT ROWID;
