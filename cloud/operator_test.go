package cloud_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/sqlite"
	"github.com/coffer-vault/coffer/sync/chain"
)

// tamper changes rows behind the server's back.
func (w *world) tamper(statements ...string) {
	w.t.Helper()
	w.onFile()
	db, err := sqlite.Open(w.t.Context(), w.path, sqlite.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, s := range append([]string{`PRAGMA foreign_keys = off`}, statements...) {
		result, err := db.Exec(s)
		if err != nil {
			w.t.Fatal(err)
		}
		if n, _ := result.RowsAffected(); n == 0 && strings.Contains(s, "WHERE") {
			w.t.Fatalf("%s changed nothing", s)
		}
	}
}

func (w *world) verify() (found []cloud.Finding, sum cloud.Checked) {
	w.t.Helper()
	sum, err := cloud.NewOperator(w.store, w.secret).VerifyLogs(w.t.Context(), func(f cloud.Finding) { found = append(found, f) })
	if err != nil {
		w.t.Fatal(err)
	}
	return found, sum
}

// pushed puts one object into the person's vault.
func (w *world) pushed(p *person) id.ID {
	w.t.Helper()
	object, sealed := id.New(), append([]byte("CFE1\x01\x02\x00\x00\x00\x01"), strings.Repeat("x", 300)...)
	change := chain.Change{Object: object, New: 1, Action: chain.Put, EnvHash: chain.EnvelopeHash(sealed)}
	head, _ := p.log.Head()
	signed := p.commit(w.t, p.log, p.vault, head, change)
	_, err := w.Vaults.Push(w.t.Context(), p.caller(), p.vault, cloud.Push{Signed: signed, Envelopes: []cloud.Envelope{{Object: object, Revision: 1, Sealed: sealed}}})
	if err != nil {
		w.t.Fatal(err)
	}
	return object
}

// Whatever one changes in the database is found, at its row; in one account and not in the other.
func TestVerifyFindsTheRow(t *testing.T) {
	w := newWorld(t)
	ada, ben := newPerson("ada@example.org"), newPerson("ben@example.org")
	w.signUp(ada)
	w.signUp(ben)
	object := w.pushed(ada)
	w.pushed(ben)
	if found, sum := w.verify(); len(found) != 0 || sum != (cloud.Checked{Accounts: 2, Entries: 8, Vaults: 2, Commits: 2, Objects: 2}) {
		t.Fatalf("untouched: %v, %+v", found, sum)
	}
	account, vault := fmt.Sprintf("account_id = X'%s'", ada.account), fmt.Sprintf("vault_id = X'%s'", ada.vault)
	for _, c := range []struct{ change, restore, row string }{
		{"account_log SET signature = zeroblob(64) WHERE seq = 2 AND " + account, "signature", "account_log account=%[1]s seq=2"},
		{"account_log SET entry = entry || X'00' WHERE seq = 1 AND " + account, "entry", "account_log account=%[1]s seq=1"},
		{"account_log SET hash = zeroblob(32) WHERE seq = 3 AND " + account, "hash", "account_log account=%[1]s seq=3"},
		{"accounts SET login_key = recovery_key WHERE " + account, "", "accounts account=%[1]s"},
		{"accounts SET sealed_account = X'00' WHERE " + account, "", "accounts account=%[1]s"},
		{"accounts SET sealed_identity = X'00' WHERE " + account, "", "accounts account=%[1]s"},
		{"devices SET public_key = zeroblob(32) WHERE " + account, "", "devices account=%[1]s device=%[4]s"},
		{"devices SET status = 3 WHERE " + account, "", "devices account=%[1]s device=%[4]s"},
		{"commits SET signature = zeroblob(64) WHERE " + vault, "", "commits vault=%[2]s seq=1"},
		{"commits SET changes = X'80' WHERE " + vault, "", "commits vault=%[2]s seq=1"},
		{"vaults SET head_seq = 2 WHERE " + vault, "", "vaults vault=%[2]s"},
		{"vaults SET objects = 2 WHERE " + vault, "", "vaults vault=%[2]s"},
		{"tree_nodes SET hash = zeroblob(32) WHERE " + vault, "", "tree_nodes vault=%[2]s"},
		{"objects SET revision = 2 WHERE " + vault, "", "objects vault=%[2]s object=%[3]s"},
		{"envelopes SET envelope = envelope || X'00' WHERE " + vault, "", "envelopes vault=%[2]s object=%[3]s"},
		{"envelopes SET revision = 2 WHERE " + vault, "", "envelopes vault=%[2]s object=%[3]s"},
	} {
		table, _, _ := strings.Cut(c.change, " ")
		w.tamper("CREATE TABLE kept AS SELECT * FROM "+table, "UPDATE "+c.change)
		want := fmt.Sprintf(c.row+"%.0[1]s%.0[2]s%.0[3]s%.0[4]s", ada.account, ada.vault, object, ada.device.ID)
		if found, _ := w.verify(); len(found) != 1 || found[0].Row != want {
			t.Errorf("%s: found %v, want %s", c.change, found, want)
		}
		w.tamper("DELETE FROM "+table, "INSERT INTO "+table+" SELECT * FROM kept", "DROP TABLE kept")
	}
	for change, row := range map[string]string{
		"account_log WHERE seq = 2 AND " + account: "account_log account=" + ada.account.String() + " seq=2",
		"devices WHERE " + account:                 "devices account=" + ada.account.String() + " device=" + ada.device.ID.String(),
		"objects WHERE " + vault:                   "objects vault=" + ada.vault.String(),
		"envelopes WHERE " + vault:                 "envelopes vault=" + ada.vault.String() + " object=" + object.String(),
		"commits WHERE " + vault:                   "vaults vault=" + ada.vault.String(),
	} {
		table, _, _ := strings.Cut(change, " ")
		w.tamper("CREATE TABLE kept AS SELECT * FROM "+table, "DELETE FROM "+change)
		if found, _ := w.verify(); len(found) == 0 || found[0].Row != row {
			t.Errorf("without %s: found %v, want %s", change, found, row)
		}
		w.tamper("DELETE FROM "+table, "INSERT INTO "+table+" SELECT * FROM kept", "DROP TABLE kept")
	}
	if found, _ := w.verify(); len(found) != 0 {
		t.Errorf("restored: %v", found)
	}
}

// What is exported names the person's data and nothing of what is sealed; what is erased is in no table any more.
func TestExportAndErase(t *testing.T) {
	w := newWorld(t)
	ada, ben := newPerson("ada@example.org"), newPerson("ben@example.org")
	w.signUp(ada)
	w.signUp(ben)
	w.pushed(ada)
	o := cloud.NewOperator(w.store, w.secret)
	account, err := o.Find(t.Context(), " Ada@Example.org ")
	if err != nil || account != ada.account {
		t.Fatalf("found %s, %v", account, err)
	}
	held, err := o.Export(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(held)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"ada@example.org", "Laptop", ada.device.ID.String(), `"commits":1`, `"has_recovery_code":true`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is missing in %s", want, text)
		}
	}
	if strings.Contains(string(text), "ben@") || len(held.Log) != ada.log.Len() || held.UsedBytes == 0 {
		t.Errorf("export %s", text)
	}
	if err := o.Erase(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"find": second(o.Find(t.Context(), "ada@example.org")), "export": second(o.Export(t.Context(), account)), "erase": o.Erase(t.Context(), account),
	} {
		if !errors.Is(err, cloud.ErrNotFound) {
			t.Errorf("%s after: %v", name, err)
		}
	}
	w.deliverAll()
	w.nothingOf(ada)
	if _, err := o.Find(t.Context(), "ben@example.org"); err != nil {
		t.Errorf("the other account: %v", err)
	}
}

func (w *world) deliverAll() {
	w.t.Helper()
	if _, err := w.Outbox.Deliver(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

type column struct{ table, name string }

// columns opens the database's file past the server, and returns every column of every table.
func (w *world) columns() (db *sql.DB, all []column) {
	w.t.Helper()
	w.onFile()
	db, err := sqlite.Open(w.t.Context(), w.path, sqlite.Options{ReadOnly: true})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { db.Close() })
	rows, err := db.Query(`SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'`)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var c column
		if err := rows.Scan(&c.table, &c.name); err != nil {
			w.t.Fatal(err)
		}
		all = append(all, c)
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return db, all
}

// nothingOf looks into every column of every table.
func (w *world) nothingOf(p *person) {
	w.t.Helper()
	db, columns := w.columns()
	var queries []string
	for _, c := range columns {
		queries = append(queries, fmt.Sprintf(`SELECT COUNT(*), '%[1]s.%[2]s' FROM "%[1]s" WHERE instr(CAST("%[2]s" AS BLOB), $1) > 0`, c.table, c.name))
	}
	for _, q := range queries {
		for _, needle := range [][]byte{[]byte(p.email), p.account[:], p.vault[:], p.device.ID[:], p.tag} {
			var n int
			var where string
			if err := db.QueryRow(q, needle).Scan(&n, &where); err != nil {
				w.t.Fatal(err)
			}
			if n > 0 {
				w.t.Errorf("%d rows of %s name the account", n, where)
			}
		}
	}
	if len(queries) < 50 {
		w.t.Errorf("looked into %d columns", len(queries))
	}
}

func TestMailQueue(t *testing.T) {
	w := newWorld(t)
	o := cloud.NewOperator(w.store, w.secret)
	if n, since, err := o.MailQueue(t.Context()); n != 0 || !since.IsZero() || err != nil {
		t.Errorf("empty: %d since %s, %v", n, since, err)
	}
	for range 2 {
		if _, _, err := w.SignUp.Start(t.Context(), "ada@example.org", "en", netip.Addr{}); err != nil {
			t.Fatal(err)
		}
	}
	// The ids have the time of the machine's clock, not that of the server's in this test.
	n, since, err := o.MailQueue(t.Context())
	if n != 2 || time.Since(since).Abs() > time.Hour || err != nil {
		t.Errorf("%d since %s, %v", n, since, err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := o.MailQueue(over); err == nil {
		t.Error("an error of the database is lost")
	}
}
