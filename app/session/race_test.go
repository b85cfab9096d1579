package session_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// before calls its function once, before a request whose path ends in the text.
type before struct {
	path string
	do   func()
}

func (b *before) RoundTrip(r *http.Request) (*http.Response, error) {
	if do := b.do; do != nil && strings.HasSuffix(r.URL.Path, b.path) {
		b.do = nil
		do()
	}
	return http.DefaultTransport.RoundTrip(r)
}

// Between the two questions of a pull, for the log and for the commits, another device enters something in the log and pushes. The
// server is honest, and must not be called anything else.
func TestTheLogGrowsInTheMiddleOfAPull(t *testing.T) {
	race := &before{path: "/changes"}
	p := newPair(t, func(c *session.Config) { c.Transport, c.Driven = race, true })
	race.do = func() {
		devices, err := p.b.Devices(t.Context())
		if err == nil {
			err = p.b.RenameDevice(t.Context(), devices[0].ID, "another name")
		}
		if err != nil {
			t.Error(err)
		}
		testpc.Save(t, p.b, testpc.Login("quick", "b", "8"))
		testpc.Sync(t, p.b)
	}
	testpc.Sync(t, p.a)
	if race.do != nil {
		t.Fatal("nothing came between")
	}
	converge(t, p.a, p.b)
}
