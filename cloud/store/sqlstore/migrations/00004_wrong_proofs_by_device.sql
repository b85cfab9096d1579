-- Wrong proofs are counted for each device of an account, and once for all others (device_id is zeros then). What was counted before
-- is forgotten: at most a day's tries.

-- +goose Up
DROP TABLE wrong_proofs;
CREATE TABLE wrong_proofs (
    account_id BYTEA  NOT NULL,
    device_id  BYTEA  NOT NULL,
    tries      BIGINT NOT NULL,
    last_try   BIGINT NOT NULL,
    PRIMARY KEY (account_id, device_id)
);
CREATE INDEX wrong_proofs_last ON wrong_proofs (last_try);
