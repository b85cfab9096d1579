//go:build cgo && unix

package crash

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/testdisk"
	"github.com/coffer-vault/coffer/internal/testpc"
)

var cuts = flag.Int("crash.cuts", 1000, "at how many points the power is cut")

// TestPowerCut records what work does to the disk, and looks at many points at what a power cut may leave there: all that was
// acknowledged has to be in it.
func TestPowerCut(t *testing.T) {
	w := recordWork(t, *seed)
	random := rand.New(rand.NewPCG(*seed, 3))
	chosen := w.disk.Points(random, *cuts)
	tried := map[string]int{}
	places := make(chan struct{}, runtime.NumCPU())
	var judges sync.WaitGroup
	w.disk.Replay(w.noteMark, func(n int, next testdisk.Step, d *testdisk.Disk) {
		for range chosen[n] {
			if late(t) {
				return
			}
			how := testdisk.Cut(random.IntN(int(testdisk.Cuts)))
			tried[next.Label()]++
			left := w.left(t)
			if err := d.Leave(left.home, how, random); err != nil {
				t.Fatal(err)
			}
			where := fmt.Sprintf("-crash.seed=%d, cut of kind %d before step %d, %s, in the middle of %s", *seed, how, n, next.Label(), w.doing())
			places <- struct{}{}
			judges.Go(func() {
				defer func() { <-places }()
				if err := left.judge(t.Context()); err != nil {
					t.Errorf("%s: %v", where, err)
				}
				os.RemoveAll(left.home) // a thousand profiles are much memory
			})
		}
	})
	judges.Wait()
	t.Logf("-crash.seed=%d: %d points before %v", *seed, *cuts, tried)
}

// work is a record of what a person did, and what it did to the disk; while it is replayed, how far it has come.
type work struct {
	*house
	disk *testdisk.Recorder
	stop func() // recording

	keyring  []byte // as it was written last: it has a disk of its own
	signedUp bool
	begun    *act
}

// The marks in the record.
type (
	begins    struct{ act }
	ends      struct{}
	arrives   struct{ contents }       // B has sent something
	remembers struct{ keyring []byte } // the keyring was written
	signedUp  struct{ has contents }   // the account was acknowledged
)

// recordWork has a person do everything there is, and some of it often.
func recordWork(t *testing.T, seed uint64) *work {
	t.Helper()
	w := &work{}
	var a *person
	w.house, a = newHouse(t, seed, func(home string) { w.begin(t, home) })
	w.disk.Mark(signedUp{maps.Clone(w.a)})
	names := []string{}
	for _, d := range deeds {
		names = append(names, d.name)
	}
	for range 60 {
		names = append(names, "")
	}
	w.random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, name := range names {
		if err := w.do(t.Context(), a, a.next(name)); err != nil {
			t.Fatal(err)
		}
	}
	a.u.Lock()
	w.stop()
	return w
}

// begin records from here on.
func (w *work) begin(t *testing.T, home string) {
	if err := os.MkdirAll(home, 0o700); err != nil {
		t.Fatal(err)
	}
	var err error
	if w.disk, err = testdisk.NewRecorder(home); err != nil {
		t.Fatal(err)
	}
	onKeyring = func(data []byte) { w.disk.Mark(remembers{data}) }
	stop, err := testdisk.Watch(w.disk.Watch)
	if err != nil {
		t.Fatal(err)
	}
	w.stop = func() { stop(); onKeyring = nil }
	t.Cleanup(w.stop)
}

func (w *work) do(ctx context.Context, a *person, next act) error {
	if next.What == "sync" {
		if err := w.typeOnB(); err != nil {
			return err
		}
		w.disk.Mark(arrives{w.incoming})
		w.incoming = contents{} // with this sync A has it, and what it changes of that is newer
	}
	w.disk.Mark(begins{next})
	if err := next.do(ctx); err != nil {
		return fmt.Errorf("%s: %w", next.What, err)
	}
	if next.What != "import" && a.touches(next) {
		a.forgetImport()
	}
	w.disk.Mark(ends{})
	if b := w.b.u; next.Password != "" || next.What == "rotate" || next.What == "secret key" {
		w.password = a.password
		return errors.Join(a.u.Sync(ctx), ignore(b.Sync(ctx), session.ErrKeysChanged), b.AdoptKeys(ctx, typed(a.password), a.u.SecretKey()))
	}
	return nil
}

func ignore(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}

func (w *work) noteMark(mark any) {
	switch m := mark.(type) {
	case signedUp:
		w.signedUp, w.belief, w.password = true, belief{m.has, contents{}}, testpc.Password
	case remembers:
		w.keyring = m.keyring
	case arrives:
		w.incoming = m.contents
	case begins:
		w.begun = &m.act
	case ends:
		w.a = w.a.after(w.begun.Changes)
		if w.begun.What == "sync" {
			w.a = w.a.after(w.incoming)
			w.incoming = contents{}
		}
		if w.begun.Password != "" {
			w.password = w.begun.Password
		}
		w.begun = nil
	}
}

func (w *work) doing() string {
	if w.begun == nil {
		return "nothing"
	}
	return w.begun.What
}

// remnant is what a power cut has left of A's profile, and what has to be in it.
type remnant struct {
	house
	keyring  []byte
	signedUp bool
	begun    *act
}

// left makes an empty one of this moment.
func (w *work) left(t *testing.T) *remnant {
	return &remnant{
		house:   house{t: t, home: t.TempDir(), account: w.account, password: w.password, belief: belief{w.a, maps.Clone(w.incoming)}},
		keyring: w.keyring, signedUp: w.signedUp, begun: w.begun,
	}
}

// judge looks whether what was acknowledged is there.
func (r *remnant) judge(ctx context.Context) error {
	if !r.signedUp {
		return nil // nobody was told anything yet
	}
	if err := os.WriteFile(filepath.Join(r.home, "keyring"), r.keyring, 0o600); err != nil {
		return err
	}
	m, err := manager(r.home, nil, nil, true)
	if err != nil {
		return err
	}
	u, err := r.unlock(m, obituary{begun: r.begun})
	if err != nil {
		return err
	}
	defer u.Lock()
	found, err := readContents(ctx, m, u)
	if err == nil {
		err = r.compare(found, nil, r.begun)
	}
	if err == nil {
		err = r.verify(ctx, m, u)
	}
	return err
}
