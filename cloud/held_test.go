package cloud_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
)

// Why a column is not repeated in what is exported.
const (
	sealed   = "sealed by the person's program, which exports what is in it"
	ofAKey   = "a public key, signature or hash that says nothing of the person; those of devices are in the entries of the account log"
	ofACode  = "a secret or a hash of one, for minutes, and how often it may be tried"
	ofAVault = "revisions, hashes and sizes of what is sealed; the export has their sums"
	noPerson = "of an organization or of the server, not of a person"
	counted  = "keyed hashes, for two days, which the server itself cannot lead back to a person"
)

// notExported are all columns that the export leaves out, or whole tables.
var notExported = map[string]string{
	"accounts.lookup_tag": ofAKey, "accounts.recovery_tag": ofAKey, "accounts.recovery_key": ofAKey,
	"accounts.sealed_account": sealed, "accounts.sealed_recovery": sealed, "accounts.sealed_identity": sealed,
	"account_log.account_id": "the account's", "account_log.hash": ofAKey,
	"devices.account_id": "the account's", "devices.public_key": ofAKey, "devices.receive_key": ofAKey,
	"wraps": sealed, "sealed_vaults": sealed, "envelopes": sealed, "chunks": sealed,
	"signups": "of an address that has no account yet; gone within the hour", "challenges": ofACode,
	"wrong_proofs.account_id":    "the account's",
	"pending_devices.account_id": "the account's", "pending_devices.public_key": ofAKey, "pending_devices.receive_key": ofAKey,
	"pending_devices.code_hash": ofACode, "pending_devices.tries_left": ofACode,
	"pairings.pairing_id": ofACode, "pairings.account_id": "the account's", "pairings.public_key": ofAKey, "pairings.receive_key": ofAKey,
	"pairings.commitment": ofACode, "pairings.state": ofACode, "pairings.approver_id": "in the account log, once it has approved",
	"pairings.nonce": ofACode, "pairings.reveal": ofACode, "pairings.wrap": sealed, "pairings.signature": ofAKey,
	"recoveries.account_id": "the account's", "recoveries.public_key": ofAKey, "recoveries.receive_key": ofAKey, "recoveries.code_hash": ofACode,
	"recoveries.tries_left": ofACode, "recoveries.code_expires": ofACode, "recoveries.ready_at": "a fixed time after it started",
	"email_changes.account_id": "the account's", "email_changes.old_hash": ofACode, "email_changes.new_hash": ofACode, "email_changes.tries_left": ofACode,
	"counters":            counted,
	"sessions.session_id": ofACode, "sessions.account_id": "the account's", "sessions.access_hash": ofACode, "sessions.access_expires": ofACode,
	"sessions.family_hash": ofACode, "sessions.refresh_hash": ofACode, "sessions.previous_hash": ofACode,
	"vaults.account_id": "the account's", "vaults.head_hash": ofAKey, "vaults.log_seq": ofAVault,
	"commits.vault_id": ofAVault, "commits.seq": ofAVault, "commits.op_id": ofAVault, "commits.signature": ofAKey, "commits.commit_bytes": ofAVault, "commits.changes": ofAVault,
	"objects": ofAVault, "tree_nodes": ofAVault, "attachments": ofAVault,
	"outbox": sealed + "; what became of a mail is in the export", "deliveries.mail_id": "a number of the server", "deliveries.address": ofAKey,
	"deliveries.waiting": ofAKey, "deliveries.sealed": "the export has what is in it",
	"enroll_tokens": noPerson, "computers": noPerson, "goose_db_version": noPerson, "sqlite_sequence": noPerson,
}

// underWay gives an account everything that the server keeps of one.
func (w *world) underWay(p *person) {
	w.t.Helper()
	ctx := w.t.Context()
	w.pushed(p)
	w.signInFrom(p.onNewDevice(), "de", netip.Addr{})
	_, pairing := w.Pairings.Start(ctx, p.newPairing())
	_, email := w.Accounts.StartEmail(ctx, p.caller(), "grace@example.org", w.freshEmail(p, "grace@example.org"))
	if err := errors.Join(pairing, email, w.prove(p), w.recover(p)); err != nil {
		w.t.Fatal(err)
	}
	w.deliverAll()
	w.tamper(fmt.Sprintf(`INSERT INTO attachments VALUES (x'%x', x'%x', 1, 0)`, p.vault[:], p.vault[:]),
		`UPDATE pairings SET language = 'fr' WHERE language = ''`, `UPDATE recoveries SET language = 'nl', started = 1790000000000 WHERE language = ''`,
		`UPDATE wrong_proofs SET tries = 3, last_try = 1790000000001 WHERE tries = 0`)
}

// TestExportIsComplete goes through the schema: each column is in the export, value for value, or in a list with the reason.
func TestExportIsComplete(t *testing.T) {
	w, p := newWorld(t), newPerson("ada@example.org")
	w.onFile()
	w.signUp(p)
	w.underWay(p)
	held, err := cloud.NewOperator(w.store, w.secret).Export(t.Context(), p.account)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(held)
	if err != nil {
		t.Fatal(err)
	}
	db, columns := w.columns()
	exported := 0
	for _, c := range columns {
		if notExported[c.table] != "" || notExported[c.table+"."+c.name] != "" {
			continue
		}
		exported++
		var value any
		if err := db.QueryRow(fmt.Sprintf(`SELECT "%s" FROM "%s" ORDER BY rowid DESC`, c.name, c.table)).Scan(&value); err != nil {
			t.Errorf("%s.%s: the test has no row: %v", c.table, c.name, err)
		} else if !mentions(string(raw), value) {
			t.Errorf("%s.%s: the export has no %v", c.table, c.name, value)
		}
	}
	if exported < 35 {
		t.Errorf("looked for %d columns", exported)
	}
	kinds := map[string]bool{}
	for _, trace := range held.Traces {
		kinds[trace.What] = true
	}
	if v := held.Vaults[0]; v.Attachments != 1 || v.ByDevice[p.device.ID.String()] != 1 || len(kinds) != 5 || len(held.Mails) == 0 {
		t.Errorf("vault %+v, traces %v, mails %+v", v, kinds, held.Mails)
	}
}

// mentions tells whether a text in JSON has a value of the database, in one of the forms that it has there.
func mentions(text string, value any) bool {
	var forms []string
	switch v := value.(type) {
	case string:
		forms = []string{`"` + v + `"`}
	case int64:
		at, _ := json.Marshal(time.UnixMilli(v).UTC())
		forms = []string{fmt.Sprintf(":%d,", v), fmt.Sprintf(":%d}", v), string(at)}
	case []byte:
		if len(v) == len(id.ID{}) {
			forms = append(forms, id.ID(v).String())
		}
		inBase64, _ := json.Marshal(v)
		forms = append(forms, hex.EncodeToString(v), string(inBase64))
	}
	for _, form := range forms {
		if strings.Contains(text, form) {
			return true
		}
	}
	return false
}
