package updater

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/coffer-vault/coffer/internal/filelock"
)

// Two processes of one installation look for updates at the same time, and one of them meets a host that lies. Neither spoils what the
// other has verified.
func TestTwoUpdatersAtOnce(t *testing.T) {
	w := newWorld(t)
	content := strings.Repeat("program", 1<<15)
	w.release("1.1.0", content)
	half, wait := make(chan struct{}), make(chan struct{})
	goOn := sync.OnceFunc(func() { close(wait) })
	t.Cleanup(goOn) // a host that waits does not close
	w.hosts[0].lie(instead("/targets/", w.hosts[0].honest, func(rw http.ResponseWriter, r *http.Request) {
		io.WriteString(rw, content[:len(content)/2])
		rw.(http.Flusher).Flush()
		close(half)
		<-wait
		io.WriteString(rw, content[len(content)/2:])
	}))
	w.hosts[1].lie(instead("/targets/", w.hosts[1].honest, func(rw http.ResponseWriter, r *http.Request) {
		io.WriteString(rw, strings.Repeat("lie", len(content)))
	}))
	one := w.config("1.0.0")
	other := one
	one.Mirrors, other.Mirrors = one.Mirrors[:1], other.Mirrors[1:]
	first, second := w.client(one), w.client(other)
	var staging sync.WaitGroup
	var got State
	staging.Go(func() { got = first.Stage(t.Context(), nil) })
	<-half
	wantRefused(t, second.Stage(t.Context(), nil), filelock.ErrLocked)
	goOn()
	staging.Wait()
	wantStaged(t, got, content)
	wantStaged(t, second.Check(t.Context()), content)
}

// What they both write, metadata and state, is whole at any time.
func TestTwoUpdatersCheckAtOnce(t *testing.T) {
	w := newWorld(t)
	cfg := w.config("1.0.0")
	clients := []*Client{w.client(cfg), w.client(cfg), w.client(cfg)}
	for _, version := range []string{"1.1.0", "1.2.0", "1.3.0"} {
		w.release(version, version)
		var together sync.WaitGroup
		for _, c := range clients {
			together.Go(func() {
				for range 5 {
					state := c.Check(t.Context())
					if a, ok := state.(Available); !ok || a.Version != number(version) {
						t.Errorf("state %T %v, want Available %s", state, state, version)
					}
				}
			})
		}
		together.Wait()
	}
	states := make([]State, len(clients))
	var together sync.WaitGroup
	for i, c := range clients {
		together.Go(func() { states[i] = c.Stage(t.Context(), nil) })
	}
	together.Wait()
	for _, s := range states {
		if r, ok := s.(Refused); ok && !errors.Is(r.Err, filelock.ErrLocked) {
			t.Errorf("staging: %v", r.Err)
		}
	}
	for _, c := range clients {
		wantStaged(t, c.Check(t.Context()), "1.3.0")
	}
}
