package screen

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/kit"
	"github.com/coffer-vault/coffer/app/screen/screentest"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const anna = "anna@example.com"

// clipboard is a clipboard in memory; package platform tests the real ones.
type clipboard struct {
	mu    sync.Mutex
	text  string
	after time.Duration
	err   error

	entered, block chan struct{} // the next call closes the one and waits for the other
}

func (c *clipboard) Copy(text secret.Bytes, clearAfter time.Duration) error {
	c.mu.Lock()
	entered, block := c.entered, c.block
	c.entered, c.block = nil, nil
	c.mu.Unlock()
	if block != nil {
		close(entered)
		<-block
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.text, c.after = string(text.Reveal()), clearAfter
	}
	return c.err
}

func (c *clipboard) Clear() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = ""
	return c.err
}

func (c *clipboard) holds() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text
}

// english is the catalog of the tests.
func english(t testing.TB) *assets.Catalog {
	t.Helper()
	words, err := assets.Load("en")
	if err != nil {
		t.Fatal(err)
	}
	return words
}

// desk is a person at a computer: the screens over the real session, with a clock and a queue in the test's hands.
type desk struct {
	t         *testing.T
	pc        *testpc.PC
	queue     *screentest.Queue
	clock     *screentest.Clock
	env       *Env
	clipboard *clipboard
	shell     *Shell

	mu         sync.Mutex
	opened     []string // web pages
	saved      map[string]string
	noSaving   bool     // the person thinks better of it when asked where a file shall go
	asked      func()   // hears that the person is asked where a file shall go; may be nil
	folder     string   // where files are saved
	picks      []string // the files that are chosen
	downloads  string   // the folder that browsers save files into
	noFolder   error    // why nobody knows it
	idle       time.Duration
	idleErr    error
	autoruns   []bool
	autostarts bool // what the system says
	quit       bool
}

// newEnv is an environment without a session.
func newEnv(t *testing.T) (*Env, *desk) {
	t.Helper()
	d := &desk{t: t, queue: screentest.NewQueue(), clock: screentest.NewClock(testTime), clipboard: &clipboard{}, saved: map[string]string{}}
	d.env = &Env{
		Post: d.queue.Post, Clock: d.clock, Words: english(t), Clipboard: d.clipboard, Paper: kit.A4, Log: slog.New(slog.DiscardHandler),
		OpenURL: func(url string) error {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.opened = append(d.opened, url)
			return nil
		},
		SaveFile: func(name string, content secret.Bytes, done func(string)) {
			if d.asked != nil {
				d.asked()
			}
			if d.noSaving {
				done("")
				return
			}
			d.saved[name] = string(content.Reveal())
			done("/home/anna/" + name)
		},
		SaveAs:    func(name string, done func(string, bool)) { done(filepath.Join(d.folder, name), false) },
		PickFiles: func(_ FileRequest, done func([]string)) { done(d.picks) },
		Downloads: func() (string, error) { return d.downloads, d.noFolder },
	}
	return d.env, d
}

// newDesk starts the program on a computer, with a server to talk to.
func newDesk(t *testing.T, pc *testpc.PC, server *testkit.Server) *desk {
	t.Helper()
	env, d := newEnv(t)
	d.pc, d.clock = pc, screentest.NewClock(time.Now())
	env.Clock = d.clock
	d.shell = NewShell(env, ShellConfig{
		Manager: pc.Manager, Origin: server.URL, Language: "en", Quit: func() { d.quit = true },
		Idle: func() (time.Duration, error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			return d.idle, d.idleErr
		},
		Autostart: func(on bool) error {
			d.autoruns = append(d.autoruns, on)
			return nil
		},
		Autostarts: func() (bool, error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			return d.autostarts, nil
		},
		CheckPassword: func(ctx context.Context, u *session.Unlocked, password secret.Bytes) error {
			return u.CheckPassword(ctx, password)
		},
	})
	t.Cleanup(func() {
		d.shell.clear()
		if d.shell.closed != nil {
			<-d.shell.closed
		}
		// The server waits for connections that were opened and never used.
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	})
	d.queue.Says = d.says
	d.shell.Start()
	d.until("first screen", func() bool { return d.shell.State().Page != PageStarting })
	return d
}

// says is what the program shows.
func (d *desk) says() string {
	if v := d.shell.Vault(); v != nil {
		return fmt.Sprintf("%+v", v.State())
	}
	return fmt.Sprintf("%+v", d.shell.State())
}

func (d *desk) until(what string, condition func() bool) {
	d.t.Helper()
	d.queue.Until(d.t, what, condition)
}

// unlock types the master password and waits for the vault.
func (d *desk) unlock() *Vault {
	d.t.Helper()
	d.enter()
	return d.waitForVault()
}

// enter types the master password and waits until the vault is on the screen. Nothing that comes by the queue is there yet.
func (d *desk) enter() *Vault {
	d.t.Helper()
	d.until("unlock screen", func() bool { return d.shell.State().Page == PageUnlock })
	d.shell.Unlock().Submit(testpc.Typed(testpc.Password))
	d.until("vault", func() bool { return d.shell.State().Page == PageVault })
	return d.shell.Vault()
}

func (d *desk) waitForVault() *Vault {
	d.t.Helper()
	d.until("vault", func() bool { return d.shell.State().Page == PageVault && !d.shell.Vault().State().Loading })
	return d.shell.Vault()
}

// opened is a desk with the account of Anna, signed up and unlocked, after the first import.
func openDesk(t *testing.T) (*desk, *Vault, *testkit.Server) {
	t.Helper()
	return openDeskOn(t, testpc.New(t, "Anna's PC", nil))
}

func openDeskOn(t *testing.T, pc *testpc.PC) (*desk, *Vault, *testkit.Server) {
	t.Helper()
	server := testkit.Cloud(t)
	u := pc.SignUp(t, server, anna)
	if err := errors.Join(u.SkipBrowserImport(t.Context()), u.KitSaved(t.Context())); err != nil {
		t.Fatal(err)
	}
	u.Lock()
	d := newDesk(t, pc, server)
	return d, d.unlock(), server
}

// add saves a login behind the screens' back, as a sync would, and waits until the list shows it.
func (d *desk) add(title, user, password string) {
	d.t.Helper()
	v := d.shell.Vault()
	testpc.Save(d.t, d.shell.unlocked, testpc.Login(title, user, password))
	d.until(title, func() bool { return d.row(v, title) >= 0 })
}

// row is the index of the row with the title, or -1.
func (d *desk) row(v *Vault, title string) int {
	rows := v.State().Rows
	for i := range rows.Len() {
		if rows.At(i).Title == title {
			return i
		}
	}
	return -1
}

func (d *desk) titles(v *Vault) string {
	rows := v.State().Rows
	var titles []string
	for i := range rows.Len() {
		titles = append(titles, rows.At(i).Title)
	}
	return strings.Join(titles, ", ")
}

// show selects the row with the title and waits until its details are there.
func (d *desk) show(v *Vault, title string) *Detail {
	d.t.Helper()
	v.Select(d.row(v, title))
	d.until("details of "+title, func() bool { return v.Detail() != nil && v.Detail().State().Title == title })
	return v.Detail()
}

// detailRow finds a row of the details by its label.
func detailRow(t *testing.T, d *Detail, label string) DetailRow {
	t.Helper()
	for _, card := range d.State().Cards {
		for _, row := range card.Rows {
			if row.Label == label {
				return row
			}
		}
	}
	t.Fatalf("no row %q", label)
	return DetailRow{}
}

// untranslated fails the test for words that the catalog lacks.
func checkWords(t *testing.T, where string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(text, "⟦") || strings.Contains(text, "{") {
			t.Errorf("%s says %q", where, text)
		}
	}
}

var errForTest = errors.New("for the test")

// item is a saved login of the vault, by title.
func (d *desk) item(title string) vault.Item {
	d.t.Helper()
	v := d.shell.Vault()
	i := d.row(v, title)
	if i < 0 {
		d.t.Fatalf("no item %q", title)
	}
	return testpc.Get(d.t, d.shell.unlocked, v.State().Rows.At(i).ID)
}

type secretText = secret.Bytes

// loaded is the details of an item that no vault has.
func loaded(d *desk, env *Env, it vault.Item) *Detail {
	d.t.Helper()
	return loadedWith(d, env, it, func(*DetailConfig) {})
}

func loadedWith(d *desk, env *Env, it vault.Item, configure func(*DetailConfig)) *Detail {
	d.t.Helper()
	config := DetailConfig{
		Get:        func(context.Context, id.ID) (vault.Item, error) { return it.Clone(), nil },
		FolderName: func(id.ID) string { return "" },
	}
	configure(&config)
	detail := NewDetail(env, config, it.ID)
	d.until("details", func() bool { return !detail.State().Loading })
	return detail
}

func getError(err error) func(context.Context, id.ID) (vault.Item, error) {
	return func(context.Context, id.ID) (vault.Item, error) { return vault.Item{}, err }
}

// confirm says that the state of a device enrolled with the kit is the newest.
func (d *desk) confirm(w *Welcome) {
	d.t.Helper()
	d.until("state to confirm", func() bool { return w.Sheet() != nil && w.Sheet().State().Page == "confirm.state" })
	for _, row := range w.Sheet().State().Rows {
		checkWords(d.t, "state", row.Title, row.Detail)
	}
	w.Sheet().Submit()
}
