package updater

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/updater/release"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// A hijacked host serves a repository of its own: everything signed, by nobody we know (attack 31).
func TestRepositoryOfStrangers(t *testing.T) {
	w, strangers := newWorld(t), found(t, t.TempDir())
	w.release("1.1.0", "ours")
	strangers.release("9.0.0", "theirs")
	w.lies(strangers.serve(strangers.repo.Public()))
	c := w.client(w.config("1.0.0"))
	wantRefused(t, c.Check(t.Context()), ErrWrongKeys)
	wantRefused(t, c.Stage(t.Context(), nil), ErrWrongKeys)
}

// One host lies in some way, the other is honest. Whichever is asked first, the honest answer counts.
func TestOneLyingHost(t *testing.T) {
	strangers := found(t, t.TempDir())
	strangers.release("9.0.0", "theirs")
	lies := map[string]func(honest http.Handler) http.Handler{
		"strangers": func(http.Handler) http.Handler { return strangers.serve(strangers.repo.Public()) },
		"errors":    func(http.Handler) http.Handler { return status(http.StatusInternalServerError) },
		"nothing":   func(http.Handler) http.Handler { return status(http.StatusNotFound) },
		"redirect": func(http.Handler) http.Handler {
			return http.RedirectHandler("https://evil.example/", http.StatusFound)
		},
		"no timestamp":    func(h http.Handler) http.Handler { return instead("timestamp", h, text("{}")) },
		"other snapshot":  func(h http.Handler) http.Handler { return instead("snapshot", h, text("{}")) },
		"other delegated": func(h http.Handler) http.Handler { return instead("stable-", h, text("{}")) },
		"junk":            func(h http.Handler) http.Handler { return instead("root", h, text("\x00\xff")) },
	}
	w := newWorld(t)
	w.release("1.1.0", "ours")
	for name, lie := range lies {
		w.hosts[0].lie(lie(w.hosts[0].honest))
		w.hosts[1].seen()
		c := w.client(w.config("1.0.0"))
		c.order = func(int) []int { return []int{0, 1} }
		wantAvailable(t, c.Check(t.Context()), "1.1.0")
		if len(w.hosts[1].seen()) == 0 {
			t.Errorf("%s: the lying host was believed", name)
		}
		wantStaged(t, c.Stage(t.Context(), nil), "ours")
	}
}

func TestHostsAreAskedInRandomOrder(t *testing.T) {
	w := newWorld(t)
	c := w.client(w.config("1.0.0"))
	first, second := false, false
	for range 200 {
		wantUpToDate(t, c.Check(t.Context()))
		first, second = first || len(w.hosts[0].seen()) > 0, second || len(w.hosts[1].seen()) > 0
		if first && second {
			return
		}
	}
	t.Error("one host was never asked")
}

// Both hosts lie, each in its way: no update, and the worse of the reasons.
func TestBothHostsLie(t *testing.T) {
	w, strangers := newWorld(t), found(t, t.TempDir())
	strangers.release("9.0.0", "theirs")
	w.hosts[0].lie(status(http.StatusServiceUnavailable))
	w.hosts[1].lie(strangers.serve(strangers.repo.Public()))
	got := w.client(w.config("1.0.0")).Check(t.Context())
	wantRefused(t, got, ErrWrongKeys)
	if strings.Contains(got.(Refused).Err.Error(), ErrHostsUnreachable.Error()) {
		t.Errorf("a host did answer: %v", got)
	}
}

func TestHostsUnreachable(t *testing.T) {
	w := newWorld(t)
	cfg := w.config("1.0.0")
	w.hosts[0].Close()
	w.hosts[1].Close()
	wantRefused(t, w.client(cfg).Check(t.Context()), ErrHostsUnreachable)
}

// Freeze: both hosts go on serving what was true once (attack 33).
func TestFreeze(t *testing.T) {
	w := newWorld(t)
	w.release("1.1.0", "new")
	c := w.client(w.config("1.0.0"))
	wantAvailable(t, c.Check(t.Context()), "1.1.0")
	w.lies(w.frozen())
	w.pass(47 * time.Hour)
	wantAvailable(t, c.Check(t.Context()), "1.1.0")
	w.pass(2 * time.Hour)
	wantRefused(t, c.Check(t.Context()), ErrExpired)
	wantRefused(t, w.client(w.config("1.0.0")).Check(t.Context()), ErrExpired)
	// The maintainers' online machine is all it takes to go on.
	w.lies(nil)
	w.refresh()
	wantAvailable(t, c.Check(t.Context()), "1.1.0")
}

// Every role expires by itself, also under a timestamp that is signed again and again.
func TestEachRoleExpires(t *testing.T) {
	for role, after := range map[string]time.Duration{
		metadata.TARGETS: 91 * 24 * time.Hour, metadata.ROOT: 366 * 24 * time.Hour,
	} {
		w := newWorld(t)
		w.release("1.1.0", "new")
		w.pass(after)
		w.refresh()
		wantRefused(t, w.client(w.config("1.0.0")).Check(t.Context()), ErrExpired)
		for _, r := range []string{metadata.ROOT, metadata.TARGETS, app.Role()} {
			w.must(w.repo.Renew(r))
		}
		w.publish()
		if got, ok := w.client(w.config("1.0.0")).Check(t.Context()).(Available); !ok {
			t.Errorf("%s renewed: %v", role, got)
		}
	}
}

// A clock that is far ahead looks like a freeze; set right, all is well again.
func TestWrongClock(t *testing.T) {
	w := newWorld(t)
	w.release("1.1.0", "new")
	cfg := w.config("1.0.0")
	cfg.Now = func() time.Time { return w.now().AddDate(2, 0, 0) }
	wantRefused(t, w.client(cfg).Check(t.Context()), ErrExpired)
	cfg.Now = w.now
	wantAvailable(t, w.client(cfg).Check(t.Context()), "1.1.0")
}

// Rollback: the host serves an older repository, valid still, than this computer has seen.
func TestRollback(t *testing.T) {
	w := newWorld(t)
	w.release("1.1.0", "with a hole")
	old := w.frozen()
	w.release("1.2.0", "mended")
	c := w.client(w.config("1.0.0"))
	wantAvailable(t, c.Check(t.Context()), "1.2.0")
	w.lies(old)
	wantRefused(t, c.Check(t.Context()), ErrRollback)
	// One host behind the other is no attack: the newer one is believed.
	w.hosts[0].lie(nil)
	wantAvailable(t, c.Check(t.Context()), "1.2.0")
}

// The repository is current, and offers less than what runs.
func TestVersionBelowTheInstalledOne(t *testing.T) {
	w := newWorld(t)
	w.release("1.1.0", "old")
	c := w.client(w.config("1.2.0"))
	wantRefused(t, c.Check(t.Context()), ErrRollback)
	wantRefused(t, c.Stage(t.Context(), nil), ErrRollback)
}

// Mix and match: single files of an older repository under the names of the present one.
func TestMixAndMatch(t *testing.T) {
	for _, role := range []string{metadata.SNAPSHOT, metadata.TARGETS, app.Role()} {
		w := newWorld(t)
		w.release("1.1.0", "one")
		w.must(w.repo.Renew(metadata.TARGETS))
		w.release("1.2.0", "two")
		current := newestFile(t, w.repo.Public(), role)
		older, err := os.ReadFile(filepath.Join(w.repo.Public(), "metadata", fmt.Sprintf("%d.%s.json", current-1, role)))
		w.must(err)
		name := fmt.Sprintf("%d.%s.json", current, role)
		w.lies(instead(name, w.hosts[0].honest, text(string(older))))
		wantRefused(t, w.client(w.config("1.0.0")).Check(t.Context()), ErrTampered)
	}
}

// newestFile is the highest published version of a role.
func newestFile(t testing.TB, public, role string) (version int) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(public, "metadata", "*."+role+".json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no %s in %s: %v", role, public, err)
	}
	for _, name := range names {
		var n int
		if _, err := fmt.Sscanf(filepath.Base(name), "%d.", &n); err != nil {
			t.Fatal(err)
		}
		version = max(version, n)
	}
	return version
}

// Endless data: each file in turn never ends. Nothing but a bounded part of it is read.
func TestEndlessData(t *testing.T) {
	for _, part := range []string{"root", "timestamp", "snapshot", ".targets", "stable-"} {
		w := newWorld(t)
		w.release("1.1.0", "new")
		w.lies(instead(part, w.hosts[0].honest, endless))
		wantRefused(t, w.client(w.config("1.0.0")).Check(t.Context()), ErrTampered)
	}
	w := newWorld(t)
	w.release("1.1.0", "new")
	w.lies(instead("/targets/", w.hosts[0].honest, endless))
	wantRefused(t, w.client(w.config("1.0.0")).Stage(t.Context(), nil), ErrTampered)
}

// Whatever length signed metadata announces, there is a bound.
func TestMetadataIsBounded(t *testing.T) {
	w := newWorld(t)
	w.lies(text(strings.Repeat(" ", maxMetadata+1)))
	m := &mirror{base: w.hosts[0].URL, client: newHTTPClient(), ctx: t.Context(), limits: w.config("1.0.0").Limits}
	for _, announced := range []int64{1 << 60, maxMetadata, 10, 0, -1} {
		if data, err := m.DownloadFile(m.metadataURL(), announced, 0); !errors.Is(err, ErrTampered) {
			t.Errorf("length %d: %d bytes, %v", announced, len(data), err)
		}
	}
	m.client.CloseIdleConnections()
}

// Slow data: each file in turn begins and then stands still.
func TestSlowData(t *testing.T) {
	for _, part := range []string{"root", "timestamp", "snapshot", ".targets", "stable-"} {
		w := newWorld(t)
		w.release("1.1.0", "new")
		cfg := w.config("1.0.0")
		cfg.Limits.Metadata = 200 * time.Millisecond
		w.lies(instead(part, w.hosts[0].honest, stall))
		got := w.client(cfg).Check(t.Context())
		wantRefused(t, got, ErrHostsUnreachable)
	}
}

// A release that stands still, and one that drips: each has a limit of its own.
func TestSlowRelease(t *testing.T) {
	silent := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for name, c := range map[string]struct {
		tight  Limits
		attack http.HandlerFunc
	}{
		"no answer":    {Limits{Metadata: time.Minute, Stall: 50 * time.Millisecond, Download: time.Minute}, silent},
		"stands still": {Limits{Metadata: time.Minute, Stall: 50 * time.Millisecond, Download: time.Minute}, stall},
		"drips":        {Limits{Metadata: time.Minute, Stall: time.Minute, Download: 50 * time.Millisecond}, stall},
	} {
		w := newWorld(t)
		w.release("1.1.0", "new")
		client := w.client(w.config("1.0.0"))
		wantAvailable(t, client.Check(t.Context()), "1.1.0")
		client.cfg.Limits = c.tight
		w.hosts[0].seen()
		w.hosts[1].seen()
		w.lies(instead("/targets/", w.hosts[0].honest, c.attack))
		wantRefused(t, client.Stage(t.Context(), nil), ErrHostsUnreachable)
		if first, second := w.hosts[0].seen(), w.hosts[1].seen(); len(first) != 1 || len(second) != 1 {
			t.Errorf("%s: asked %v and %v", name, first, second)
		}
	}
}

// Attack 34: the keys of targets, snapshot and timestamp were stolen, and root 2 replaced them. A mirror hides 2.root.json and
// serves a repository that the stolen keys sign. Who has seen root 2 must not go back, whatever root his program carries.
func TestHiddenRoot(t *testing.T) {
	w := newWorld(t)
	w.release("1.1.0", "ours")
	cfg := w.config("1.0.0")
	wantAvailable(t, w.client(cfg).Check(t.Context()), "1.1.0")

	thief := stolen(w)
	replaceOnlineKeys(w)
	w.publish()
	wantAvailable(t, w.client(cfg).Check(t.Context()), "1.1.0") // sees root 2
	if _, err := os.Stat(filepath.Join(cfg.Dir, "roots", "2.root.json")); err != nil {
		t.Fatalf("root 2 was not kept: %v", err)
	}

	thief.release("9.0.0", "theirs")
	w.lies(thief.serve(thief.repo.Public()))
	// A new process with the old program: its embedded root is 1.
	got := w.client(cfg).Check(t.Context())
	if _, ok := got.(Refused); !ok {
		t.Fatalf("revoked keys were accepted: %T %v", got, got)
	}
	wantRefused(t, got, ErrWrongKeys)
	// The attack is real: a first run believes the thief.
	wantAvailable(t, w.client(w.config("1.0.0")).Check(t.Context()), "9.0.0")
}

// stolen is a copy of the repository in the hands of someone with all of its keys.
func stolen(w *world) *world {
	w.t.Helper()
	dir := w.t.TempDir()
	w.must(os.CopyFS(filepath.Join(dir, "public"), os.DirFS(w.repo.Public())))
	thief := &world{t: w.t, keys: map[string][]release.Key{}, clock: w.clock}
	for role, keys := range w.keys {
		thief.keys[role] = append([]release.Key(nil), keys...)
	}
	thief.repo = release.Open(dir, thief.now)
	return thief
}

func replaceOnlineKeys(w *world) {
	w.t.Helper()
	for _, role := range []string{metadata.SNAPSHOT, metadata.TIMESTAMP} {
		next, err := release.GenerateKey(role)
		w.must(err)
		w.must(w.repo.ReplaceKey(role, w.keys[role][0].ID, next))
		w.keys[role][0] = next
	}
}

// A root that is damaged on the disk is no reason to believe an older one.
func TestDamagedRoot(t *testing.T) {
	w := newWorld(t)
	cfg := w.config("1.0.0")
	replaceOnlineKeys(w)
	w.publish()
	wantUpToDate(t, w.client(cfg).Check(t.Context()))
	second := filepath.Join(cfg.Dir, "roots", "2.root.json")
	intact, err := os.ReadFile(second)
	w.must(err)
	for name, damaged := range map[string][]byte{"empty": nil, "half": intact[:len(intact)/2], "older": cfg.Root} {
		w.must(os.WriteFile(second, damaged, 0o600))
		if got, ok := w.client(cfg).Check(t.Context()).(Refused); !ok {
			t.Errorf("%s: %v", name, got)
		} else {
			wantRefused(t, got, ErrTrustDamaged)
		}
	}
	// Installing Coffer again brings a program that carries root 2.
	cfg.Root = intact
	wantUpToDate(t, w.client(cfg).Check(t.Context()))
}

// A program that was installed anew may carry a newer root than this computer has seen; it counts, or a mirror could hide it.
func TestNewerEmbeddedRoot(t *testing.T) {
	w := newWorld(t)
	cfg := w.config("1.0.0")
	wantUpToDate(t, w.client(cfg).Check(t.Context()))
	thief := stolen(w)
	replaceOnlineKeys(w)
	w.publish()
	var err error
	cfg.Root, err = os.ReadFile(filepath.Join(w.repo.Public(), "metadata", "2.root.json"))
	w.must(err)
	w.lies(thief.serve(thief.repo.Public()))
	wantRefused(t, w.client(cfg).Check(t.Context()), ErrWrongKeys)
}

// Keys below the threshold: the attacker has both online keys and some offline ones, and forges everything above them.
func TestKeysBelowThreshold(t *testing.T) {
	for name, signers := range map[string]func(w *world) []release.Key{
		"online keys alone": func(w *world) []release.Key { return nil },
		"one of two":        func(w *world) []release.Key { return w.keys[metadata.TARGETS][:1] },
		"the same one twice": func(w *world) []release.Key {
			return []release.Key{w.keys[metadata.TARGETS][0], w.keys[metadata.TARGETS][0]}
		},
		"one and an online key": func(w *world) []release.Key {
			return []release.Key{w.keys[metadata.TARGETS][0], w.keys[metadata.SNAPSHOT][0]}
		},
		"one and a root key": func(w *world) []release.Key {
			return []release.Key{w.keys[metadata.TARGETS][0], w.keys[metadata.ROOT][0]}
		},
		"two, the attack's test": func(w *world) []release.Key { return w.keys[metadata.TARGETS][:2] },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.release("1.1.0", "ours")
			dir := w.t.TempDir()
			w.must(os.CopyFS(dir, os.DirFS(w.repo.Public())))
			forge(w, dir, signers(w))
			w.lies(w.serve(dir))
			got := w.client(w.config("1.0.0")).Check(t.Context())
			if strings.HasPrefix(name, "two") {
				wantAvailable(t, got, "9.0.0")
				return
			}
			if _, ok := got.(Refused); !ok {
				t.Fatalf("accepted: %T %v", got, got)
			}
		})
	}
}

// forge replaces the release in a public folder by 9.0.0, signed with the given keys under new, properly signed online metadata.
func forge(w *world, public string, signers []release.Key) {
	w.t.Helper()
	dir := filepath.Join(public, "metadata")
	version := newestFile(w.t, public, app.Role())
	role, err := metadata.Targets().FromFile(filepath.Join(dir, fmt.Sprintf("%d.%s.json", version, app.Role())))
	w.must(err)
	custom := json.RawMessage(`{"version":"9.0.0"}`)
	role.Signed.Targets[app.Path()].Custom = &custom
	role.Signed.Version++
	described := write(w, dir, app.Role(), role.Signed.Version, role, signers)

	snapshotVersion := newestFile(w.t, public, metadata.SNAPSHOT)
	snapshot, err := metadata.Snapshot().FromFile(filepath.Join(dir, fmt.Sprintf("%d.snapshot.json", snapshotVersion)))
	w.must(err)
	snapshot.Signed.Meta[app.Role()+".json"] = described
	snapshot.Signed.Version++
	described = write(w, dir, metadata.SNAPSHOT, snapshot.Signed.Version, snapshot, w.keys[metadata.SNAPSHOT])

	timestamp, err := metadata.Timestamp().FromFile(filepath.Join(dir, "timestamp.json"))
	w.must(err)
	timestamp.Signed.Meta["snapshot.json"] = described
	timestamp.Signed.Version++
	write(w, dir, metadata.TIMESTAMP, 0, timestamp, w.keys[metadata.TIMESTAMP])
}

// write signs metadata with keys and writes it; version 0 means without a version in its name.
func write[T metadata.Roles](w *world, dir, role string, version int64, m *metadata.Metadata[T], keys []release.Key) *metadata.MetaFiles {
	w.t.Helper()
	m.ClearSignatures()
	for _, key := range keys {
		_, err := m.Sign(signerOf(w, key))
		w.must(err)
	}
	data, err := m.ToBytes(false)
	w.must(err)
	name := fmt.Sprintf("%d.%s.json", version, role)
	if version == 0 {
		name = role + ".json"
	}
	w.must(os.WriteFile(filepath.Join(dir, name), data, 0o600))
	info, err := metadata.TargetFile().FromBytes(name, data, "sha256")
	w.must(err)
	return &metadata.MetaFiles{Version: version, Length: info.Length, Hashes: info.Hashes}
}

// signerOf reads a private key out of its file, as a thief would.
func signerOf(w *world, key release.Key) signature.Signer {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), "key")
	w.must(key.Save(path, nil))
	data, err := os.ReadFile(path)
	w.must(err)
	var file struct{ Seed []byte }
	w.must(json.Unmarshal(data, &file))
	signer, err := signature.LoadED25519Signer(ed25519.NewKeyFromSeed(file.Seed))
	w.must(err)
	return signer
}

// Signed metadata without what must be in it, or with nulls: an error, not a crash.
func TestMalformedSignedMetadata(t *testing.T) {
	for name, spoil := range map[string]func(*metadata.Metadata[metadata.TimestampType]){
		"no snapshot":   func(m *metadata.Metadata[metadata.TimestampType]) { delete(m.Signed.Meta, "snapshot.json") },
		"null snapshot": func(m *metadata.Metadata[metadata.TimestampType]) { m.Signed.Meta["snapshot.json"] = nil },
		"negative":      func(m *metadata.Metadata[metadata.TimestampType]) { m.Signed.Meta["snapshot.json"].Length = -1 },
		"huge":          func(m *metadata.Metadata[metadata.TimestampType]) { m.Signed.Meta["snapshot.json"].Length = 1 << 60 },
		"unknown hash": func(m *metadata.Metadata[metadata.TimestampType]) {
			m.Signed.Meta["snapshot.json"].Hashes["md5"] = []byte{1}
		},
		"hash of nobody": func(m *metadata.Metadata[metadata.TimestampType]) {
			m.Signed.Meta["snapshot.json"].Hashes["sha256"] = nil
		},
	} {
		w := newWorld(t)
		cfg := w.config("1.0.0")
		dir := t.TempDir()
		w.must(os.CopyFS(dir, os.DirFS(w.repo.Public())))
		timestamp, err := metadata.Timestamp().FromFile(filepath.Join(dir, "metadata", "timestamp.json"))
		w.must(err)
		spoil(timestamp)
		timestamp.Signed.Version++
		write(w, filepath.Join(dir, "metadata"), metadata.TIMESTAMP, 0, timestamp, w.keys[metadata.TIMESTAMP])
		w.lies(w.serve(dir))
		if got, ok := w.client(cfg).Check(t.Context()).(Refused); !ok {
			t.Errorf("%s: %v", name, got)
		}
		// It did not poison the local metadata: an honest host that is ahead is believed again.
		w.lies(nil)
		w.refresh()
		w.refresh()
		if got, ok := w.client(cfg).Check(t.Context()).(UpToDate); !ok {
			t.Errorf("%s, afterwards: %v", name, got)
		}
	}
}

// Local metadata that a power cut has torn is fetched again.
func TestTornLocalMetadata(t *testing.T) {
	w := newWorld(t)
	w.release("1.1.0", "new")
	for _, torn := range []string{"", "{", "null", "{}", `{"signed":{"_type":"timestamp"}}`, `{"signed":{"_type":"targets","targets":{"x":null}}}`} {
		cfg := w.config("1.0.0")
		wantAvailable(t, w.client(cfg).Check(t.Context()), "1.1.0")
		files, err := filepath.Glob(filepath.Join(cfg.Dir, "metadata", "*.json"))
		if err != nil || len(files) < 5 {
			t.Fatalf("local metadata %v (%v)", files, err)
		}
		for _, file := range files {
			w.must(os.WriteFile(file, []byte(torn), 0o600))
		}
		wantAvailable(t, w.client(cfg).Check(t.Context()), "1.1.0")
	}
}

func status(code int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
}

func text(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(s)) }
}

// endless writes until the client hangs up.
func endless(w http.ResponseWriter, _ *http.Request) {
	for block := bytes.Repeat([]byte(" "), 1<<16); ; {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

// stall sends a byte and then nothing until the client hangs up.
func stall(w http.ResponseWriter, r *http.Request) {
	w.Write([]byte("{"))
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}
