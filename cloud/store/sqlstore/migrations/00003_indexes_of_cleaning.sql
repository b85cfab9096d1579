-- The janitor must not read whole tables while it holds the writer's lock, nor must the deletion of an account.

-- +goose Up
CREATE INDEX wrong_proofs_last ON wrong_proofs (last_try);
CREATE INDEX signups_expires ON signups (expires);
CREATE INDEX challenges_account ON challenges (account_id);
CREATE INDEX challenges_expires ON challenges (expires);
CREATE INDEX pending_devices_expires ON pending_devices (expires);
CREATE INDEX recoveries_expires ON recoveries (expires);
CREATE INDEX email_changes_expires ON email_changes (expires);
CREATE INDEX pairings_expires ON pairings (expires);
CREATE INDEX sessions_expires ON sessions (refresh_expires);
CREATE INDEX counters_day ON counters (day);
CREATE INDEX devices_unlisted ON devices (last_seen) WHERE status = 1; -- verified, not listed
CREATE INDEX sealed_vaults_vault ON sealed_vaults (vault_id); -- for the foreign key
