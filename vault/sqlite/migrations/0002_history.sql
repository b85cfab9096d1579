-- The verified commits up to the pin with their change lists, newest ones only: where another history leaves this one is found with
-- them. Each names its parent's hash, and the newest is the pin, so the integrity record need not cover them.
CREATE TABLE passed_commit (
    vault_id     BLOB    NOT NULL REFERENCES vault,
    seq          INTEGER NOT NULL,
    commit_bytes BLOB    NOT NULL,
    changes      BLOB    NOT NULL,
    PRIMARY KEY (vault_id, seq)
) STRICT, WITHOUT ROWID;
