//go:build cgo && unix

package crash

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault/sqlite"
)

// house has an account with two devices. On A one process after the other is killed; B stays and has to see the same.
type house struct {
	t      *testing.T
	random *rand.Rand
	server *testkit.Server

	home     string // of A
	account  id.ID
	password string
	belief   // of what A has

	b     *person
	lives int
	old   map[string]bool // what kills have left behind
}

// belief is what the profile of A has to have.
type belief struct {
	a        contents
	incoming contents // what B has sent and A may not have yet
}

// newHouse signs up on A. begin, unless nil, is told where A's profile will be.
func newHouse(t *testing.T, seed uint64, begin func(home string)) (h *house, a *person) {
	t.Helper()
	h = &house{
		t: t, random: rand.New(rand.NewPCG(seed, 2)), server: testkit.Cloud(t), home: filepath.Join(t.TempDir(), "profile"),
		password: testpc.Password, belief: belief{incoming: contents{}}, old: map[string]bool{},
	}
	if begin != nil {
		begin(h.home)
	}
	m := h.manager()
	u := (&testpc.PC{Manager: m}).SignUp(t, h.server, "anna@coffer.test")
	h.account = u.Account().ID
	h.letBIn(u.SecretKey())
	h.a = h.read(m, u)
	return h, &person{m: m, u: u, random: h.random, name: "A", password: h.password, home: filepath.Dir(h.home)}
}

// settleIn does what every life begins with.
func (h *house) settleIn(a *person) {
	for _, name := range []string{"new item", "new item", "folder", "import", "settings", "sync", "backup"} {
		if err := a.next(name).do(h.t.Context()); err != nil {
			h.t.Fatal(err)
		}
	}
	h.a = h.read(a.m, a.u)
	a.u.Lock()
}

func (h *house) letBIn(secretKey string) {
	pc := testpc.New(h.t, "PC B", func(c *session.Config) { c.Driven = true })
	u := pc.SignIn(h.t, h.server, "anna@coffer.test", secretKey)
	h.b = &person{m: pc.Manager, u: u, random: h.random, name: "B"}
}

func (h *house) manager() *session.Manager {
	m, err := manager(h.home, nil, nil, true)
	if err != nil {
		h.t.Fatal(err)
	}
	return m
}

func (h *house) read(m *session.Manager, u *session.Unlocked) contents {
	h.t.Helper()
	found, err := readContents(h.t.Context(), m, u)
	if err != nil {
		h.t.Fatal(err)
	}
	return found
}

// death says how a life ends: at a labelled point, or after a time.
type death struct {
	label string
	times int
	first string // the act that leads to the label
	after time.Duration
}

// obituary is what a child had said when it was dead.
type obituary struct {
	begun  *act // and not done
	done   contents
	pass   string // of the last act done that changed it
	died   string // at which label; "" for none
	killed bool
	ready  bool
	err    error
}

// live runs a child until it dies.
func (h *house) live(d death) obituary {
	h.lives++
	p := plan{
		Home: h.home, Account: h.account, Password: h.password, Name: fmt.Sprint("A", h.lives), Seed: h.random.Uint64(), Acts: 40,
		First: d.first, Driven: h.random.IntN(2) == 0, Label: d.label, Times: d.times,
	}
	text, err := json.Marshal(p)
	if err != nil {
		h.t.Fatal(err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		h.t.Fatal(err)
	}
	defer read.Close()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childVariable+"="+string(text))
	cmd.ExtraFiles = []*os.File{write}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	write.Close()
	o := obituary{done: contents{}}
	stop := func() bool { return false }
	if d.label == "" {
		stop = time.AfterFunc(d.after, func() { cmd.Process.Signal(syscall.SIGKILL) }).Stop
	}
	heard := hear(read, o.note)
	stop()
	o.err = errors.Join(o.err, heard, o.end(cmd.Wait()))
	return o
}

func (o *obituary) note(m message) {
	switch {
	case m.Ready:
		o.ready = true
	case m.Begun != nil:
		o.begun = m.Begun
	case m.Done:
		for key, text := range o.begun.Changes {
			o.done[key] = text
		}
		if o.begun.Password != "" {
			o.pass = o.begun.Password
		}
		o.begun = nil
	case m.Dies != "":
		o.died = m.Dies
	case m.Error != "":
		o.err = errors.New(m.Error)
	}
}

// end reads how the process ended: a kill is what was wanted, and nothing is wrong with one that came to its end before.
func (o *obituary) end(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
		o.killed = true
		return nil
	}
	return err
}

// judge looks whether what a child left behind has all that it should, and brings both devices in step.
func (h *house) judge(o obituary) error {
	ctx := h.t.Context()
	if o.err != nil {
		return fmt.Errorf("the child: %w", o.err)
	}
	m := h.manager()
	u, err := h.unlock(m, o)
	if err != nil {
		return err
	}
	defer u.Lock()
	if err := h.compare(h.read(m, u), o.done, o.begun); err != nil {
		return err
	}
	if err := h.verify(ctx, m, u); err != nil {
		return fmt.Errorf("after the kill: %w", err)
	}
	if err := h.settle(ctx, u, o); err != nil {
		return fmt.Errorf("sync goes on: %w", err)
	}
	h.a = h.a.after(h.incoming)
	h.incoming = contents{}
	if d := h.read(m, u).difference(h.a); d != "" {
		return fmt.Errorf("after the sync A differs:\n%s", d)
	}
	found := h.read(h.b.m, h.b.u)
	found[settingsKey] = h.a[settingsKey] // are each PC's own
	if d := found.difference(h.a); d != "" {
		return fmt.Errorf("B differs:\n%s", d)
	}
	if err := errors.Join(h.verify(ctx, m, u), m.SaveSettings(m.Settings())); err != nil {
		return fmt.Errorf("after the sync: %w", err)
	}
	return h.remains()
}

// unlock opens the vault with the password that is in force: the acknowledged one, or that of a change that was under way.
func (h *house) unlock(m *session.Manager, o obituary) (u *session.Unlocked, err error) {
	if o.pass != "" {
		h.password = o.pass
	}
	passwords := []string{h.password}
	if o.begun != nil && o.begun.Password != "" {
		passwords = append(passwords, o.begun.Password)
	}
	for _, password := range passwords {
		if u, err = m.Unlock(h.t.Context(), h.account, typed(password)); err == nil {
			h.password = password
			return u, nil
		}
	}
	return nil, fmt.Errorf("unlock: %w", err)
}

// compare demands what was acknowledged, and of what was begun all or nothing. What B has sent may have come, and been changed since.
func (b *belief) compare(found, done contents, begun *act) error {
	want := b.a.after(done)
	for key, text := range b.incoming {
		_, changed := done[key]
		_, came := found[key]
		if begun != nil {
			_, changing := begun.Changes[key] // so it had come
			came = came || changing
		}
		if came && !changed {
			want[key] = text
		}
		if came || changed {
			delete(b.incoming, key)
		}
	}
	missing := found.difference(want)
	if missing != "" && begun != nil {
		if want = want.after(begun.Changes); found.difference(want) == "" {
			missing = ""
		}
	}
	if missing != "" {
		return fmt.Errorf("not what was acknowledged:\n%s", missing)
	}
	b.a = want
	return nil
}

// verify is what "cofferctl vault verify" does.
func (h *house) verify(ctx context.Context, m *session.Manager, u *session.Unlocked) error {
	paths, err := platform.PathsBelow(h.home)
	if err != nil {
		return err
	}
	store, err := sqlite.Open(ctx, paths.Account(h.account))
	if err != nil {
		return err
	}
	defer store.Close()
	if err := errors.Join(store.Check(ctx), u.Verify(ctx)); err != nil {
		return err
	}
	if n := u.Vault().Counts().Unreadable; n > 0 {
		return fmt.Errorf("%d items do not open", n)
	}
	all, err := u.Backups()
	if err == nil && len(all) > 0 {
		_, err = u.CompareBackup(ctx, all[0].ID)
	}
	if err != nil {
		return fmt.Errorf("the newest backup: %w", err)
	}
	return nil
}

// settle syncs both devices until nothing moves.
func (h *house) settle(ctx context.Context, u *session.Unlocked, o obituary) error {
	for range 10 {
		if err := u.Sync(ctx); err != nil {
			return fmt.Errorf("A: %w", err)
		}
		if err := h.whichPassword(ctx, u, o); err != nil {
			return err
		}
		err := h.b.u.Sync(ctx)
		if errors.Is(err, session.ErrKeysChanged) {
			err = h.adopt(ctx, u)
		}
		if err != nil {
			return fmt.Errorf("B: %w", err)
		}
		if same, err := inStep(ctx, u, h.b.u); same || err != nil {
			return err
		}
	}
	return errors.New("the devices do not come to rest")
}

// adopt has B's user type the master password of the changed keys.
func (h *house) adopt(ctx context.Context, u *session.Unlocked) error {
	return h.b.u.AdoptKeys(ctx, typed(h.password), u.SecretKey())
}

func inStep(ctx context.Context, a, b *session.Unlocked) (bool, error) {
	pinA, errA := a.Vault().Pin(ctx)
	pinB, errB := b.Vault().Pin(ctx)
	for _, u := range []*session.Unlocked{a, b} {
		if s := u.Status(); s.Pending > 0 || s.Notices.Changing {
			return false, nil
		}
	}
	return pinA.Hash == pinB.Hash, errors.Join(errA, errB)
}

// whichPassword looks what became of a change of the password that was under way.
func (h *house) whichPassword(ctx context.Context, u *session.Unlocked, o obituary) error {
	err := u.CheckPassword(ctx, typed(h.password))
	if errors.Is(err, session.ErrWrongPassword) && o.begun != nil && o.begun.Password != "" {
		h.password = o.begun.Password
		err = u.CheckPassword(ctx, typed(h.password))
	}
	if err != nil {
		return fmt.Errorf("the password: %w", err)
	}
	return nil
}

// remains makes what a kill has left behind in the profile old, and fails for what was left by an earlier one and is still there.
func (h *house) remains() error {
	var forgotten []string
	err := filepath.WalkDir(h.home, func(path string, e os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, sqlite.PartSuffix) && !strings.Contains(path, ".tmp-") {
			return err
		}
		if h.old[path] {
			forgotten = append(forgotten, path)
		}
		h.old[path] = true
		before := time.Now().Add(-48 * time.Hour)
		return os.Chtimes(path, before, before)
	})
	if err == nil && len(forgotten) > 0 {
		err = fmt.Errorf("left behind for ever: %q", forgotten)
	}
	return err
}

// typeOnB has B make an item and send it.
func (h *house) typeOnB() error {
	for _, a := range []act{h.b.create(), h.b.sync()} {
		if err := a.do(h.t.Context()); err != nil {
			return fmt.Errorf("B: %w", err)
		}
		for key, text := range a.Changes {
			h.incoming[key] = text
		}
	}
	return nil
}

// deaths are the ways to die of a house's inhabitants, n of them: half at random moments, half at labels, all of these in turn.
func (h *house) deaths(n int) []death {
	var all []death
	offset := h.random.IntN(len(points))
	for i := range n {
		if i%2 == 0 {
			all = append(all, death{after: time.Duration(h.random.IntN(int(longest)))})
			continue
		}
		p := points[(offset+i/2)%len(points)]
		all = append(all, death{label: p.label, first: p.acts[h.random.IntN(len(p.acts))], times: 1 + h.random.IntN(p.times)})
	}
	return all
}
