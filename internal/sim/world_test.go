package sim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/cryptotest"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/wire"
	"github.com/coffer-vault/coffer/vault"
)

// world is one history under way: a server, its network, devices, and what their people know. Everything in it happens in one
// goroutine, at the times of its own clock.
type world struct {
	t       *testing.T
	ctx     context.Context
	dir     string
	now     time.Time
	server  *server
	net     *network
	devices []*device
	model   *model

	// passwords are all master passwords that were typed for the account, in order.
	passwords []string
	codes     []string // recovery codes of the emergency kits that were put away, in order
	together  bool     // computers have two programs on their profile
	account   id.ID
	vault     id.ID

	random  *rand.Rand // of the step under way
	values  int        // how many values the step has made up
	step    step
	busy    map[*device]bool // on the stack: a device waits for the server while another acts
	trace   []string
	failure *failure
}

// failure is the first thing that must not happen.
type failure struct {
	kind string // one word; a shrunk history fails in the same way
	err  error
}

func (f *failure) Error() string { return f.kind + ": " + f.err.Error() }

// fail notes a failure; the history ends with the step. A program that finds the keys changed by the other is none: it says so, and is
// unlocked again.
func (w *world) fail(kind string, err error) {
	if w.together && errors.Is(err, vault.ErrRekeyed) {
		w.note("  the other program has changed the keys")
		return
	}
	if w.failure == nil {
		w.failure = &failure{kind, err}
		w.note("  FAILS: %v", w.failure)
	}
}

// note tells what happens, for people who read a failing history.
func (w *world) note(format string, args ...any) {
	w.trace = append(w.trace, fmt.Sprintf(format, args...))
}

// pass lets time go by.
func (w *world) pass(d time.Duration) { w.now = w.now.Add(d) }

// newValue makes a value up that nobody has typed before in this history.
func (w *world) newValue(kind string) string {
	w.values++
	return fmt.Sprintf("%s-%d.%d", kind, w.step.index, w.values)
}

// refusals are answers that no honest client gets from an honest server, whatever the network does.
var refusals = map[wire.Code]bool{
	wire.CodeInvalid: true, wire.CodeBadCommit: true, wire.CodeRootMismatch: true, wire.CodeOpReused: true, wire.CodeBadEntry: true,
	wire.CodeTooLarge: true, wire.CodeNotFound: true, wire.CodeUnavailable: true,
}

func (w *world) judge(d *device, r *http.Request, answer *http.Response) {
	e := peek(answer)
	if e.Code == "" {
		return
	}
	w.note("  %s %s: %s", d.name, r.URL.Path, e.Code)
	// A server that has just started refuses what was sent before, and the client repeats once.
	d.link.troubled = d.link.troubled || e.Code == wire.CodeClockSkew
	// A file may be gone by the time that a chunk of it is asked for, but two devices never have two versions of one.
	if chunk := strings.Contains(r.URL.Path, "/chunks/"); chunk && e.Code == wire.CodeNotFound {
		return
	} else if e.Code == wire.CodeNotFound && (strings.Contains(r.URL.Path, "/pairings") || strings.HasSuffix(r.URL.Path, "/recovery/cancel")) {
		return // a new device that gave up, a recovery that is over
	} else if chunk && e.Code == wire.CodeConflict {
		w.fail("refused", fmt.Errorf("%s sent other bytes: %s", d.name, r.URL.Path))
	}
	if refusals[e.Code] || strings.HasPrefix(string(e.Code), "status") {
		w.fail("refused", fmt.Errorf("%s asked %s: %s", d.name, r.URL.Path, e.Code))
	}
}

// newWorld makes an empty world below dir, on whose server nobody has an account.
func newWorld(t *testing.T, dir string) *world {
	w := &world{t: t, ctx: context.Background(), dir: dir, now: epoch, busy: map[*device]bool{}, random: rand.New(rand.NewPCG(0, 0))}
	w.model = newModel(w)
	w.net = &network{w: w}
	return w
}

// epoch is when every history begins.
var epoch = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func (w *world) addDevice(name string) *device {
	d := &device{w: w, name: name, home: filepath.Join(w.dir, name), keyring: newKeyring()}
	d.link = &link{n: w.net, d: d}
	w.devices = append(w.devices, d)
	return d
}

// end closes everything that is open.
func (w *world) end() {
	for _, d := range w.devices {
		d.bury()
		d.both(d.lock)
	}
	if err := w.server.store.Close(); err != nil {
		w.t.Error(err)
	}
}

// reseed makes the randomness of all cryptography depend on one step of one history.
func (w *world) reseed(seed uint64) {
	cryptotest.SetGlobalRandom(w.t, seed)
}
