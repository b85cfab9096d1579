package updater

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
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

// FuzzState starts over an arbitrary state.json.
func FuzzState(f *testing.F) {
	f.Add([]byte(`{"staged":{"version":"1.1.0","file":"../../x","size":-1,"sha256":""},"swap":{"to":"1.1.0"},"failed":["1.0.0"]}`))
	f.Add([]byte(`{"verified":"2026-11-01T08:00:00Z"}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		path, dir := filepath.Join(t.TempDir(), "coffer"), t.TempDir()
		for name, content := range map[string][]byte{path: []byte(oldContent), filepath.Join(dir, "state.json"): data} {
			if err := os.WriteFile(name, content, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		i := &installation{t: t}
		i.restart(path, dir)
		i.Heal()
		i.Apply()
		if content, err := os.ReadFile(path); err != nil || string(content) != oldContent {
			t.Errorf("the program became %q, %v", content, err)
		}
	})
}

// inProcess is a transport without a network.
type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	return w.Result(), nil
}
