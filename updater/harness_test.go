package updater

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/coffer-vault/coffer/cloud/updatehost"
	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/updater/manifest"
	"github.com/coffer-vault/coffer/updater/release"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

var app = manifest.Target{Channel: "stable", Platform: "linux-amd64", File: "coffer"}

func number(s string) buildinfo.Number {
	n, err := buildinfo.ParseNumber(s)
	if err != nil {
		panic(err)
	}
	return n
}

// world is the maintainers' repository with throw-away keys, and two hosts that serve it.
type world struct {
	t     testing.TB
	repo  *release.Repository
	keys  map[string][]release.Key
	hosts [2]*host

	mu    sync.Mutex
	clock time.Time
}

// host is an update host. A test may put an attacker in front of it.
type host struct {
	*httptest.Server
	mu     sync.Mutex
	attack http.Handler // answers instead of the honest host if set; it may defer to honest
	honest http.Handler
	asked  []string // paths
}

func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	h.asked = append(h.asked, r.URL.Path)
	handler := h.honest
	if h.attack != nil {
		handler = h.attack
	}
	h.mu.Unlock()
	handler.ServeHTTP(w, r)
}

// seen returns the paths that were asked for since the last call.
func (h *host) seen() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	asked := h.asked
	h.asked = nil
	return asked
}

func (h *host) lie(attack http.Handler) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.attack = attack
}

var birth = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)

// found publishes an empty repository with keys of its own. It has no hosts.
func found(t testing.TB, dir string) *world {
	t.Helper()
	w := &world{t: t, keys: map[string][]release.Key{}, clock: birth}
	w.repo = release.Open(dir, w.now)
	var all []release.Key
	for role, rule := range release.Rules {
		for range rule.Keys {
			key, err := release.GenerateKey(role)
			w.must(err)
			w.keys[role] = append(w.keys[role], key)
			all = append(all, key)
		}
	}
	w.must(w.repo.Init(all))
	w.publish()
	return w
}

// template is founded once; every world begins with a copy of it.
var template struct {
	sync.Once
	files fstest.MapFS
	keys  map[string][]release.Key
}

// newWorld starts two hosts over an empty repository.
func newWorld(t testing.TB) *world {
	t.Helper()
	template.Do(func() {
		w := found(t, t.TempDir())
		template.keys, template.files = w.keys, fstest.MapFS{}
		names, err := filepath.Glob(filepath.Join(w.repo.Public(), "metadata", "*.json"))
		w.must(err)
		for _, name := range names {
			data, err := os.ReadFile(name)
			w.must(err)
			template.files["public/metadata/"+filepath.Base(name)] = &fstest.MapFile{Data: data, Mode: 0o644}
		}
	})
	w := &world{t: t, keys: map[string][]release.Key{}, clock: birth}
	for role, keys := range template.keys {
		w.keys[role] = slices.Clone(keys)
	}
	dir := t.TempDir()
	w.must(os.CopyFS(dir, template.files))
	w.repo = release.Open(dir, w.now)
	for i := range w.hosts {
		h := &host{honest: w.serve(w.repo.Public())}
		h.Server = httptest.NewServer(h)
		t.Cleanup(h.CloseClientConnections)
		t.Cleanup(h.Close)
		w.hosts[i] = h
	}
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

func (w *world) serve(dir string) http.Handler {
	w.t.Helper()
	handler, err := updatehost.New(dir)
	w.must(err)
	w.t.Cleanup(func() { handler.Close() })
	return handler
}

// frozen serves the repository as it is now, for ever.
func (w *world) frozen() http.Handler {
	w.t.Helper()
	dir := w.t.TempDir()
	w.must(os.CopyFS(dir, os.DirFS(w.repo.Public())))
	return w.serve(dir)
}

// publish signs every draft with as many keys as it needs, and publishes.
func (w *world) publish() {
	w.t.Helper()
	drafts, err := w.repo.Drafts()
	w.must(err)
	for _, d := range drafts {
		role := metadata.TARGETS
		if d.Role == metadata.ROOT {
			role = metadata.ROOT
		}
		for _, key := range w.keys[role] {
			if err := w.repo.Sign(d.Role, key); err != nil && !errors.Is(err, release.ErrWrongKey) {
				w.t.Fatal(err)
			}
		}
	}
	w.must(w.repo.Publish(w.keys[metadata.SNAPSHOT][0], w.keys[metadata.TIMESTAMP][0]))
}

func (w *world) refresh() {
	w.t.Helper()
	w.must(w.repo.Refresh(w.keys[metadata.SNAPSHOT][0], w.keys[metadata.TIMESTAMP][0]))
}

// release publishes content as a version, with a manifest that the options change.
func (w *world) release(version, content string, options ...func(*manifest.Manifest)) {
	w.t.Helper()
	m := manifest.Manifest{Version: number(version), Notes: "What is new in " + version}
	for _, o := range options {
		o(&m)
	}
	source := filepath.Join(w.t.TempDir(), "artefact")
	w.must(os.WriteFile(source, []byte(content), 0o600))
	w.must(w.repo.Add(app, m, source))
	w.publish()
}

// root is the root.json that programs carry: the first one.
func (w *world) root() []byte {
	w.t.Helper()
	data, err := os.ReadFile(filepath.Join(w.repo.Public(), "metadata", "1.root.json"))
	w.must(err)
	return data
}

// config is that of a fresh installation of a version.
func (w *world) config(installed string) Config {
	return Config{
		Mirrors: []string{w.hosts[0].URL, w.hosts[1].URL}, Dir: w.t.TempDir(), Root: w.root(), Installed: number(installed),
		Target: app, OSVersion: "6.1.0", Now: w.now,
		Limits: Limits{Metadata: time.Minute, Stall: time.Minute, Download: 3 * time.Minute},
	}
}

func (w *world) client(cfg Config) *Client {
	w.t.Helper()
	c, err := New(cfg)
	w.must(err)
	w.t.Cleanup(c.http.CloseIdleConnections)
	return c
}

// lies puts the same attacker on both hosts.
func (w *world) lies(attack http.Handler) {
	for _, h := range w.hosts {
		h.lie(attack)
	}
}

// instead answers requests whose path contains part, and leaves the rest to the honest handler.
func instead(part string, honest http.Handler, attack http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, part) {
			attack(w, r)
			return
		}
		honest.ServeHTTP(w, r)
	})
}

// wantRefused fails unless a state is Refused for that reason.
func wantRefused(t *testing.T, got State, want error) {
	t.Helper()
	if r, ok := got.(Refused); !ok || !errors.Is(r.Err, want) {
		t.Fatalf("state %T %v, want Refused: %v", got, got, want)
	}
}

func wantAvailable(t *testing.T, got State, version string) Release {
	t.Helper()
	a, ok := got.(Available)
	if !ok || a.Version != number(version) {
		t.Fatalf("state %T %v, want Available %s", got, got, version)
	}
	return a.Release
}

func wantUpToDate(t *testing.T, got State) {
	t.Helper()
	if _, ok := got.(UpToDate); !ok {
		t.Fatalf("state %T %v, want UpToDate", got, got)
	}
}

func wantStaged(t *testing.T, got State, content string) Staged {
	t.Helper()
	s, ok := got.(Staged)
	if !ok {
		t.Fatalf("state %T %v, want Staged", got, got)
	}
	if data, err := os.ReadFile(s.Path); err != nil || string(data) != content {
		t.Fatalf("staged %q (%v), want %q", data, err, content)
	}
	return s
}
