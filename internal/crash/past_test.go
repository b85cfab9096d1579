//go:build cgo && unix

package crash

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	randv2 "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/cloud/api"
	cloudstore "github.com/coffer-vault/coffer/cloud/store/sqlite"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/sqlite"
	"github.com/coffer-vault/coffer/internal/testdisk"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
	vaultstore "github.com/coffer-vault/coffer/vault/sqlite"
)

// In testdata/past there is, for every schema that the vault file and the server's database had since the protocol has its form, an account
// as the code of that time left it: vault-N-cloud-M. Two logins and one in the trash were synced, one was edited; then the server was away, that one was
// renamed, and another made.
const past = "testdata/past"

// has is what such an account has: title, password, and whether it is in the trash.
var has = []string{"Bank of the past: past secret 4, false", "Mail: past secret 2, false", "Never synced: past secret 5, false", "Old shop: past secret 3, true"}

// paper is the file that is attached to Mail, since there are attachments.
const paper = "a paper of the past"

var writePast = flag.Bool("crash.past", false, "write an account of today into testdata/past: before a migration is added")

// TestWritePast makes what the other tests read.
func TestWritePast(t *testing.T) {
	if !*writePast {
		t.Skip("-crash.past is not set")
	}
	server, pc := testkit.Cloud(t), testpc.New(t, "PC A", nil)
	u := pc.SignUp(t, server, "anna@coffer.test")
	bank := testpc.Save(t, u, testpc.Login("Bank", "anna", "past secret 1"))
	mail := testpc.Save(t, u, testpc.Login("Mail", "anna@coffer.test", "past secret 2"))
	shop := testpc.Save(t, u, testpc.Login("Old shop", "anna", "past secret 3"))
	if _, err := u.Attach(t.Context(), mail.ID, "paper", strings.NewReader(paper), int64(len(paper))); err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, u)
	if err := u.CarryFiles(t.Context()); err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, u)
	if err := u.Vault().Trash(t.Context(), shop.ID); err != nil {
		t.Fatal(err)
	}
	bank = testpc.Get(t, u, bank.ID)
	bank.Set(vault.Password, typed("past secret 4"))
	testpc.Save(t, u, bank)
	testpc.Sync(t, u)
	server.Stop()
	bank = testpc.Get(t, u, bank.ID)
	bank.Title = "Bank of the past"
	testpc.Save(t, u, bank)
	testpc.Save(t, u, testpc.Login("Never synced", "anna", "past secret 5"))
	account := u.Account()
	u.Lock()
	pack(t, pc, server, account)
}

// pack keeps an account that is locked, and the database of its server that is stopped.
func pack(t *testing.T, pc *testpc.PC, server *testkit.Server, account session.Account) {
	t.Helper()
	kept := &keyring{path: filepath.Join(t.TempDir(), "keyring")}
	for _, d := range pc.Keyring.Entries() {
		if err := kept.Save(t.Context(), "", account.ID, d); err != nil {
			t.Fatal(err)
		}
	}
	about, err := json.MarshalIndent(former{Account: account.ID, Origin: account.Origin}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(past, today(t))
	packed(t, dir, "about.json", about)
	for from, to := range map[string]string{
		pc.Paths.Account(account.ID): "vault.db", kept.path: "keyring", server.Database(): "cloud.db",
		filepath.Join(filepath.Dir(server.Database()), "server.secret"): "server.secret",
	} {
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		packed(t, dir, to, data)
	}
}

// today is the name of an account of today's schemas.
func today(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("vault-%d-cloud-%d", migrations(t, "../../vault/sqlite"), migrations(t, "../../cloud/store/sqlstore"))
}

// TestTodayIsKept sees to it that the next migration can be tried on what today's code leaves.
func TestTodayIsKept(t *testing.T) {
	if !slices.Contains(formers(t), today(t)) {
		t.Errorf("%s is not in %s: go test ./internal/crash -run TestWritePast -args -crash.past", today(t), past)
	}
}

func migrations(t *testing.T, of string) int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(of, "migrations", "*.sql"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d migrations of %s, %v", len(files), of, err)
	}
	return len(files)
}

func packed(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(data)
	if err := errors.Join(err, w.Close(), os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, name+".gz"), b.Bytes(), 0o644)); err != nil {
		t.Fatal(err)
	}
}

// former is an account of the past, on files of its own.
type former struct {
	t       *testing.T
	name    string
	dir     string
	Account id.ID
	Origin  string

	store   *cloudstore.Store
	handler http.Handler
	mu      sync.Mutex
	codes   map[string]string
}

func formers(t *testing.T) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(past)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// newFormer unpacks an account of the past.
func newFormer(t *testing.T, name string) *former {
	t.Helper()
	f := &former{t: t, name: name, dir: t.TempDir(), codes: map[string]string{}}
	if err := json.Unmarshal(f.unpack("about.json"), f); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{
		"vault.db": f.vaultFile(), "keyring": filepath.Join(f.home(), "keyring"), "cloud.db": f.cloudFile(), "server.secret": f.path("cloud", "server.secret"),
	} {
		f.write(to, f.unpack(from))
	}
	return f
}

func (f *former) path(parts ...string) string {
	return filepath.Join(append([]string{f.dir}, parts...)...)
}
func (f *former) home() string      { return f.path("home") }
func (f *former) cloudFile() string { return f.path("cloud", "cloud.db") }

func (f *former) vaultFile() string {
	paths, err := platform.PathsBelow(f.home())
	if err != nil {
		f.t.Fatal(err)
	}
	return paths.Account(f.Account)
}

func (f *former) write(path string, data []byte) {
	f.t.Helper()
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *former) unpack(file string) []byte {
	f.t.Helper()
	packed, err := os.Open(filepath.Join(past, f.name, file+".gz"))
	if err != nil {
		f.t.Fatal(err)
	}
	defer packed.Close()
	r, err := gzip.NewReader(packed)
	if err != nil {
		f.t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		f.t.Fatal(err)
	}
	return data
}

// serve runs today's server on the database of the past.
func (f *former) serve() error {
	store, err := cloudstore.Open(f.t.Context(), f.cloudFile(), nil)
	if err != nil {
		return err
	}
	secret, err := cloud.OpenSecret(f.path("cloud", "server.secret"), false)
	if err != nil {
		return errors.Join(err, store.Close())
	}
	log := slog.New(slog.DiscardHandler)
	c := cloud.New(cloud.Config{
		Store: store, Secret: secret, Origin: f.Origin, Mail: f, Now: time.Now, After: time.After, Random: rand.Reader, Log: log,
		RecoveryDelay: cloud.DefaultRecoveryDelay,
	})
	f.store = store
	f.handler = api.New(api.Config{
		Cloud: c, Origin: f.Origin, Limits: api.Limits{SignIn: rate.Inf, Other: rate.Inf}, Ready: store.Ping, Now: time.Now, Log: log,
	})
	deliver := f.handler
	f.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		deliver.ServeHTTP(w, r)
		if _, err := c.Outbox.Deliver(context.Background()); err != nil {
			f.t.Error(err)
		}
	})
	return nil
}

// Send implements cloud.Sender.
func (f *former) Send(_ context.Context, m cloud.Mail) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.codes[m.To] = m.Code
	return nil
}

// RoundTrip asks the server without a socket: its port of the past may be in use.
func (f *former) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	r.RequestURI = r.URL.RequestURI()
	r.Host = r.URL.Host
	if r.Body == nil {
		r.Body = http.NoBody
	}
	f.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

// unlock opens the vault with today's code.
func (f *former) unlock() (*session.Unlocked, error) {
	m, err := manager(f.home(), f, nil, true)
	if err != nil {
		return nil, err
	}
	return m.Unlock(f.t.Context(), f.Account, typed(testpc.Password))
}

func (f *former) check(u *session.Unlocked) error {
	var found []string
	for _, filter := range []vault.Filter{{}, {Trash: true}} {
		for _, s := range u.Vault().Query(filter) {
			it, err := u.Vault().Get(f.t.Context(), s.ID)
			if err != nil {
				return err
			}
			found = append(found, fmt.Sprintf("%s: %s, %t", it.Title, it.Value(vault.Password).Reveal(), it.TrashedAt != 0))
		}
	}
	if got, want := strings.Join(found, "\n"), strings.Join(has, "\n"); got != want {
		return fmt.Errorf("%s\nwant\n%s", got, want)
	}
	return nil
}

// checkPapers has a new computer fetch every file that the account's own one knows.
func (f *former) checkPapers(u, other *session.Unlocked) error {
	ctx := f.t.Context()
	known, err := u.Vault().AllAttachments(ctx)
	if err == nil && len(known) == 0 && !slices.Contains(withoutPapers, f.name) {
		err = errors.New("no file is attached")
	}
	err = errors.Join(err, other.Sync(ctx), other.CarryFiles(ctx))
	for _, a := range known {
		var content strings.Builder
		if read := other.Vault().ReadAttachment(ctx, a.ID, &content, nil); read != nil || content.String() != paper {
			err = errors.Join(err, fmt.Errorf("%s: %q: %w", a.Name, content.String(), read))
		}
	}
	return err
}

// withoutPapers are accounts of the time before attachments.
var withoutPapers = []string{"vault-3-cloud-1", "vault-3-cloud-3", "vault-3-cloud-4", "vault-4-cloud-4"}

// join signs a new computer in.
func (f *former) join(secretKey string) (*session.Unlocked, error) {
	m, err := manager(f.path("new computer"), f, nil, true)
	if err != nil {
		return nil, err
	}
	ctx := f.t.Context()
	const email = "anna@coffer.test"
	s, err := m.BeginSignIn(ctx, f.Origin, email, typed(testpc.Password), secretKey)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	code := f.codes[email]
	f.mu.Unlock()
	if err := s.Verify(ctx, code); err != nil {
		return nil, err
	}
	return s.Finish(ctx, nil)
}

// Every vault file and every server's database that there ever was opens with today's code, and they work together: what waited is sent,
// and a new computer gets everything.
func TestEveryPastOpens(t *testing.T) {
	for _, name := range formers(t) {
		t.Run(name, func(t *testing.T) {
			f := newFormer(t, name)
			if err := f.serve(); err != nil {
				t.Fatal(err)
			}
			defer f.store.Close()
			u, err := f.unlock()
			if err != nil {
				t.Fatal(err)
			}
			defer u.Lock()
			if err := errors.Join(f.check(u), u.Sync(t.Context()), u.Verify(t.Context())); err != nil {
				t.Fatal(err)
			}
			other, err := f.join(u.SecretKey())
			if err != nil {
				t.Fatal(err)
			}
			defer other.Lock()
			if err := errors.Join(f.check(u), f.check(other), f.checkPapers(u, other)); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// A migration in whose middle the power is cut has been done, or not begun.
func TestMigrationsAreWholeOrNot(t *testing.T) {
	for _, name := range formers(t) {
		t.Run(name, func(t *testing.T) {
			f := newFormer(t, name)
			disk := f.record()
			random := randv2.New(randv2.NewPCG(*seed, 4))
			disk.Replay(nil, func(n int, next testdisk.Step, d *testdisk.Disk) {
				if late(t) {
					return
				}
				how := testdisk.Cut(random.IntN(int(testdisk.Cuts)))
				if err := f.cut(d, how, random); err != nil {
					t.Fatalf("cut of kind %d before step %d, %s: %v", how, n, next.Label(), err)
				}
			})
		})
	}
}

// The same for the vault files of schemas from before the account log had today's form. No account of that time opens, and no release
// ever made one; the tables are migrated all the same.
func TestMigrationsOfGoldenFiles(t *testing.T) {
	files, err := filepath.Glob("../../vault/sqlite/testdata/schema-*.db")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "vault.db")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		disk := recordMigration(t, path)
		random := randv2.New(randv2.NewPCG(*seed, 5))
		disk.Replay(nil, func(n int, next testdisk.Step, d *testdisk.Disk) {
			for how := range testdisk.Cuts {
				dir := t.TempDir()
				if err := errors.Join(d.Leave(dir, how, random), opens(t, filepath.Join(dir, "vault.db"))); err != nil {
					t.Fatalf("%s: cut of kind %d before step %d, %s: %v", file, how, n, next.Label(), err)
				}
			}
		})
	}
}

func recordMigration(t *testing.T, path string) *testdisk.Recorder {
	t.Helper()
	disk, err := testdisk.NewRecorder(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	stop, err := testdisk.Watch(disk.Watch)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	if err := opens(t, path); err != nil {
		t.Fatal(err)
	}
	return disk
}

// opens tells whether a golden file is whole, and has what vault/sqlite put there.
func opens(t *testing.T, path string) error {
	store, err := vaultstore.Open(t.Context(), path)
	if err != nil {
		return err
	}
	defer store.Close()
	anchor := func(data []byte) [32]byte {
		h := hmac.New(sha256.New, []byte("anchor"))
		h.Write(data)
		return [32]byte(h.Sum(nil))
	}
	return errors.Join(store.Check(t.Context()), store.Anchor(t.Context(), anchor, 3))
}

// record opens both files, which migrates them.
func (f *former) record() *testdisk.Recorder {
	disk, err := testdisk.NewRecorder(f.dir)
	if err != nil {
		f.t.Fatal(err)
	}
	stop, err := testdisk.Watch(disk.Watch)
	if err != nil {
		f.t.Fatal(err)
	}
	defer stop()
	u, err := f.unlock()
	if err != nil {
		f.t.Fatal(err)
	}
	u.Lock()
	if err := f.serve(); err != nil {
		f.t.Fatal(err)
	}
	if err := f.store.Close(); err != nil {
		f.t.Fatal(err)
	}
	return disk
}

// cut opens what a power cut leaves.
func (f *former) cut(d *testdisk.Disk, how testdisk.Cut, random *randv2.Rand) error {
	left := &former{t: f.t, dir: f.t.TempDir(), Account: f.Account, Origin: f.Origin, codes: map[string]string{}}
	defer os.RemoveAll(left.dir)
	if err := d.Leave(left.dir, how, random); err != nil {
		return err
	}
	if err := left.serve(); err != nil {
		return err
	}
	defer left.store.Close()
	u, err := left.unlock()
	if err != nil {
		return err
	}
	defer u.Lock()
	return errors.Join(left.check(u), u.Sync(f.t.Context()))
}

// A file of a newer version is refused, and stays as it is to the last byte.
func TestANewerVersionIsLeftAlone(t *testing.T) {
	names := formers(t)
	f := newFormer(t, names[len(names)-1])
	for _, c := range []struct {
		path string
		open func() error
		is   error
	}{
		{f.vaultFile(), func() error { _, err := f.unlock(); return err }, vault.ErrNewerSchema},
		{f.cloudFile(), f.serve, cloudstore.ErrNewerSchema},
	} {
		data := newer(t, c.path)
		err := c.open()
		if !errors.Is(err, c.is) {
			t.Errorf("%s: %v", filepath.Base(c.path), err)
		}
		after, err := os.ReadFile(c.path)
		if err != nil || !bytes.Equal(after, data) {
			t.Errorf("%s was changed, %v", filepath.Base(c.path), err)
		}
	}
}

// newer makes a file one of a far newer version, and returns what is in it then.
func newer(t *testing.T, path string) []byte {
	t.Helper()
	db, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec(`PRAGMA user_version = 999`)
	var gooses int
	if err == nil && db.QueryRow(`SELECT count(*) FROM sqlite_schema WHERE name = 'goose_db_version'`).Scan(&gooses) == nil && gooses > 0 {
		_, err = db.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)`)
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
