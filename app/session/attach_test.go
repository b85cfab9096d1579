package session_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/seal"
	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/vault"
)

const chunk = int64(seal.MaxPlaintext)

func fileOf(size int64) io.Reader {
	return io.LimitReader(rand.NewChaCha8([32]byte{byte(size)}), size)
}

// wire is the network of a PC: what it does to the requests for chunks.
type wire struct {
	chunks int // requests for a chunk so far
	before func(n int, r *http.Request) error
	after  func(n int, r *http.Request, answer *http.Response)
	push   error // that a commit meets
}

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.push != nil && strings.HasSuffix(r.URL.Path, "/commits") {
		return nil, w.push
	}
	if !strings.Contains(r.URL.Path, "/chunks/") {
		return http.DefaultTransport.RoundTrip(r)
	}
	n := w.chunks
	w.chunks++
	if w.before != nil {
		if err := w.before(n, r); err != nil {
			return nil, err
		}
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && w.after != nil {
		w.after(n, r, answer)
	}
	return answer, err
}

// carrier is a PC whose loops do not run.
type carrier struct {
	*session.Unlocked
	pc   *testpc.PC
	wire *wire
}

func newCarrier(t *testing.T, name string, enrol func(*testpc.PC) *session.Unlocked) *carrier {
	t.Helper()
	c := &carrier{wire: &wire{}}
	c.pc = testpc.New(t, name, func(config *session.Config) { config.Driven, config.Transport = true, c.wire })
	c.Unlocked = enrol(c.pc)
	return c
}

// twoCarriers are two PCs of an account with one item.
func twoCarriers(t *testing.T) (a, b *carrier, item id.ID, server *testkit.Server) {
	t.Helper()
	server = testkit.Cloud(t)
	a = newCarrier(t, "PC A", func(pc *testpc.PC) *session.Unlocked { return pc.SignUp(t, server, email) })
	item = testpc.Save(t, a.Unlocked, testpc.Login("Bank", "anna", "x")).ID
	testpc.Sync(t, a.Unlocked)
	b = newCarrier(t, "PC B", func(pc *testpc.PC) *session.Unlocked { return pc.SignIn(t, server, email, a.SecretKey()) })
	return a, b, item, server
}

// restart kills the app's process, as far as that can be done, and starts it again.
func (c *carrier) restart(t *testing.T) {
	t.Helper()
	c.Lock()
	c.Unlocked = c.pc.Unlock(t)
}

func (c *carrier) attach(t *testing.T, item id.ID, name string, size int64) vault.Attachment {
	t.Helper()
	a, err := c.Attach(t.Context(), item, name, fileOf(size), size)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (c *carrier) delete(t *testing.T, item id.ID) {
	t.Helper()
	if err := c.Vault().DeleteForever(t.Context(), item); err != nil {
		t.Fatal(err)
	}
}

// carry syncs and carries until nothing is left to do.
func (c *carrier) carry(t *testing.T) {
	t.Helper()
	testpc.Sync(t, c.Unlocked)
	if err := c.CarryFiles(t.Context()); err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, c.Unlocked)
}

func (c *carrier) files(t *testing.T, item id.ID) []vault.Attachment {
	t.Helper()
	all, err := c.Attachments(t.Context(), item)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// expect demands that a file is here, byte for byte.
func (c *carrier) expect(t *testing.T, a vault.Attachment) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "saved")
	if err := c.SaveAttachment(t.Context(), a.ID, path); err != nil {
		t.Fatalf("%s: %v", a.Name, err)
	}
	want, _ := io.ReadAll(fileOf(a.Size))
	if got := read(t, path); !bytes.Equal(got, want) {
		t.Errorf("%s: other %d bytes than attached", a.Name, len(got))
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%s: mode %v, %v", a.Name, info.Mode(), err)
	}
}

func (c *carrier) standing(t *testing.T, want ...engine.TransferState) []session.Transfer {
	t.Helper()
	list := c.Transfers()
	if len(list) != len(want) {
		t.Fatalf("transfers: %+v", list)
	}
	for i, state := range want {
		if list[i].State != state {
			t.Fatalf("transfers: %+v", list)
		}
	}
	return list
}

func TestFilesReachTheOtherDevice(t *testing.T) {
	a, b, item, _ := twoCarriers(t)
	sizes := []int64{2*chunk + 1, 0, chunk, 1, chunk + 1}
	for _, size := range sizes {
		a.attach(t, item, fmt.Sprint(size, " bytes"), size)
	}
	testpc.Sync(t, a.Unlocked)
	b.carry(t)
	if got := b.files(t, item); len(got) != 0 || len(testpc.Get(t, b.Unlocked, item).Attachments) != len(sizes) {
		t.Errorf("before they were sent: %+v", got)
	}
	a.carry(t)
	b.carry(t)
	if got := b.files(t, item); len(got) != len(sizes) {
		t.Fatalf("%+v", got)
	}
	for i, f := range b.files(t, item) {
		if f.Size != sizes[i] || f.Waiting {
			t.Errorf("%+v", f)
		}
		b.expect(t, f)
	}
	a.standing(t)
	b.standing(t)
	if a.wire.chunks != 8 || b.wire.chunks != 8 {
		t.Errorf("%d chunks sent, %d fetched, of 8", a.wire.chunks, b.wire.chunks)
	}
}

var errCut = errors.New("the cable is out")

// A transfer that ends anywhere, and the program with it, goes on where it was.
func TestTransfersGoOnAfterAKill(t *testing.T) {
	a, b, item, _ := twoCarriers(t)
	const chunks = 3
	for cut := range chunks {
		for _, answered := range []bool{false, true} {
			file := a.attach(t, item, fmt.Sprint("cut at ", cut, answered), chunks*chunk)
			testpc.Sync(t, a.Unlocked)
			a.killAt(t, cut, answered)
			a.carry(t)
			testpc.Sync(t, b.Unlocked)
			b.killAt(t, cut, answered)
			b.carry(t)
			b.expect(t, file)
			sent := chunks + 1
			if answered {
				sent = chunks // the server says that it has the chunk whose answer was lost
			}
			if a.wire.chunks != sent || b.wire.chunks != chunks+1 {
				t.Errorf("cut at %d, answered %v: %d sent, %d fetched of %d", cut, answered, a.wire.chunks, b.wire.chunks, chunks)
			}
		}
	}
}

// killAt carries until the network fails at a chunk, and starts the program anew.
func (c *carrier) killAt(t *testing.T, n int, arrives bool) {
	t.Helper()
	c.wire.chunks = 0
	c.wire.before = func(at int, r *http.Request) error {
		if at != n {
			return nil
		}
		if arrives {
			answer, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				return err
			}
			answer.Body.Close()
		}
		return errCut
	}
	if err := c.CarryFiles(t.Context()); !errors.Is(err, session.ErrOffline) {
		t.Fatalf("carried without a network: %v", err)
	}
	c.standing(t, engine.TransferWaiting)
	c.restart(t)
	c.wire.before = nil
}

func TestLargeFilesComeWhenAskedFor(t *testing.T) {
	a, b, item, _ := twoCarriers(t)
	large, small := a.attach(t, item, "large", 10<<20+1), a.attach(t, item, "small", 10)
	a.carry(t)
	b.carry(t)
	b.expect(t, small)
	if err := b.SaveAttachment(t.Context(), large.ID, filepath.Join(t.TempDir(), "f")); !errors.Is(err, vault.ErrMissing) {
		t.Fatalf("a large file came by itself: %v", err)
	}
	// Cancelled in the middle: what came stays, and no more comes.
	b.FetchAttachment(large.ID)
	b.wire.chunks = 0
	b.wire.before = func(n int, _ *http.Request) error {
		if n == 4 {
			b.CancelFetch(large.ID)
		}
		return nil
	}
	b.carry(t)
	b.standing(t)
	if here := b.files(t, item)[0].Here; here != 4 && here != 5 {
		t.Errorf("%d chunks here after 4", here)
	}
	b.wire.before = nil
	b.carry(t)
	if b.files(t, item)[0].Whole() {
		t.Error("a cancelled file came")
	}
	var told []session.Transfer
	stop := b.OnTransfers(func(list []session.Transfer) {
		if len(list) > 0 {
			told = append(told, list[0])
		}
	})
	b.FetchAttachment(large.ID)
	b.carry(t)
	stop()
	b.expect(t, large)
	b.standing(t)
	if !slices.ContainsFunc(told, func(x session.Transfer) bool {
		return x.State == engine.TransferRunning && x.Done > 0 && x.Total == large.Size
	}) {
		t.Errorf("told %+v", told)
	}
}

// A file that a person waits for comes before one that is on its way.
func TestAskedForComesFirst(t *testing.T) {
	a, b, item, _ := twoCarriers(t)
	asked := a.attach(t, item, "asked for", 10<<20+1)
	a.carry(t)
	own := b.attach(t, testpc.Save(t, b.Unlocked, testpc.Login("Own", "anna", "x")).ID, "own", 3*chunk)
	testpc.Sync(t, b.Unlocked)
	var order []string
	b.wire.before = func(n int, r *http.Request) error {
		if n == 0 {
			b.FetchAttachment(asked.ID)
		}
		if len(order) == 0 || order[len(order)-1] != r.Method {
			order = append(order, r.Method)
		}
		return nil
	}
	b.carry(t)
	if got := strings.Join(order, " "); got != "PUT GET PUT" {
		t.Errorf("the order was %s", got)
	}
	b.expect(t, asked)
	a.carry(t)
	a.expect(t, own)
}

func TestAnAccountThatIsFullAtTheServer(t *testing.T) {
	a, _, item, server := twoCarriers(t)
	server.Quota = 1 << 19
	server.Restart()
	small := a.attach(t, item, "small", 10)
	large := a.attach(t, item, "large", chunk)
	for range 2 {
		a.wire.chunks = 0
		a.carry(t)
	}
	if a.wire.chunks != 0 {
		t.Errorf("asked %d times more", a.wire.chunks)
	}
	var full *session.QuotaError
	if list := a.standing(t, engine.TransferQuota); !errors.As(list[0].Err, &full) || full.Limit != 1<<19 || list[0].Attachment != large.ID {
		t.Errorf("%+v", list)
	}
	if files := a.files(t, item); files[0].Waiting || !files[1].Waiting || files[0].ID != small.ID {
		t.Errorf("%+v", files)
	}
	a.expect(t, large)
	server.Quota = 0
	server.Restart()
	a.FetchAttachment(large.ID) // try again
	a.carry(t)
	a.standing(t)
}

// Other bytes than those that were sealed are never kept, and the server is not asked for ever.
func TestTheServerGivesOtherBytes(t *testing.T) {
	a, b, item, _ := twoCarriers(t)
	file := a.attach(t, item, "f", 2*chunk)
	a.carry(t)
	for name, tamper := range map[string]func([]byte) []byte{
		"changed": func(data []byte) []byte { data[len(data)/2] ^= 1; return data },
		"short":   func(data []byte) []byte { return data[:len(data)-1] },
		"empty":   func([]byte) []byte { return nil },
	} {
		b.wire.after = func(_ int, _ *http.Request, answer *http.Response) {
			data, _ := io.ReadAll(answer.Body)
			data = tamper(data)
			answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(data)), int64(len(data))
		}
		b.wire.chunks = 0
		b.FetchAttachment(file.ID)
		b.carry(t)
		b.carry(t)
		if got := b.files(t, item)[0].Here; got != 0 || b.wire.chunks != 1 {
			t.Errorf("%s: %d chunks kept after %d requests", name, got, b.wire.chunks)
		}
		b.standing(t, engine.TransferIncomplete)
	}
	b.wire.after = nil
	b.FetchAttachment(file.ID)
	b.carry(t)
	b.expect(t, file)
}

// The disk is full when a chunk comes: what came before stays, nothing is tried again unasked, and with room it goes on.
func TestTheDiskIsFullWhileAFileComes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows names a full disk otherwise")
	}
	a, b, item, _ := twoCarriers(t)
	t.Cleanup(func() { atomicfile.OnStep(nil) })
	for room := range 3 {
		file := a.attach(t, item, fmt.Sprint("f", room), 3*chunk)
		a.attach(t, item, fmt.Sprint("later", room), 3*chunk+1) // nor is another one tried
		a.carry(t)
		testpc.Sync(t, b.Unlocked)
		written := 0
		atomicfile.OnStep(func(s atomicfile.Step) error {
			if s.Op != atomicfile.Made || !strings.Contains(s.Path, file.ID.String()) {
				return nil
			}
			if written++; written > room {
				return syscall.ENOSPC
			}
			return nil
		})
		b.wire.chunks = 0
		b.carry(t)
		b.carry(t)
		atomicfile.OnStep(nil)
		if got := b.files(t, item)[2*room]; got.Here != room || b.wire.chunks != room+1 {
			t.Errorf("with room for %d: %d here after %d requests", room, got.Here, b.wire.chunks)
		}
		if list := b.standing(t, engine.TransferFailed); !errors.Is(list[0].Err, vault.ErrFull) {
			t.Errorf("%+v", list)
		}
		b.FetchAttachment(file.ID)
		b.carry(t)
		b.expect(t, file)
	}
}

func TestDeletedWhileItTravels(t *testing.T) {
	a, b, item, _ := twoCarriers(t)
	synced := a.attach(t, item, "synced", 3*chunk)
	a.carry(t)
	testpc.Sync(t, b.Unlocked)
	b.wire.before = func(n int, _ *http.Request) error {
		if n == 1 {
			a.delete(t, item)
			testpc.Sync(t, a.Unlocked)
			testpc.Sync(t, b.Unlocked) // the loop of b is told
		}
		return nil
	}
	b.carry(t)
	b.standing(t)
	if left := b.stored(t); len(left) != 0 {
		t.Errorf("%d files are left of a deleted one", len(left))
	}
	// While it is sent, here: nothing may be left at the server's expense but what goes by itself.
	item = testpc.Save(t, a.Unlocked, testpc.Login("Bank", "anna", "y")).ID
	sent := a.attach(t, item, "sent", 3*chunk)
	a.wire.chunks = 0
	a.wire.before = func(n int, _ *http.Request) error {
		if n == 1 {
			a.delete(t, item)
		}
		return nil
	}
	a.carry(t)
	if got := a.stored(t); a.wire.chunks > 2 || len(got) != 0 || sent.ID == synced.ID {
		t.Errorf("%d requests, %v left", a.wire.chunks, got)
	}
}

// stored lists the folders of chunks of a PC.
func (c *carrier) stored(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(c.pc.Paths.Files(c.Account().ID))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		if e.IsDir() {
			all = append(all, e.Name())
		}
	}
	return all
}

func TestKeysChangeWhileAFileIsSent(t *testing.T) {
	a, b, item, _ := twoCarriers(t)
	file := a.attach(t, item, "f", 3*chunk)
	testpc.Sync(t, a.Unlocked)
	a.wire.before = func(n int, _ *http.Request) error {
		if n == 1 {
			return a.Change(t.Context(), session.Change{Password: testpc.Typed(testpc.Password), Rotate: true})
		}
		return nil
	}
	a.carry(t)
	a.carry(t)
	if a.wire.chunks != 3 || a.files(t, item)[0].Waiting {
		t.Fatalf("%d chunks sent: %+v", a.wire.chunks, a.files(t, item))
	}
	if err := b.AdoptKeys(t.Context(), testpc.Typed(testpc.Password), ""); err != nil {
		t.Fatal(err)
	}
	b.carry(t)
	b.expect(t, file)
}

func TestARevokedDeviceSendsAndFetchesNothing(t *testing.T) {
	a, b, item, _ := twoCarriers(t)
	fetched, sent := a.attach(t, item, "f", 2*chunk), b.attach(t, item, "g", 2*chunk)
	a.carry(t)
	testpc.Sync(t, b.Unlocked)
	testpc.Sync(t, a.Unlocked)
	b.wire.before = func(n int, _ *http.Request) error {
		if n == 1 {
			return a.Change(t.Context(), session.Change{Password: testpc.Typed(testpc.Password), Remove: []id.ID{b.deviceID(t)}})
		}
		return nil
	}
	if err := b.CarryFiles(t.Context()); !errors.Is(err, session.ErrDeviceRevoked) {
		t.Errorf("a device that was ended: %v, %+v", err, b.Transfers())
	}
	if b.wire.chunks != 2 || b.files(t, item)[0].Whole() && b.files(t, item)[1].Whole() {
		t.Errorf("it has %v and %v after %d requests", fetched.ID, sent.ID, b.wire.chunks)
	}
}

func (c *carrier) deviceID(t *testing.T) id.ID {
	t.Helper()
	all, err := c.Devices(t.Context())
	for _, d := range all {
		if d.This {
			return d.ID
		}
	}
	t.Log(err)
	t.Fatal("the device does not know itself")
	return id.ID{}
}

func TestForgettingAnAccountRemovesItsFiles(t *testing.T) {
	a, _, item, _ := twoCarriers(t)
	a.attach(t, item, "f", 10)
	if size, err := a.FilesSize(); err != nil || size == 0 {
		t.Errorf("%d bytes, %v", size, err)
	}
	path := a.pc.Paths.Files(a.Account().ID)
	if err := a.pc.Manager.Forget(t.Context(), a.Account()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is there: %v", err)
	}
}

// A vault file that cannot be read any more, and a file that was attached and never sent: its chunks outlive the rescue, and what is
// read out of the damaged file names them again.
func TestAnUnsentFileSurvivesADamagedVault(t *testing.T) {
	pc, u, _ := backedUp(t)
	item := testpc.Save(t, u, testpc.Login("Bank", "anna", "x")).ID
	testpc.Sync(t, u)
	session.BackUpIfDue(u)
	a := &carrier{Unlocked: u, pc: pc}
	file := a.attach(t, item, "f", chunk+1)
	account := u.Account().ID
	u.Lock()
	path := pc.Paths.Account(account)
	if err := os.Rename(path, path+".damaged-20260101T000000.000Z"); err != nil {
		t.Fatal(err)
	}
	u, done := rescue(t, pc, account)
	a.Unlocked = u
	if done.Salvaged != 2 || len(a.files(t, item)) != 1 {
		t.Fatalf("%+v, %+v", done, a.files(t, item))
	}
	a.expect(t, file)
	a.restart(t)
	a.expect(t, file)
	a.carry(t)
	if a.files(t, item)[0].Waiting {
		t.Error("it was not sent")
	}
}

// What a kill leaves of a file that was being attached goes with the next unlock.
func TestOrphansGoWithTheUnlock(t *testing.T) {
	a, _, item, _ := twoCarriers(t)
	file := a.attach(t, item, "f", 10)
	orphan := filepath.Join(a.pc.Paths.Files(a.Account().ID), id.New().String())
	if err := os.Mkdir(orphan, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(orphan, "0"), []byte("half a file"))
	a.restart(t)
	if got := a.stored(t); !slices.Equal(got, []string{file.ID.String()}) {
		t.Errorf("%v are left", got)
	}
}

// The loops of two programs bring a file over without being asked, and a lock ends them at once.
func TestFilesTravelByThemselves(t *testing.T) {
	server := testkit.Cloud(t)
	a := testpc.New(t, "PC A", nil).SignUp(t, server, email)
	item := testpc.Save(t, a, testpc.Login("Bank", "anna", "x")).ID
	testpc.Sync(t, a)
	pc := testpc.New(t, "PC B", nil)
	b := &carrier{Unlocked: pc.SignIn(t, server, email, a.SecretKey()), pc: pc}
	moved := make(chan struct{}, 1)
	move := func() {
		select {
		case moved <- struct{}{}:
		default:
		}
	}
	defer b.Vault().Subscribe(func(vault.Change) { move() })()
	defer b.OnTransfers(func([]session.Transfer) { move() })()
	file, err := a.Attach(t.Context(), item, "f", fileOf(2*chunk), 2*chunk)
	if err != nil {
		t.Fatal(err)
	}
	for {
		if got := b.files(t, item); len(got) == 1 && got[0].Whole() {
			break
		}
		select {
		case <-moved:
		case <-t.Context().Done():
			t.Fatal("it did not come")
		}
	}
	b.expect(t, file)
	a.Lock()
	if _, err := a.Attach(t.Context(), item, "g", fileOf(1), 1); !errors.Is(err, session.ErrLocked) {
		t.Errorf("attached to a locked vault: %v", err)
	}
}

// A server that has too much to do says how long to wait. Files wait as long, and then go on where they were.
func TestFilesWaitWhereTheServerIsBusy(t *testing.T) {
	const says = 45 * time.Second // no pause of the program's own is as long
	busy := &wire{after: func(n int, _ *http.Request, answer *http.Response) {
		if n > 0 {
			return
		}
		answer.Body.Close()
		body := fmt.Sprintf(`{"code": "slow_down", "retry_after": %d}`, int(says.Seconds()))
		answer.StatusCode, answer.Body, answer.ContentLength = http.StatusTooManyRequests, io.NopCloser(strings.NewReader(body)), int64(len(body))
	}}
	elapsed := make(chan time.Time)
	close(elapsed)
	waited := make(chan time.Duration, 100)
	pc := testpc.New(t, "PC", func(config *session.Config) {
		config.Transport = busy
		config.After = func(d time.Duration) <-chan time.Time {
			select {
			case waited <- d:
			default:
			}
			if d == says || d <= 2*time.Second { // the rest is woken by what happens
				return elapsed
			}
			return nil
		}
	})
	u := pc.SignUp(t, testkit.Cloud(t), email)
	item := testpc.Save(t, u, testpc.Login("Bank", "anna", "x")).ID
	testpc.Sync(t, u)
	if _, err := u.Attach(t.Context(), item, "f", fileOf(2*chunk), 2*chunk); err != nil {
		t.Fatal(err)
	}
	testpc.Until(t, u, "a file that is sent", func() bool {
		files, err := u.Attachments(t.Context(), item)
		return err == nil && len(files) == 1 && !files[0].Waiting
	})
	for len(waited) > 0 {
		if <-waited == says {
			return
		}
	}
	t.Errorf("it did not wait for %v", says)
}

// A server that was restored from a backup has lost a file: whoever has all of it sends it again, after the user's yes.
func TestFilesAfterTheServerWasRestored(t *testing.T) {
	a, b, item, server := twoCarriers(t)
	before := server.Backup()
	file := a.attach(t, item, "f", chunk+1)
	a.carry(t)
	server.Restore(before)
	var violation *engine.Violation
	if err := a.Sync(t.Context()); !errors.As(err, &violation) {
		t.Fatalf("a server that went back: %v", err)
	}
	difference, err := a.Compare(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Adopt(t.Context(), difference, nil); err != nil {
		t.Fatal(err)
	}
	a.carry(t)
	b.carry(t)
	b.expect(t, file)
}

// A file that was deleted for good and restored from a backup: of its content nothing is left, and it says so. Before the deletion was
// sent the server has all of it.
func TestADeletedFileFromABackup(t *testing.T) {
	for _, sent := range []bool{false, true} {
		a, b, item, _ := twoCarriers(t)
		file := a.attach(t, item, "f", chunk+1)
		a.carry(t)
		b.carry(t)
		if err := a.BackUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		a.delete(t, item)
		if sent {
			a.carry(t)
		}
		if restored, err := a.RestoreBackup(t.Context(), backups(t, a.Unlocked)[0].ID, []id.ID{item}); restored != 1 || err != nil {
			t.Fatal(restored, err)
		}
		a.carry(t)
		b.carry(t)
		if !sent {
			a.expect(t, file)
			b.expect(t, file)
			continue
		}
		if list := a.standing(t, engine.TransferIncomplete); !list[0].Up || list[0].Name != "f" {
			t.Errorf("%+v", list)
		}
		if got := b.files(t, item); len(got) != 0 {
			t.Errorf("the other PC has %+v", got)
		}
	}
}

// Chunks that waited so long for their object that the server has dropped them: the push does not name them, and they are sent again.
func TestChunksThatWaitedTooLong(t *testing.T) {
	a, b, item, server := twoCarriers(t)
	file := a.attach(t, item, "f", chunk+1)
	testpc.Sync(t, a.Unlocked)
	if err := a.CarryFiles(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.Clock.Advance(8 * 24 * time.Hour)
	if _, err := server.Cloud.Janitor.Clean(t.Context()); err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, a.Unlocked)
	b.carry(t)
	if got := b.files(t, item); len(got) != 0 || !a.files(t, item)[0].Waiting {
		t.Fatalf("the object was sent without its chunks: %+v", got)
	}
	a.carry(t)
	b.carry(t)
	b.expect(t, file)
}

// The same where the object was sent already and did not arrive: the push in flight waits for the file, too, whether the program that sent
// it still runs or not.
func TestPushInFlightWaitsForItsFile(t *testing.T) {
	for _, restarts := range []bool{false, true} {
		a, b, item, server := twoCarriers(t)
		file := a.attach(t, item, "f", chunk+1)
		testpc.Sync(t, a.Unlocked)
		if err := a.CarryFiles(t.Context()); err != nil {
			t.Fatal(err)
		}
		a.wire.push = errCut
		if err := a.Sync(t.Context()); !errors.Is(err, session.ErrOffline) {
			t.Fatalf("sent without a network: %v", err)
		}
		a.wire.push = nil
		server.Clock.Advance(8 * 24 * time.Hour)
		if _, err := server.Cloud.Janitor.Clean(t.Context()); err != nil {
			t.Fatal(err)
		}
		if restarts {
			a.restart(t)
		}
		title := testpc.Save(t, a.Unlocked, testpc.Login("Mail", "anna", "x")).ID
		testpc.Sync(t, a.Unlocked)
		b.carry(t)
		if got := b.files(t, item); len(got) != 0 {
			t.Fatalf("restarted %v: the object was sent without its chunks: %+v", restarts, got)
		}
		a.carry(t)
		b.carry(t)
		b.expect(t, file)
		if testpc.Contents(t, b.Unlocked)[title] == "" {
			t.Error("what was typed since has not arrived")
		}
	}
}

// A vault file of which nothing can be read is kept, and so are the chunks that it alone may name.
func TestFilesOfADamagedVaultAreKept(t *testing.T) {
	pc, u, _ := backedUp(t)
	item := testpc.Save(t, u, testpc.Login("Bank", "anna", "x")).ID
	testpc.Sync(t, u)
	session.BackUpIfDue(u)
	a := &carrier{Unlocked: u, pc: pc}
	a.attach(t, item, "f", 1)
	account := u.Account().ID
	u.Lock()
	write(t, pc.Paths.Account(account), bytes.Repeat([]byte("no database "), 1000))
	a.Unlocked, _ = rescue(t, pc, account)
	a.restart(t)
	if got := a.stored(t); len(got) != 1 {
		t.Errorf("the chunks went: %v", got)
	}
}
