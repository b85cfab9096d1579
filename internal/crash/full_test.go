//go:build cgo && unix

package crash

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/testdisk"
	"github.com/coffer-vault/coffer/vault"
)

// trouble is a disk that goes wrong at one of its steps.
type trouble struct {
	name string
	with error
	ops  []testdisk.Op
	once bool // the steps after that are fine
}

var troubles = []trouble{
	{"full", testdisk.ErrFull, []testdisk.Op{testdisk.Open, testdisk.Write, testdisk.Shared}, false},
	{"broken", testdisk.ErrBroken, []testdisk.Op{testdisk.Open, testdisk.Write, testdisk.Truncate, testdisk.Sync, testdisk.SyncDir, testdisk.Delete, testdisk.Shared, testdisk.Rename}, false},
	{"broken once", testdisk.ErrBroken, []testdisk.Op{testdisk.Open, testdisk.Write, testdisk.Truncate, testdisk.Sync, testdisk.SyncDir, testdisk.Delete, testdisk.Shared, testdisk.Rename}, true},
	{"unreadable", testdisk.ErrBroken, []testdisk.Op{testdisk.Read}, false},
	{"unreadable once", testdisk.ErrBroken, []testdisk.Op{testdisk.Read}, true},
}

// failing is the disk below one folder.
type failing struct {
	trouble
	below string

	mu  sync.Mutex
	on  bool
	at  int // step from which on it goes wrong
	n   int // steps so far
	hit string
}

// watch is a testdisk.Watcher.
func (f *failing) watch(s testdisk.Step) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.on || !strings.HasPrefix(s.Path, f.below) {
		return nil
	}
	if s.Op == testdisk.Torn { // of a write that is to fail: a full disk takes what still fits
		return f.with
	}
	if !f.concerns(s) {
		return nil
	}
	f.n++
	if f.n < f.at || f.once && f.n > f.at {
		return nil
	}
	if f.hit == "" {
		f.hit = s.Label()
	}
	if s.Op == testdisk.Write && f.with == testdisk.ErrFull {
		return testdisk.ErrHalf
	}
	return f.with
}

func (f *failing) concerns(s testdisk.Step) bool {
	for _, op := range f.ops {
		if s.Op == op {
			return s.Op != testdisk.Open || s.Create || f.with != testdisk.ErrFull
		}
	}
	return false
}

// arm lets the disk go wrong at the n-th step from now on; disarm tells at which step it did, "" for none.
func (f *failing) arm(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.on, f.at, f.n, f.hit = true, n, 0, ""
}

func (f *failing) disarm() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.on = false
	return f.hit
}

// script is what is done on a disk that goes wrong, at each of its steps in turn.
var script = []string{"new item", "edit", "folder", "import", "undo import", "attach", "save attachment", "export", "kit", "arrange", "empty trash", "sync", "settings", "backup", "lock", "password", "secret key", "rotate"}

// TestFailingDisk has every kind of act fail at every step of its disk. The error is a clear one, nothing that was acknowledged is lost,
// and once the disk is well again the app goes on as it is.
func TestFailingDisk(t *testing.T) {
	for _, kind := range troubles {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			v := newVictim(t, kind)
			for _, name := range script {
				if changesKeys(name) {
					v.everyKeyChange(name)
				} else {
					v.every(name, 1, 1, many)
				}
			}
			v.lastLook()
			t.Logf("%d steps failed: %v", v.failures, v.hits)
		})
	}
}

// victim is a person whose disk goes wrong.
type victim struct {
	*house
	p    *person
	disk *failing

	failures int
	hits     map[string]int
}

func newVictim(t *testing.T, kind trouble) *victim {
	v := &victim{disk: &failing{trouble: kind}, hits: map[string]int{}}
	v.house, v.p = newHouse(t, *seed, func(home string) {
		v.disk.below = home
		disks.add(t, v.disk)
	})
	v.p.terse, v.p.home = true, v.home
	return v
}

// stride is how many steps later the trouble comes each time while keys are changed: such a change has up to a hundred.
var stride = flag.Int("crash.stride", 6, "at every how manyth step the disk fails while keys are changed")

// An account's log grows with every change of its keys, and each is read and verified again and again: after so many there is a new account.
const block = 20

// many is more steps than any act has.
const many = 1 << 20

// everyKeyChange is every for a change of the keys.
func (v *victim) everyKeyChange(name string) {
	for n := 1 + v.random.IntN(*stride); ; n += block * *stride {
		fresh := newVictim(v.t, v.disk.trouble)
		ended := fresh.every(name, n, *stride, block)
		fresh.lastLook()
		v.failures += fresh.failures
		for hit, times := range fresh.hits {
			v.hits[hit] += times
		}
		if ended {
			return
		}
	}
}

// every does an act again and again, with the trouble later each time, until none comes, or so many times: then it is not ended.
func (v *victim) every(name string, n, next, times int) (ended bool) {
	for ; times > 0; times-- {
		v.prepare(name)
		a := v.p.next(name)
		v.disk.arm(n)
		err := a.do(v.t.Context())
		hit := v.disk.disarm()
		if hit != "" {
			v.failures++
			v.hits[hit]++
		}
		if problem := v.look(a, err, hit); problem != nil {
			v.t.Fatalf("%s, step %d, %s, error %v: %v", name, n, hit, err, problem)
		}
		if hit == "" || late(v.t) {
			return true
		}
		if name == "import" {
			v.do(v.p.next("undo import")) // the vault stays small
		}
		n += next
	}
	return false
}

// prepare sees to it that an act has something to do.
func (v *victim) prepare(name string) {
	switch name {
	case "sync":
		if err := v.typeOnB(); err != nil {
			v.t.Fatal(err)
		}
	case "empty trash":
		v.do(v.p.create())
		it, _ := v.p.pick(vault.Filter{})
		it.TrashedAt = 1
		v.do(v.p.changed("trash", it, func(ctx context.Context, in *vault.Vault) error { return in.Trash(ctx, it.ID) }))
	}
}

// do does an act on a disk that is well.
func (v *victim) do(a act) {
	if err := v.look(a, a.do(v.t.Context()), ""); err != nil {
		v.t.Fatal(err)
	}
}

// look demands that an act was done, or has said why not and can be done now.
func (v *victim) look(a act, err error, hit string) error {
	if err != nil && (hit == "" || !clear(err)) {
		return errors.New("not a clear error")
	}
	if err != nil {
		if problem := v.same(perhaps(a)); problem != nil {
			return fmt.Errorf("after the error: %w", problem)
		}
		if problem := v.again(a); problem != nil {
			return fmt.Errorf("with the disk well again: %w", problem)
		}
	}
	v.a = v.a.after(a.Changes)
	if a.What == "sync" {
		v.a, v.incoming = v.a.after(v.incoming), contents{}
	}
	return v.same(nil)
}

// perhaps is an act that may have been done although it failed: a file was replaced, and the disk could not say that this is for good.
func perhaps(a act) *act {
	if a.What == "settings" {
		return &a
	}
	return nil
}

// again does an act once more. A change of the keys may be under way: then it goes on by itself, with the next sync.
func (v *victim) again(a act) error {
	ctx := v.t.Context()
	if !changesKeys(a.What) {
		return a.do(ctx)
	}
	if err := v.p.u.Sync(ctx); err != nil {
		return err
	}
	v.p.resolve(ctx, a.Password)
	return a.do(ctx)
}

func changesKeys(what string) bool {
	return what == "password" || what == "secret key" || what == "rotate"
}

// resolve finds out whether a change that had failed came into force after all.
func (p *person) resolve(ctx context.Context, password string) {
	if password != "" && p.u.CheckPassword(ctx, typed(password)) == nil {
		p.password = password
	}
}

// same demands that the app shows what was acknowledged. After an act that failed to unlock there is nothing to show.
func (v *victim) same(begun *act) error {
	found, err := readContents(v.t.Context(), v.p.m, v.p.u)
	if errors.Is(err, vault.ErrClosed) {
		return nil
	}
	if err != nil {
		return err
	}
	return v.compare(found, nil, begun)
}

// clear tells whether an error says what is wrong: app/screen has words, and a way out, for each of these.
func clear(err error) bool {
	for _, known := range []error{
		vault.ErrFull, vault.ErrDisk, vault.ErrReadOnly, vault.ErrCannotOpen, session.ErrChangeWaits, syscall.ENOSPC, syscall.EIO, syscall.EACCES,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// lastLook opens the vault anew, and syncs.
func (v *victim) lastLook() {
	v.t.Helper()
	v.p.u.Lock()
	v.password = v.p.password
	if err := v.judge(obituary{done: contents{}}); err != nil {
		v.t.Error(err)
	}
}

// disks are those that the one Watcher of this process asks.
var disks fleet

type fleet struct {
	mu  sync.Mutex
	all []*failing
}

func (f *fleet) add(t *testing.T, d *failing) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, d)
	all := f.all
	_, err := testdisk.Watch(func(s testdisk.Step) error {
		for _, d := range all {
			if err := d.watch(s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
