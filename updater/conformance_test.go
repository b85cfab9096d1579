package updater

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/updater/release"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Cases of the TUF conformance suite (github.com/theupdateframework/tuf-conformance) which our own walk along the roots, the persisted
// roots, or the choice of hosts could break. What go-tuf does alone, its own run of the suite covers.

// renewRoot publishes a root that changes nothing.
func renewRoot(w *world) {
	w.t.Helper()
	w.must(w.repo.Renew(metadata.ROOT))
	w.publish()
}

// replaceKey gives a role another key for its first one.
func replaceKey(w *world, role string) {
	w.t.Helper()
	next, err := release.GenerateKey(role)
	w.must(err)
	w.must(w.repo.ReplaceKey(role, w.keys[role][0].ID, next))
	if role == metadata.ROOT { // the old key has to sign its own replacement too
		w.keys[role] = append(w.keys[role][1:], next)
		return
	}
	w.keys[role][0] = next
}

func newestRoot(w *world, cfg Config) int64 {
	w.t.Helper()
	version, err := roots{dir: filepath.Join(cfg.Dir, "roots")}.highest()
	w.must(err)
	return version
}

// test_root_rotation, test_root_expired: only the last root has to be valid now.
func TestExpiredRootInBetweenIsFollowed(t *testing.T) {
	w := newWorld(t)
	cfg := w.config("1.0.0")
	wantUpToDate(t, w.client(cfg).Check(t.Context()))
	renewRoot(w) // 2, good for a year from here
	w.pass(364 * 24 * time.Hour)
	renewRoot(w) // 3
	w.pass(2 * 24 * time.Hour)
	w.must(w.repo.Renew(metadata.TARGETS))
	w.publish()
	wantUpToDate(t, w.client(cfg).Check(t.Context()))
	if got := newestRoot(w, cfg); got != 3 {
		t.Errorf("root %d", got)
	}
	w.pass(365 * 24 * time.Hour)
	w.must(w.repo.Renew(metadata.TARGETS))
	w.publish()
	wantRefused(t, w.client(cfg).Check(t.Context()), ErrExpired)
}

// test_root_rotation: every root key is replaced, one after the other; who was away follows all the way.
func TestRootKeysAreReplacedOneByOne(t *testing.T) {
	w := newWorld(t)
	cfg := w.config("1.0.0")
	wantUpToDate(t, w.client(cfg).Check(t.Context()))
	for range release.Rules[metadata.ROOT].Keys {
		replaceKey(w, metadata.ROOT)
		w.publish()
	}
	w.release("1.1.0", "new")
	wantAvailable(t, w.client(cfg).Check(t.Context()), "1.1.0")
	if got := newestRoot(w, cfg); got != 6 {
		t.Errorf("root %d, want 6", got)
	}
}

// test_max_root_rotations: a bounded number of roots in one check, and the next check goes on from there.
func TestManyRotationsTakeSeveralChecks(t *testing.T) {
	w := newWorld(t)
	cfg := w.config("1.0.0")
	for range maxRotations + 2 {
		renewRoot(w)
	}
	w.client(cfg).Check(t.Context())
	if got := newestRoot(w, cfg); got < maxRotations+1 || got > maxRotations+3 {
		t.Errorf("root %d after one check", got)
	}
	wantUpToDate(t, w.client(cfg).Check(t.Context()))
	if got := newestRoot(w, cfg); got != maxRotations+3 {
		t.Errorf("root %d after two checks", got)
	}
}

type rootMetadata = metadata.Metadata[metadata.RootType]

// test_wrong_root_version, test_root_keys_threshold and their like: none of these roots is believed, or kept.
func TestWrongRoots(t *testing.T) {
	strangers := found(t, t.TempDir())
	for name, forge := range map[string]func(w *world) (root *rootMetadata, signers []release.Key){
		"skips a version": func(w *world) (*rootMetadata, []release.Key) {
			root := firstRoot(w)
			root.Signed.Version = 3
			return root, w.keys[metadata.ROOT]
		},
		"the same version": func(w *world) (*rootMetadata, []release.Key) {
			root := firstRoot(w)
			root.Signed.Version = 1
			return root, w.keys[metadata.ROOT]
		},
		"another type": func(w *world) (*rootMetadata, []release.Key) {
			root := firstRoot(w)
			root.Signed.Type = metadata.TIMESTAMP
			return root, w.keys[metadata.ROOT]
		},
		"two of three": func(w *world) (*rootMetadata, []release.Key) { return firstRoot(w), w.keys[metadata.ROOT][:2] },
		"one, three times": func(w *world) (*rootMetadata, []release.Key) {
			key := w.keys[metadata.ROOT][0]
			return firstRoot(w), []release.Key{key, key, key}
		},
		"the new keys alone": func(w *world) (*rootMetadata, []release.Key) {
			return firstRoot(strangers), strangers.keys[metadata.ROOT]
		},
		"the old keys alone": func(w *world) (*rootMetadata, []release.Key) { return firstRoot(strangers), w.keys[metadata.ROOT] },
	} {
		w := newWorld(t)
		cfg := w.config("1.0.0")
		public := t.TempDir()
		w.must(os.CopyFS(public, os.DirFS(w.repo.Public())))
		root, signers := forge(w)
		write(w, filepath.Join(public, "metadata"), metadata.ROOT, 2, root, signers)
		w.lies(w.serve(public))
		if got, ok := w.client(cfg).Check(t.Context()).(Refused); !ok {
			t.Errorf("%s: %+v", name, got)
		}
		if got := newestRoot(w, cfg); got != 1 {
			t.Errorf("%s: root %d was kept", name, got)
		}
		w.lies(nil)
		wantUpToDate(t, w.client(cfg).Check(t.Context()))
	}
}

// firstRoot is a world's first root as a second one.
func firstRoot(w *world) *rootMetadata {
	w.t.Helper()
	root, err := metadata.Root().FromFile(filepath.Join(w.repo.Public(), "metadata", "1.root.json"))
	w.must(err)
	root.Signed.Version = 2
	return root
}

// test_fast_forward_recovery: whoever had the online keys signed versions that ours will never reach. New keys undo it.
func TestFastForwardIsUndoneByNewKeys(t *testing.T) {
	for name, ahead := range map[string]func(thief *world, public string){
		"timestamp": func(thief *world, public string) { thief.fastForward(public, 0, 1<<30) },
		"snapshot":  func(thief *world, public string) { thief.fastForward(public, 1<<30, 1<<30) },
	} {
		w := newWorld(t)
		w.release("1.1.0", "ours")
		cfg := w.config("1.0.0")
		public := t.TempDir()
		w.must(os.CopyFS(public, os.DirFS(w.repo.Public())))
		ahead(w, public)
		w.lies(w.serve(public))
		wantAvailable(t, w.client(cfg).Check(t.Context()), "1.1.0")
		w.lies(nil)
		w.refresh()
		wantRefused(t, w.client(cfg).Check(t.Context()), ErrRollback) // the attack is real
		replaceOnlineKeys(w)
		w.publish()
		if got, ok := w.client(cfg).Check(t.Context()).(Available); !ok {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// fastForward signs the timestamp of a public folder, and the snapshot unless it is 0, with those versions.
func (w *world) fastForward(public string, snapshotVersion, timestampVersion int64) {
	w.t.Helper()
	dir := filepath.Join(public, "metadata")
	timestamp, err := metadata.Timestamp().FromFile(filepath.Join(dir, "timestamp.json"))
	w.must(err)
	if snapshotVersion > 0 {
		name := fmt.Sprintf("%d.snapshot.json", newestFile(w.t, public, metadata.SNAPSHOT))
		snapshot, err := metadata.Snapshot().FromFile(filepath.Join(dir, name))
		w.must(err)
		snapshot.Signed.Version = snapshotVersion
		timestamp.Signed.Meta["snapshot.json"] = write(w, dir, metadata.SNAPSHOT, snapshotVersion, snapshot, w.keys[metadata.SNAPSHOT])
	}
	timestamp.Signed.Version = timestampVersion
	write(w, dir, metadata.TIMESTAMP, 0, timestamp, w.keys[metadata.TIMESTAMP])
}

// The key of the timestamp is lost, not stolen: three holders of root name another, and who is out there follows.
func TestLostTimestampKey(t *testing.T) {
	w := newWorld(t)
	w.release("1.1.0", "first")
	cfg := w.config("1.0.0")
	wantAvailable(t, w.client(cfg).Check(t.Context()), "1.1.0")
	lost := w.keys[metadata.TIMESTAMP][0]
	w.pass(30 * 24 * time.Hour) // all that was signed online has expired
	wantRefused(t, w.client(cfg).Check(t.Context()), ErrExpired)
	replaceKey(w, metadata.TIMESTAMP)
	w.publish()
	wantAvailable(t, w.client(cfg).Check(t.Context()), "1.1.0")
	if err := w.repo.Refresh(w.keys[metadata.SNAPSHOT][0], lost); !errors.Is(err, release.ErrWrongKey) {
		t.Errorf("the lost key still signs: %v", err)
	}
}

// test_timestamp_content_changes without a new version: what is known stays.
func TestOtherTimestampOfTheSameVersion(t *testing.T) {
	w := newWorld(t)
	w.release("1.1.0", "ours")
	cfg := w.config("1.0.0")
	wantAvailable(t, w.client(cfg).Check(t.Context()), "1.1.0")
	thief := stolen(w)
	before, err := os.ReadFile(filepath.Join(cfg.Dir, "metadata", "timestamp.json"))
	w.must(err)
	public := thief.repo.Public()
	timestamp, err := metadata.Timestamp().FromFile(filepath.Join(public, "metadata", "timestamp.json"))
	w.must(err)
	timestamp.Signed.Expires = timestamp.Signed.Expires.Add(365 * 24 * time.Hour)
	write(w, filepath.Join(public, "metadata"), metadata.TIMESTAMP, 0, timestamp, w.keys[metadata.TIMESTAMP])
	w.lies(w.serve(public))
	w.client(cfg).Check(t.Context())
	after, err := os.ReadFile(filepath.Join(cfg.Dir, "metadata", "timestamp.json"))
	w.must(err)
	if string(before) != string(after) {
		t.Error("a timestamp of the same version replaced the one that is known")
	}
}

// test_snapshot_404, test_targets_404, test_timestamp_404: what is missing is no answer. For a root alone it is one, the end of the walk.
func TestMissingFiles(t *testing.T) {
	for _, part := range []string{"timestamp", "snapshot", ".targets", "stable-"} {
		w := newWorld(t)
		w.release("1.1.0", "new")
		cfg := w.config("1.0.0")
		w.lies(instead(part, w.hosts[0].honest, http.NotFound))
		wantRefused(t, w.client(cfg).Check(t.Context()), ErrHostsUnreachable)
		w.lies(nil)
		wantAvailable(t, w.client(cfg).Check(t.Context()), "1.1.0")
	}
}

// test_delegation_not_in_snapshot: whoever has the online keys hides the role of this platform. That is not "nothing new".
func TestRoleThatTheSnapshotDoesNotList(t *testing.T) {
	w := newWorld(t)
	w.release("1.1.0", "new")
	public := t.TempDir()
	w.must(os.CopyFS(public, os.DirFS(w.repo.Public())))
	dir := filepath.Join(public, "metadata")
	version := int64(newestFile(t, public, metadata.SNAPSHOT))
	snapshot, err := metadata.Snapshot().FromFile(filepath.Join(dir, fmt.Sprintf("%d.snapshot.json", version)))
	w.must(err)
	delete(snapshot.Signed.Meta, app.Role()+".json")
	snapshot.Signed.Version++
	described := write(w, dir, metadata.SNAPSHOT, snapshot.Signed.Version, snapshot, w.keys[metadata.SNAPSHOT])
	timestamp, err := metadata.Timestamp().FromFile(filepath.Join(dir, "timestamp.json"))
	w.must(err)
	timestamp.Signed.Version++
	timestamp.Signed.Meta["snapshot.json"] = described
	write(w, dir, metadata.TIMESTAMP, 0, timestamp, w.keys[metadata.TIMESTAMP])
	w.lies(w.serve(public))
	if got, ok := w.client(w.config("1.0.0")).Check(t.Context()).(Refused); !ok {
		t.Errorf("state %T %v, want Refused", got, got)
	}
}

// test_metadata_bytes_match: a root is kept as it was served.
func TestRootIsKeptAsItWasServed(t *testing.T) {
	w := newWorld(t)
	cfg := w.config("1.0.0")
	renewRoot(w)
	path := filepath.Join(w.repo.Public(), "metadata", "2.root.json")
	served, err := os.ReadFile(path)
	w.must(err)
	served = append(served, ' ', '\n')
	w.must(os.WriteFile(path, served, 0o600))
	wantUpToDate(t, w.client(cfg).Check(t.Context()))
	kept, err := os.ReadFile(filepath.Join(cfg.Dir, "roots", "2.root.json"))
	if err != nil || string(kept) != string(served) {
		t.Errorf("%d bytes kept of %d (%v)", len(kept), len(served), err)
	}
}

// test_invalid_initial_root, test_unsigned_initial_root: nobody is asked for anything.
func TestFirstRootThatIsNone(t *testing.T) {
	for name, spoil := range map[string][2]string{
		"no version":      {`"version":`, `"wersion":`},
		"not signed":      {`"sig":"`, `"sig":"00`},
		"another content": {`"consistent_snapshot":true`, `"consistent_snapshot":false`},
	} {
		w := newWorld(t)
		cfg := w.config("1.0.0")
		whole := string(cfg.Root)
		cfg.Root = []byte(strings.ReplaceAll(whole, spoil[0], spoil[1]))
		if string(cfg.Root) == whole {
			t.Fatalf("%s: nothing was spoiled", name)
		}
		wantRefused(t, w.client(cfg).Check(t.Context()), ErrTrustDamaged)
		if asked := append(w.hosts[0].seen(), w.hosts[1].seen()...); len(asked) > 0 {
			t.Errorf("%s: asked for %v", name, asked)
		}
	}
}
