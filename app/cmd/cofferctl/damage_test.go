package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/sqlite"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
	storage "github.com/coffer-vault/coffer/vault/sqlite"
)

// How many files are damaged at random, and from which seed on.
var (
	damageFirst = flag.Uint64("damage.first", 1, "first seed of TestRandomDamage")
	damages     = flag.Uint64("damage.n", 30, "how many seeds of TestRandomDamage")
)

const pageSize = 4096

// ward is a PC with a locked account, as it is before anything is damaged, and its server.
type ward struct {
	*testpc.PC
	server  *testkit.Server
	kept    testkit.Backup
	account id.ID
	items   map[id.ID][]string // every text of every item, history included
	waiting map[id.ID][]int    // the objects with an edit that the server does not have, and which pages have a part of them
	unsent  id.ID              // a file that it does not have
}

// newWard types what a person would: items of several sizes, edited before and since the last sync, files and a folder.
func newWard(t *testing.T) *ward {
	t.Helper()
	w := &ward{server: testkit.Cloud(t), PC: testpc.New(t, "PC", func(c *session.Config) { c.Driven = true })}
	u := w.SignUp(t, w.server, email)
	w.account = u.Account().ID
	var saved []vault.Item
	for n := range 30 {
		it := testpc.Login(fmt.Sprintf("Item %d", n), "anna", fmt.Sprintf("first %d", n))
		if n%5 == 0 {
			it.Set(vault.Notes, testpc.Typed(strings.Repeat(fmt.Sprintf("note %d ", n), 3000)))
		}
		saved = append(saved, testpc.Save(t, u, it))
	}
	for _, it := range saved[:10] {
		it.Set(vault.Password, testpc.Typed("second of "+it.Title))
		testpc.Save(t, u, it)
	}
	w.attach(t, u, saved[1].ID, "sent.txt")
	for range 2 { // the second commits what the first has uploaded
		testpc.Sync(t, u)
		if err := u.CarryFiles(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	testpc.Sync(t, u)
	for _, it := range saved[5:15] {
		edited := testpc.Get(t, u, it.ID)
		edited.Set(vault.Password, testpc.Typed("typed since: "+it.Title))
		testpc.Save(t, u, edited)
	}
	for n := range 6 {
		it := testpc.Login(fmt.Sprintf("New %d", n), "anna", fmt.Sprintf("never sent %d", n))
		it.Set(vault.Notes, testpc.Typed(strings.Repeat("new ", 700*n)))
		testpc.Save(t, u, it)
	}
	w.unsent = w.attach(t, u, saved[20].ID, "unsent.txt")
	w.items = texts(t, u)
	u.Lock()
	w.kept = w.server.Backup()
	w.waiting = map[id.ID][]int{}
	for object, parts := range waitingBytes(t, w.path()) {
		w.waiting[object] = pagesWith(parts, content(t, w.path()))
	}
	if len(w.waiting) < 15 {
		t.Fatalf("%d edits wait", len(w.waiting))
	}
	return w
}

func (w *ward) attach(t *testing.T, u *session.Unlocked, item id.ID, name string) id.ID {
	t.Helper()
	content := strings.Repeat(name, 1000)
	a, err := u.Attach(t.Context(), item, name, strings.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	return a.ID
}

// texts are all texts of all items: what a repair may not lose.
func texts(t *testing.T, u *session.Unlocked) map[id.ID][]string {
	t.Helper()
	all := map[id.ID][]string{}
	for _, s := range u.Vault().Query(vault.Filter{}) {
		it, err := u.Vault().Get(t.Context(), s.ID)
		if err != nil {
			continue
		}
		all[s.ID] = []string{it.Title}
		for _, f := range []vault.Key{vault.Username, vault.Password, vault.Notes} {
			all[s.ID] = append(all[s.ID], string(it.Value(f).Reveal()))
		}
		for _, p := range it.History {
			all[s.ID] = append(all[s.ID], string(p.Value.Reveal()))
		}
	}
	return all
}

// waitingBytes are the ids and envelopes of the objects with an edit, as they lie in the file.
func waitingBytes(t *testing.T, path string) map[id.ID][][]byte {
	t.Helper()
	store, err := storage.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	keys, err := store.Vaults(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := map[id.ID][][]byte{}
	err = store.View(t.Context(), func(r vault.Reader) error {
		return r.PendingObjects(keys[0].Vault, func(o vault.Object) error {
			row := append(bytes.Clone(keys[0].Vault[:]), o.ID[:]...)
			all[o.ID] = [][]byte{row, o.Base.Envelope, o.Pending.Envelope}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// pagesWith are the pages with a part of any of some byte strings. It knows nothing of how SQLite keeps rows.
func pagesWith(parts [][]byte, file []byte) (pages []int) {
	for _, part := range parts {
		for from := 0; from+16 <= len(part); from += 16 {
			window := part[from : from+16]
			for at := 0; ; at++ {
				next := bytes.Index(file[at:], window)
				if next < 0 {
					break
				}
				at += next
				pages = append(pages, at/pageSize, (at+len(window)-1)/pageSize)
			}
		}
	}
	slices.Sort(pages)
	return slices.Compact(pages)
}

// untouched tells whether none of some pages is another now.
func untouched(pages []int, before, after []byte) bool {
	return !slices.ContainsFunc(pages, func(page int) bool {
		from, to := page*pageSize, (page+1)*pageSize
		return to > len(after) || !bytes.Equal(before[from:to], after[from:to])
	})
}

// admit gives a case a copy of the ward's PC, which sends nothing by itself, and the server as it was.
func (w *ward) admit(t *testing.T) *ward {
	t.Helper()
	w.server.Restore(w.kept)
	patient := *w
	patient.PC = w.Copy(t, nil, func(c *session.Config) { c.Driven = true })
	return &patient
}

func (w *ward) path() string { return w.Paths.Account(w.account) }

func (w *ward) run(t *testing.T, action string) (code int, out, errOut string) {
	t.Helper()
	return call(t, w.PC, strings.NewReader(testpc.Password), "vault", action)
}

// treat damages the file, and demands of verify and repair what they promise.
func (w *ward) treat(t *testing.T, damage func(t *testing.T, path string)) (said string) {
	t.Helper()
	before := content(t, w.path())
	damage(t, w.path())
	after := content(t, w.path())
	code, out, _ := w.run(t, "verify")
	if code != exitOK && code != exitTrouble {
		t.Fatalf("verify ends with %d: %s", code, out)
	}
	if code == exitTrouble && !strings.Contains(out, "LOOK") {
		t.Errorf("verify names nothing: %s", out)
	}
	unharmed := code == exitOK
	code, repaired, errOut := w.run(t, "repair")
	if code != exitOK {
		t.Fatalf("repair: %d %s %s", code, repaired, errOut)
	}
	if unharmed != strings.Contains(repaired, "is whole") {
		t.Errorf("verify says %s\nrepair says %s", out, repaired)
	}
	w.expect(t, before, after, unharmed)
	if code, out, errOut := w.run(t, "repair"); code != exitOK || !strings.Contains(out, "is whole") {
		t.Errorf("a second repair finds something to do: %s%s", out, errOut)
	}
	if code, out, errOut := w.run(t, "verify"); code != exitOK {
		t.Errorf("after the repair: %s%s", out, errOut)
	}
	return out
}

// expect demands every text that can be there: all of them where nothing was harmed; else what was synced, and edits of whose pages none
// was touched.
func (w *ward) expect(t *testing.T, before, after []byte, unharmed bool) {
	t.Helper()
	u := w.Unlock(t)
	defer u.Lock()
	now := texts(t, u)
	saved := 0
	for item, all := range w.items {
		pages, edited := w.waiting[item]
		if edited && !unharmed && !untouched(pages, before, after) {
			continue
		}
		saved++
		for _, text := range all {
			if !slices.Contains(now[item], text) {
				t.Errorf("lost: %q of %q (edited: %v)", text[:min(len(text), 40)], all[0], edited)
			}
		}
	}
	for item := range w.waiting { // of what could not be saved there is at least what the server had
		if w.items[item] != nil && strings.HasPrefix(w.items[item][0], "Item") && now[item] == nil {
			t.Errorf("%q is gone, although the server has it", w.items[item][0])
		}
	}
	t.Logf("%d of %d items have to be as they were", saved, len(w.items))
}

func content(t *testing.T, path string) []byte {
	t.Helper()
	all, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return all
}

func rewrite(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, change(data), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// execute changes the file as another program would, with its checks off.
func execute(t *testing.T, path, statement string, args ...any) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err == nil {
		db.SetMaxOpenConns(1)
		_, err = db.Exec(`PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON`)
	}
	if err == nil {
		_, err = db.Exec(statement, args...)
	}
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func rootOf(t *testing.T, path, table string) (root int) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), path, sqlite.Options{ReadOnly: true})
	if err == nil {
		err = db.QueryRow(`SELECT rootpage FROM sqlite_master WHERE name = ?`, table).Scan(&root)
		db.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// overwritten overwrites the root of a table or index.
func overwritten(table string) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		root := rootOf(t, path, table)
		rewrite(t, path, func(data []byte) []byte {
			copy(data[(root-1)*pageSize:], bytes.Repeat([]byte("no page "), pageSize/8))
			return data
		})
	}
}

func sql(statement string, args ...any) func(*testing.T, string) {
	return func(t *testing.T, path string) { execute(t, path, statement, args...) }
}

func bytesOf(change func([]byte) []byte) func(*testing.T, string) {
	return func(t *testing.T, path string) { rewrite(t, path, change) }
}

// flipped is SQL for a blob with another byte in it.
func flipped(column string) string {
	return fmt.Sprintf(`CAST(substr(%[1]s, 1, 99) || CASE substr(%[1]s, 100, 1) WHEN x'00' THEN x'01' ELSE x'00' END || substr(%[1]s, 101) AS BLOB)`, column)
}

func TestDamage(t *testing.T) {
	w := newWard(t)
	someEdit := `(SELECT object_id FROM object WHERE pending_revision = 1 ORDER BY object_id LIMIT 1)`
	someBase := `(SELECT object_id FROM object WHERE pending_revision IS NULL AND base_state = 1 ORDER BY object_id LIMIT 1)`
	cases := map[string]struct {
		damage func(t *testing.T, path string)
		named  string // what verify has to say
	}{
		"nothing":                     {func(*testing.T, string) {}, "all of them open"},
		"header of zeros":             {bytesOf(func(b []byte) []byte { clear(b[:100]); return b }), "damaged"},
		"first page of zeros":         {bytesOf(func(b []byte) []byte { clear(b[:pageSize]); return b }), "damaged"},
		"half of the file":            {bytesOf(func(b []byte) []byte { return b[:len(b)/2] }), "damaged"},
		"last page cut":               {bytesOf(func(b []byte) []byte { return b[:len(b)-100] }), ""},
		"root of the objects":         {overwritten("object"), "damaged"},
		"root of an index":            {overwritten("object_pending"), "damaged"},
		"root of the index of ids":    {overwritten("sqlite_autoindex_object_1"), "damaged"},
		"root of the log":             {overwritten("log_entry"), "damaged"},
		"root of the local values":    {overwritten("local_value"), "damaged"},
		"root of the vaults":          {overwritten("vault"), "damaged"},
		"schema version":              {sql(`PRAGMA user_version = 3`), "damaged"},
		"a table gone":                {sql(`DROP TABLE set_aside`), "damaged"},
		"synced envelope":             {sql(`UPDATE object SET base_envelope = ` + flipped("base_envelope") + ` WHERE object_id = ` + someBase), "1 do not open"},
		"all synced envelopes":        {sql(`UPDATE object SET base_envelope = ` + flipped("base_envelope") + ` WHERE base_envelope IS NOT NULL`), "do not open"},
		"synced row deleted":          {sql(`DELETE FROM object WHERE object_id = ` + someBase), "not what the last commit"},
		"synced row renamed":          {sql(`UPDATE object SET object_id = randomblob(16) WHERE object_id = ` + someBase), ""},
		"synced envelopes swapped":    {sql(`UPDATE object SET base_envelope = (SELECT o.base_envelope FROM object o WHERE o.object_id > object.object_id AND o.base_envelope IS NOT NULL ORDER BY o.object_id LIMIT 1) WHERE pending_revision IS NULL`), "do not open"},
		"edit":                        {sql(`UPDATE object SET pending_envelope = ` + flipped("pending_envelope") + ` WHERE object_id = ` + someEdit), "sets them aside"},
		"all edits":                   {sql(`UPDATE object SET pending_envelope = ` + flipped("pending_envelope") + ` WHERE pending_envelope IS NOT NULL`), "sets them aside"},
		"edit and what it is made of": {sql(`UPDATE object SET pending_envelope = x'00', base_envelope = x'00' WHERE pending_revision > 1`), "sets them aside"},
		"edits swapped":               {sql(`UPDATE object SET pending_envelope = (SELECT o.pending_envelope FROM object o WHERE o.object_id > object.object_id AND o.pending_envelope IS NOT NULL ORDER BY o.object_id LIMIT 1) WHERE pending_envelope IS NOT NULL`), "sets them aside"},
		"edit deleted":                {sql(`DELETE FROM object WHERE object_id = ` + someEdit), "changed outside"},
		"revision of an edit":         {sql(`UPDATE object SET pending_revision = 7 WHERE object_id = ` + someEdit), "changed outside"},
		"objects of nobody":           {sql(`UPDATE object SET vault_id = randomblob(16) WHERE object_id = ` + someBase), ""},
		"a local value":               {sql(`UPDATE local_value SET value = randomblob(60)`), "changed outside"},
		"no local values":             {sql(`DELETE FROM local_value`), "changed outside"},
		"a key":                       {sql(`UPDATE vault SET sealed_key = randomblob(60)`), "changed outside"},
		"pin":                         {sql(`UPDATE vault SET pin_seq = 1`), "changed outside"},
		"log cut":                     {sql(`DELETE FROM log_entry WHERE seq > 0`), "changed outside"},
		"no log":                      {sql(`DELETE FROM log_entry`), "changed outside"},
		"no integrity record":         {sql(`DELETE FROM integrity`), "changed outside"},
		"account":                     {sql(`UPDATE account SET sealed_account_key = randomblob(60), profile = 'x'`), "changed outside"},
		"index of the list":           {sql(`DELETE FROM index_head; DELETE FROM index_segment WHERE segment % 2 = 0; UPDATE index_segment SET sealed = randomblob(100)`), ""},
		"passed commits":              {sql(`DELETE FROM passed_commit`), ""},
		"push in flight cut off":      {sql(`INSERT INTO outbox_object (vault_id, object_id, revision, state, hash, envelope) SELECT vault_id, object_id, pending_revision, pending_state, pending_hash, pending_envelope FROM object WHERE pending_revision IS NOT NULL; DELETE FROM outbox`), ""},
		"undo":                        {sql(`DELETE FROM undo; DELETE FROM outbox; DELETE FROM outbox_object; DELETE FROM staged`), ""},
	}
	for name, c := range cases {
		for _, with := range []string{"alone", "with a backup"} {
			t.Run(name+"/"+with, func(t *testing.T) {
				p := w.admit(t)
				if with != "alone" {
					u := p.Unlock(t)
					if err := u.BackUp(t.Context()); err != nil {
						t.Fatal(err)
					}
					u.Lock()
				}
				if said := p.treat(t, c.damage); !strings.Contains(said, c.named) {
					t.Errorf("verify says %s, and not %q", said, c.named)
				}
			})
		}
	}
}

// A file whose chunks are gone, or were overwritten: the sent one comes back from the server, the other is named.
func TestDamagedChunks(t *testing.T) {
	w := newWard(t)
	for name, damage := range map[string]func(path string) error{
		"missing":     os.Remove,
		"overwritten": func(path string) error { return os.WriteFile(path, []byte("no chunk"), 0o600) },
		"cut":         func(path string) error { return os.Truncate(path, 100) },
		"empty":       func(path string) error { return os.Truncate(path, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			p := w.admit(t)
			chunks, err := filepath.Glob(filepath.Join(p.Paths.Files(p.account), "*", "0"))
			if err != nil || len(chunks) != 2 {
				t.Fatal(chunks, err)
			}
			for _, chunk := range chunks {
				if err := damage(chunk); err != nil {
					t.Fatal(err)
				}
			}
			code, out, errOut := p.run(t, "verify")
			if code != exitTrouble || !strings.Contains(out, `"unsent.txt"`) || strings.Contains(out, `"sent.txt"`) {
				t.Errorf("verify: %d %s%s", code, out, errOut)
			}
			if code, out, errOut := p.run(t, "repair"); code != exitOK {
				t.Errorf("repair: %s%s", out, errOut)
			}
			u := p.Unlock(t)
			defer u.Lock()
			testpc.Sync(t, u)
			all, err := u.Vault().AllAttachments(t.Context())
			if err != nil || len(all) != 2 {
				t.Fatal(all, err)
			}
			for _, a := range all {
				_ = u.Vault().ReadAttachment(t.Context(), a.ID, io.Discard, nil) // a person asks for it, and it is found not to open
				u.FetchAttachment(a.ID)
				_ = u.CarryFiles(t.Context())
				err := u.Vault().ReadAttachment(t.Context(), a.ID, io.Discard, nil)
				if (err == nil) != (a.ID != p.unsent) {
					t.Errorf("%s: %v", a.Name, err)
				}
			}
			if now := texts(t, u); len(now) != len(p.items) {
				t.Errorf("%d items, %d before", len(now), len(p.items))
			}
		})
	}
}

// What a kill leaves is a file and its write-ahead log. Of a log that is damaged SQLite takes what comes before the damage, as it takes a log
// whose end a power cut has torn; what was edited before that has to be there, and the rest of the file as it was.
func TestDamagedLog(t *testing.T) {
	w := newWard(t)
	u := w.Unlock(t)
	var typed []id.ID
	var ends []int64 // of the log, after each edit
	for n := range 12 {
		typed = append(typed, testpc.Save(t, u, testpc.Login(fmt.Sprintf("Log %d", n), "anna", fmt.Sprintf("typed %d", n))).ID)
		info, err := os.Stat(w.path() + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, info.Size())
	}
	file, log := content(t, w.path()), content(t, w.path()+"-wal")
	w.PC = w.Copy(t, nil)
	u.Lock()
	frame := int64(24 + pageSize)
	for name, c := range map[string]struct {
		damage func(log []byte) []byte
		upTo   int64 // where the damage begins
	}{
		"whole":        {func(b []byte) []byte { return b }, int64(len(log))},
		"no log":       {func(b []byte) []byte { return nil }, 0},
		"header":       {func(b []byte) []byte { clear(b[:32]); return b }, 0},
		"first frame":  {func(b []byte) []byte { clear(b[32:100]); return b }, 32},
		"middle frame": {func(b []byte) []byte { b[ends[5]+frame/2] ^= 4; return b }, ends[5]},
		"cut":          {func(b []byte) []byte { return b[:ends[7]+100] }, ends[7]},
		"last byte":    {func(b []byte) []byte { b[len(b)-1] ^= 1; return b }, int64(len(log)) - frame},
		"zeros":        {func(b []byte) []byte { clear(b[ends[3]:]); return b }, ends[3]},
	} {
		t.Run(name, func(t *testing.T) {
			p := w.admit(t)
			for path, data := range map[string][]byte{p.path(): file, p.path() + "-wal": c.damage(bytes.Clone(log))} {
				if err := os.WriteFile(path, data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Remove(p.path() + "-shm"); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			if code, out, errOut := p.run(t, "repair"); code != exitOK {
				t.Fatalf("%s%s", out, errOut)
			}
			if code, out, errOut := p.run(t, "verify"); code != exitOK {
				t.Errorf("after the repair: %s%s", out, errOut)
			}
			after := p.Unlock(t)
			defer after.Lock()
			now := texts(t, after)
			for n, item := range typed {
				if ends[n] <= c.upTo && now[item] == nil {
					t.Errorf("edit %d is gone", n)
				}
			}
			for item := range w.items {
				if !slices.Equal(now[item], w.items[item]) {
					t.Errorf("%q is not as it was", w.items[item][0])
				}
			}
		})
	}
}

// randomDamage draws damage of a file.
func randomDamage(random *rand.Rand, data []byte) (string, []byte) {
	pages := len(data) / pageSize
	page := func() []byte { return data[random.IntN(pages)*pageSize:][:pageSize] }
	noise := func(b []byte) {
		for i := range b {
			b[i] = byte(random.Uint32())
		}
	}
	switch n := 1 + random.IntN(4); random.IntN(7) {
	case 0:
		for range n {
			noise(page())
		}
		return fmt.Sprintf("%d pages of noise", n), data
	case 1:
		for range n {
			clear(page())
		}
		return fmt.Sprintf("%d pages of zeros", n), data
	case 2:
		for range n {
			data[random.IntN(len(data))] ^= 1 << random.IntN(8)
		}
		return fmt.Sprintf("%d bits", n), data
	case 3:
		length := random.IntN(len(data))
		return fmt.Sprintf("cut to %d bytes", length), data[:length]
	case 4:
		a, b := page(), page()
		kept := bytes.Clone(a)
		copy(a, b)
		copy(b, kept)
		return "two pages swapped", data
	case 5:
		copy(page(), page())
		return "a page in the place of another", data
	default:
		from := random.IntN(len(data))
		part := data[from:min(from+512*n, len(data))]
		clear(part)
		return fmt.Sprintf("%d bytes of zeros at %d", len(part), from), data
	}
}

func TestRandomDamage(t *testing.T) {
	w := newWard(t)
	pristine := content(t, w.path())
	for seed := *damageFirst; seed < *damageFirst+*damages; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 11))
			what, damaged := randomDamage(random, bytes.Clone(pristine))
			t.Log(what)
			p := w.admit(t)
			if err := os.WriteFile(p.path(), damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			if len(p.Accounts()) == 0 { // nothing says whose the file is: that is said, and the file stays
				code, out, errOut := p.run(t, "verify")
				if code == exitOK || !bytes.Equal(content(t, p.path()), damaged) {
					t.Errorf("%d %s%s", code, out, errOut)
				}
				if untouched(pagesWith([][]byte{append(p.account[:], email...)}, pristine), pristine, damaged) {
					t.Error("whose the file is can be read in it")
				}
				return
			}
			if err := os.WriteFile(p.path(), pristine, 0o600); err != nil {
				t.Fatal(err)
			}
			p.treat(t, func(t *testing.T, path string) { rewrite(t, path, func([]byte) []byte { return damaged }) })
		})
	}
}
