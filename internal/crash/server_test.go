//go:build cgo && unix

package crash

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testdisk"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// serverCuts is at how many points the power of the server is cut.
const serverCuts = 48

// TestPowerCutOfTheServer records what a person's syncs do to the server's database, and looks at many points at what a power cut may
// leave of it: everything whose sync was acknowledged is there for another computer, which verifies every commit, signature and root of
// it; what was on its way is there or not; and the server goes on from there.
func TestPowerCutOfTheServer(t *testing.T) {
	h := newHosted(t)
	h.work()
	random := rand.New(rand.NewPCG(*seed, 6))
	chosen := h.disk.Points(random, serverCuts)
	tried := map[string]int{}
	h.disk.Replay(h.noteMark, func(n int, next testdisk.Step, d *testdisk.Disk) {
		for range chosen[n] {
			if late(t) {
				return
			}
			how := testdisk.Cut(random.IntN(int(testdisk.Cuts)))
			tried[next.Label()]++
			if err := h.cut(d, how, random); err != nil {
				t.Fatalf("-crash.seed=%d, cut of kind %d before step %d, %s, in the middle of %q: %v", *seed, how, n, next.Label(), h.begun, err)
			}
		}
	})
	t.Logf("-crash.seed=%d: %d points before %v", *seed, serverCuts, tried)
}

// hosted is an account whose server's disk is recorded. B has read nothing of what A does meanwhile.
type hosted struct {
	t       *testing.T
	disk    *testdisk.Recorder
	a       *person
	homeB   string
	account session.Account

	// While the record is played: what was acknowledged, and what was on its way.
	has   contents
	files map[id.ID]attached
	seq   uint64 // of A's pin
	begun string
	maybe contents
}

// attached is a file of an item.
type attached struct{ item, content string }

// The marks in the record.
type (
	sends struct {
		what string
		act  contents
	}
	acknowledged struct {
		has   contents
		files map[id.ID]attached
		seq   uint64
	}
)

func newHosted(t *testing.T) *hosted {
	t.Helper()
	var recorder atomic.Pointer[testdisk.Recorder]
	stop, err := testdisk.Watch(func(s testdisk.Step) error {
		if r := recorder.Load(); r != nil {
			return r.Watch(s)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	server := testkit.Cloud(t)
	h := &hosted{t: t, files: map[id.ID]attached{}}
	m, u := h.pc(t.TempDir(), func(pc *testpc.PC) *session.Unlocked { return pc.SignUp(t, server, "anna@coffer.test") })
	h.a = &person{m: m, u: u, random: rand.New(rand.NewPCG(*seed, 7)), name: "A", password: testpc.Password, terse: true, home: t.TempDir()}
	h.homeB = t.TempDir()
	_, b := h.pc(h.homeB, func(pc *testpc.PC) *session.Unlocked { return pc.SignIn(t, server, "anna@coffer.test", u.SecretKey()) })
	b.Lock()
	h.account = u.Account()
	restart(server) // so that the log is in the database, and nothing is written while that is read
	if h.disk, err = testdisk.NewRecorder(filepath.Dir(server.Database())); err != nil {
		t.Fatal(err)
	}
	recorder.Store(h.disk)
	return h
}

// restart leaves no connection to the server that was: it waits some seconds for one that was never used, and a request on one may be sent
// before it is seen to be closed.
func restart(server *testkit.Server) {
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	server.Restart()
}

// pc is a computer below a folder, on which someone comes in.
func (h *hosted) pc(home string, comeIn func(*testpc.PC) *session.Unlocked) (*session.Manager, *session.Unlocked) {
	h.t.Helper()
	m, err := manager(home, nil, nil, true)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(m.Close)
	return m, comeIn(&testpc.PC{Manager: m})
}

// work has A do everything that reaches the server, file by file and act by act.
func (h *hosted) work() {
	acts := []string{"new item", "edit", "arrange", "delete", "empty trash", "folder", "import", "undo import"}
	h.mark()
	for round := range 4 {
		for _, name := range acts {
			h.do(h.a.next(name))
		}
		h.attach(fmt.Sprint("file ", round))
		if err := h.a.u.RenameDevice(h.t.Context(), h.a.u.DeviceID(), fmt.Sprint("PC ", round)); err != nil {
			h.t.Fatal(err)
		}
	}
	h.a.u.Lock()
}

func (h *hosted) do(a act) {
	h.t.Helper()
	h.disk.Mark(sends{a.What, a.Changes})
	if err := errors.Join(a.do(h.t.Context()), h.a.u.Sync(h.t.Context())); err != nil {
		h.t.Fatalf("%s: %v", a.What, err)
	}
	if a.What != "import" && h.a.touches(a) {
		h.a.forgetImport()
	}
	h.mark()
}

// attach adds a file of several chunks to an item, and waits until the server has it.
func (h *hosted) attach(name string) {
	h.t.Helper()
	it := h.a.newItem()
	h.do(h.a.save("new item", it))
	content := bytes.Repeat([]byte(name), 100_000)
	h.disk.Mark(sends{"attach", nil})
	a, err := h.a.u.Attach(h.t.Context(), it.ID, name, bytes.NewReader(content), int64(len(content)))
	if err := errors.Join(err, h.carried(h.a.u)); err != nil {
		h.t.Fatal(err)
	}
	h.files[a.ID] = attached{it.ID.String(), string(content)}
	h.mark()
}

// carried brings items and files to where they are going: a commit names a file once its chunks are there.
func (h *hosted) carried(u *session.Unlocked) error {
	ctx := h.t.Context()
	return errors.Join(u.Sync(ctx), u.CarryFiles(ctx), u.Sync(ctx))
}

// mark says that everything up to here was acknowledged.
func (h *hosted) mark() {
	h.t.Helper()
	found, err := readContents(h.t.Context(), h.a.m, h.a.u)
	pin, errPin := h.a.u.Vault().Pin(h.t.Context())
	if err := errors.Join(err, errPin); err != nil {
		h.t.Fatal(err)
	}
	h.disk.Mark(acknowledged{found, maps.Clone(h.files), pin.Seq})
}

func (h *hosted) noteMark(mark any) {
	switch m := mark.(type) {
	case sends:
		h.begun, h.maybe = m.what, m.act
	case acknowledged:
		h.has, h.files, h.seq, h.begun, h.maybe = m.has, m.files, m.seq, "", nil
	}
}

// cut runs a server on what a power cut leaves, and has B read all of it.
func (h *hosted) cut(d *testdisk.Disk, how testdisk.Cut, random *rand.Rand) error {
	left := &former{t: h.t, dir: h.t.TempDir(), Account: h.account.ID, Origin: h.account.Origin, codes: map[string]string{}}
	defer os.RemoveAll(left.dir)
	if err := errors.Join(d.Leave(filepath.Dir(left.cloudFile()), how, random), os.CopyFS(left.home(), os.DirFS(h.homeB))); err != nil {
		return err
	}
	if err := left.serve(); err != nil {
		return err
	}
	defer left.store.Close()
	m, err := manager(left.home(), left, nil, true)
	if err != nil {
		return err
	}
	defer m.Close()
	u, err := m.Unlock(h.t.Context(), left.Account, typed(testpc.Password))
	if err != nil {
		return err
	}
	defer u.Lock()
	if err := errors.Join(h.carried(u), h.compare(m, u)); err != nil {
		return err
	}
	_, err = u.Vault().Save(h.t.Context(), testpc.Login("After the cut", "anna", "x"))
	return errors.Join(err, u.Sync(h.t.Context()), u.Verify(h.t.Context()))
}

// compare demands what was acknowledged; of what was on its way each object is there or not.
func (h *hosted) compare(m *session.Manager, u *session.Unlocked) error {
	found, err := readContents(h.t.Context(), m, u)
	if err != nil {
		return err
	}
	want := maps.Clone(h.has)
	want[settingsKey] = found[settingsKey]
	for key, text := range h.maybe {
		if found[key] == text {
			want = want.after(contents{key: text})
		}
	}
	if missing := found.difference(want); missing != "" {
		return fmt.Errorf("not what was acknowledged:\n%s", missing)
	}
	if pin, err := u.Vault().Pin(h.t.Context()); err != nil || pin.Seq < h.seq {
		return fmt.Errorf("A has seen commit %d, and the server has %d, %w", h.seq, pin.Seq, err)
	}
	for file, is := range h.files {
		var got strings.Builder
		if found[is.item] == "" {
			continue // and its files with it
		}
		if err := u.Vault().ReadAttachment(h.t.Context(), file, &got, nil); err != nil || got.String() != is.content {
			return fmt.Errorf("a file has %d bytes of %d: %w", got.Len(), len(is.content), err)
		}
	}
	return nil
}

// The disk of a server goes wrong at every step of a push in turn, also while it reads: the client is told that the server is not there,
// or that it has done it; nothing that was acknowledged goes; and the same sync succeeds when the disk is well again.
func TestFailingDiskOfTheServer(t *testing.T) {
	for _, kind := range troubles {
		t.Run(kind.name, func(t *testing.T) {
			disk := &failing{trouble: kind}
			disks.add(t, disk)
			server := testkit.Cloud(t)
			disk.below = filepath.Dir(server.Database())
			pc := testpc.New(t, "PC A", func(c *session.Config) { c.Driven = true })
			u := pc.SignUp(t, server, "anna@coffer.test")
			testpc.Sync(t, u)
			titles, failures := 0, 0
			for n, hit := 1, "yes"; hit != "" && !late(t); n++ {
				titles++
				testpc.Save(t, u, testpc.Login(fmt.Sprint("Site ", titles), "anna", "x"))
				restart(server) // what SQLite keeps in memory is read again
				disk.arm(n)
				err := u.Sync(t.Context())
				hit = disk.disarm()
				if err != nil {
					failures++
					if hit == "" || !errors.Is(err, session.ErrOffline) {
						t.Fatalf("step %d, %s: %v", n, hit, err)
					}
				}
				testpc.Sync(t, u)
			}
			b := testpc.New(t, "PC B", func(c *session.Config) { c.Driven = true }).SignIn(t, server, "anna@coffer.test", u.SecretKey())
			if got := len(b.Vault().Query(vault.Filter{})); got != titles {
				t.Errorf("B has %d of %d", got, titles)
			}
			if failures == 0 && !late(t) {
				t.Error("nothing failed")
			}
			t.Logf("%d steps failed", failures)
		})
	}
}
