//go:build journey

package journey

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// releases is an update repository, made and signed by coffer-release with throw-away keys.
type releases struct {
	t            *testing.T
	dir, keys    string
	public, root string
}

func newReleases(t *testing.T) *releases {
	t.Helper()
	dir := t.TempDir()
	r := &releases{t: t, dir: filepath.Join(dir, "repository"), keys: filepath.Join(dir, "keys")}
	r.public = filepath.Join(r.dir, "public")
	r.run("init", "-keys", r.keys)
	r.signAndPublish("root-1", "root-2", "root-3", "targets-1", "targets-2")
	r.root = r.find("1.root.json")
	return r
}

func (r *releases) run(command string, args ...string) {
	r.t.Helper()
	out, err := exec.Command(binary(r.t, "coffer-release"), append([]string{command, "-dir", r.dir}, args...)...).CombinedOutput()
	if err != nil {
		r.t.Fatalf("coffer-release %s: %v\n%s", command, err, out)
	}
}

func (r *releases) key(name string) string { return filepath.Join(r.keys, name+".json") }

func (r *releases) signAndPublish(names ...string) {
	r.t.Helper()
	var keys []string
	for _, name := range names {
		keys = append(keys, "-key", r.key(name))
	}
	r.run("sign", keys...)
	r.run("publish", "-snapshot-key", r.key("snapshot-1"), "-timestamp-key", r.key("timestamp-1"))
}

// find returns the path of a file below the public folder.
func (r *releases) find(name string) (found string) {
	r.t.Helper()
	err := filepath.WalkDir(r.public, func(path string, _ os.DirEntry, err error) error {
		if filepath.Base(path) == name {
			found = path
		}
		return err
	})
	if err != nil || found == "" {
		r.t.Fatalf("no %s in the repository: %v", name, err)
	}
	return found
}

// update publishes the next version, which PC A installs. PC B trusts other keys than the hosts' and stays as it is.
func (j *journey) update() {
	next := binary(j.t, filepath.Join("next", "coffer"))
	notes := filepath.Join(j.t.TempDir(), "notes.txt")
	if err := os.WriteFile(notes, []byte("Search is quicker."), 0o600); err != nil {
		j.t.Fatal(err)
	}
	j.releases.run("add", "-platform", "linux-amd64", "-name", "coffer", "-version", "0.2.0", "-notes-file", notes, "-file", next)
	j.releases.signAndPublish("targets-1", "targets-2")
	strangers := newReleases(j.t)
	mirrors := "COFFER_UPDATE_MIRRORS=" + strings.Join(j.cloud.updates, ",")

	j.together(func() { j.install(j.a, next, mirrors) }, func() { j.refuse(j.b, next, mirrors, strangers.root) })
}

// install has the app find and stage the version, and restart as it.
func (j *journey) install(a *pc, next, mirrors string) {
	a.kill()
	a.env = append(a.env, mirrors, "COFFER_UPDATE_ROOT="+j.releases.root)
	a.start("--server", j.cloud.api)
	a.text(benPass)
	a.turn(func() { a.keys("Return") })
	eventually(j.t, "the update to be staged on A", func() bool {
		staged, _ := filepath.Glob(filepath.Join(a.home, "Coffer", "cache", "updates", "staged", "*"))
		return len(staged) > 0
	})
	a.settle()
	a.turn(func() { a.keys("Escape") }) // the browsers: not now
	a.shot("08-update-ready")
	a.turn(func() { a.keys("ctrl+comma") })
	a.shot("08-settings")
	quit := a.quit
	a.keys("Return") // restart now
	eventually(j.t, "the next version in place of the program", func() bool { return sameFile(a.program, next) })
	<-quit
	a.turn(func() { a.window() })
	a.shot("08-after-update")
}

// refuse has the app find a version that keys have signed which it does not trust.
func (j *journey) refuse(b *pc, next, mirrors, root string) {
	b.kill()
	b.env = append(b.env, mirrors, "COFFER_UPDATE_ROOT="+root)
	b.start("--server", j.cloud.api)
	eventually(j.t, "B to refuse the strangers' update", func() bool {
		data, _ := os.ReadFile(b.logFile())
		return bytes.Contains(data, []byte("update check failed"))
	})
	if sameFile(b.program, next) {
		j.t.Error("B installed what the keys it trusts did not sign")
	}
	b.text(password)
	b.turn(func() { b.keys("Return") })
	b.turn(func() { b.keys("ctrl+comma") })
	b.shot("08-refused")
}

func sameFile(a, b string) bool {
	x, errA := os.ReadFile(a)
	y, errB := os.ReadFile(b)
	return errA == nil && errB == nil && bytes.Equal(x, y)
}
