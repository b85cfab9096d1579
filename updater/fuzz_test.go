package updater

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// FuzzHost serves arbitrary bytes in place of one metadata file. Whatever they are, the client ends with the honest release or a
// refusal, never with a crash or another release, and an honest answer afterwards is still believed.
func FuzzHost(f *testing.F) {
	parts := []string{"root", "timestamp", "snapshot", ".targets", "stable-"}
	for i := range parts {
		f.Add(i, []byte(`{"signed":{"_type":"`+parts[i]+`"},"signatures":[]}`))
		f.Add(i, []byte(`{"signed":{"_type":"targets","targets":{"x":null},"delegations":{"keys":{"x":null},"roles":[null]}},"signatures":[null]}`))
		f.Add(i, []byte(`{"signed":{"_type":"timestamp","meta":{"snapshot.json":null},"version":9},"signatures":[{"keyid":"","sig":""}]}`))
		f.Add(i, []byte(`{"signed":{"_type":"root","keys":{"x":null},"roles":{"root":null},"version":2},"signatures":[{"keyid":"x"}]}`))
	}
	w := newWorld(f)
	w.release("1.1.0", "ours")
	handler, base := w.hosts[0].honest, w.config("1.0.0")
	base.Mirrors = base.Mirrors[:1]
	f.Fuzz(func(t *testing.T, part int, data []byte) {
		attack := instead(parts[uint(part)%uint(len(parts))], handler, text(string(data)))
		cfg := base
		cfg.Dir = t.TempDir()
		c, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		c.http.Transport = inProcess{attack}
		if got, ok := c.Check(t.Context()).(Available); ok && got.Version != number("1.1.0") {
			t.Fatalf("accepted %v", got.Version)
		}
		c.http.Transport = inProcess{handler}
		wantAvailable(t, c.Check(t.Context()), "1.1.0")
	})
}

// inProcess is a transport without a network.
type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	return w.Result(), nil
}
