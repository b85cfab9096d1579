package main

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud/updatehost"
	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/updater"
	"github.com/coffer-vault/coffer/updater/manifest"
)

// rehearsal runs coffer-release on a repository with throw-away keys.
type rehearsal struct {
	t          *testing.T
	repo, keys string
}

func newRehearsal(t *testing.T) *rehearsal {
	dir := t.TempDir()
	return &rehearsal{t, filepath.Join(dir, "repo"), filepath.Join(dir, "keys")}
}

func (r *rehearsal) key(name string) string { return filepath.Join(r.keys, name+".json") }

// id of a key, as its file says.
func (r *rehearsal) id(name string) string {
	r.t.Helper()
	var file struct{ ID string }
	data, err := os.ReadFile(r.key(name))
	if err == nil {
		err = json.Unmarshal(data, &file)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return file.ID
}

func (r *rehearsal) file(content string) string {
	r.t.Helper()
	path := filepath.Join(r.t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		r.t.Fatal(err)
	}
	return path
}

// do runs a command with -json and wants an exit code.
func (r *rehearsal) do(code int, args ...string) result {
	r.t.Helper()
	var out, errors bytes.Buffer
	args = append([]string{args[0], "-dir", r.repo, "-json"}, args[1:]...)
	if got := run(args, &out, &errors, time.Now); got != code {
		r.t.Fatalf("%v: exit code %d, want %d: %s", args, got, code, errors.String())
	}
	var res result
	if code == 0 {
		if err := json.Unmarshal(out.Bytes(), &res); err != nil {
			r.t.Fatalf("%v: %q: %v", args, out.String(), err)
		}
	}
	return res
}

// online are the flags of publish and timestamp.
func (r *rehearsal) online() []string {
	return []string{"-snapshot-key", r.key("snapshot-1"), "-timestamp-key", r.key("timestamp-1")}
}

// TestRehearsal goes the way of a first release, from keys to a client that stages it.
func TestRehearsal(t *testing.T) {
	r := newRehearsal(t)
	made := r.do(0, "init", "-keys", r.keys)
	if len(made.Keys) != 10 || len(made.Drafts) != 2 || made.Drafts[0].Role != "root" || made.Drafts[0].Required != 3 {
		t.Fatalf("init: %+v", made)
	}
	r.do(0, "sign", "-key", r.key("root-1"), "-key", r.key("root-3"), "-key", r.key("targets-1"), "-key", r.key("targets-2"))
	r.do(1, append([]string{"publish"}, r.online()...)...) // two of three
	r.do(0, "sign", "-key", r.key("root-5"))
	r.do(0, append([]string{"publish"}, r.online()...)...)

	added := r.do(0, "add", "-platform", "linux-amd64", "-name", "coffer", "-version", "1.1.0", "-file", r.file("the program"),
		"-notes-file", r.file("Signed updates.\n"), "-rollout-file", r.file(`[{"at":"2026-01-01T00:00:00Z","percent":100}]`), "-min-secure", "1.0.0")
	if len(added.Drafts) != 2 || added.Drafts[1].Role != "stable-linux-amd64" || added.Drafts[1].SignedBy != 0 {
		t.Fatalf("add: %+v", added)
	}
	r.do(0, "sign", "-key", r.key("targets-2"))
	r.do(0, "sign", "-key", r.key("targets-3"), "-role", "stable-linux-amd64")
	r.do(0, "sign", "-key", r.key("targets-3"), "-role", "targets")
	if done := r.do(0, append([]string{"publish"}, r.online()...)...); len(done.Drafts) != 0 || done.Expires == nil {
		t.Fatalf("publish: %+v", done)
	}
	r.do(0, append([]string{"timestamp"}, r.online()...)...)

	got, ok := r.client("1.0.0").Stage(t.Context(), nil).(updater.Staged)
	if !ok || got.Version.String() != "1.1.0" || got.Notes != "Signed updates." {
		t.Fatalf("client: %+v", got)
	}
	if content, err := os.ReadFile(got.Path); err != nil || string(content) != "the program" {
		t.Errorf("staged %q, %v", content, err)
	}

	r.do(0, "amend", "-platform", "linux-amd64", "-name", "coffer", "-halt")
	r.do(0, "sign", "-key", r.key("targets-1"), "-key", r.key("targets-2"))
	r.do(0, append([]string{"publish"}, r.online()...)...)
	if refused, ok := r.client("1.0.0").Check(t.Context()).(updater.Refused); !ok {
		t.Errorf("a withdrawn release: %+v", refused)
	}
}

// client is a fresh installation that polls the public folder.
func (r *rehearsal) client(installed string) *updater.Client {
	r.t.Helper()
	handler, err := updatehost.New(filepath.Join(r.repo, "public"))
	if err != nil {
		r.t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	r.t.Cleanup(func() { server.Close(); handler.Close() })
	root, err := os.ReadFile(filepath.Join(r.repo, "public", "metadata", "1.root.json"))
	if err != nil {
		r.t.Fatal(err)
	}
	version, err := buildinfo.ParseNumber(installed)
	if err != nil {
		r.t.Fatal(err)
	}
	c, err := updater.New(updater.Config{
		Mirrors: []string{server.URL}, Dir: r.t.TempDir(), Root: root, Installed: version,
		Target: manifest.Target{Channel: "stable", Platform: "linux-amd64", File: "coffer"},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

func TestRotationAndRenewal(t *testing.T) {
	r := newRehearsal(t)
	r.do(0, "init", "-keys", r.keys)
	all := []string{"sign"}
	for _, name := range []string{"root-1", "root-2", "root-3", "targets-1", "targets-2"} {
		all = append(all, "-key", r.key(name))
	}
	r.do(0, all...)
	r.do(0, append([]string{"publish"}, r.online()...)...)

	r.do(0, "rotate", "-role", "timestamp", "-old", r.id("timestamp-1"), "-new", r.key("timestamp-2"))
	r.do(0, "renew", "-role", "targets")
	r.do(0, all...)
	r.do(1, append([]string{"publish"}, r.online()...)...) // with the replaced key
	r.do(0, "publish", "-snapshot-key", r.key("snapshot-1"), "-timestamp-key", r.key("timestamp-2"))
	if _, ok := r.client("1.0.0").Check(t.Context()).(updater.UpToDate); !ok {
		t.Error("a client does not follow the rotation")
	}
}

// TestPatch has a bsdiff at hand that knows one patch.
func TestPatch(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in is a script")
	}
	fixtures, err := filepath.Abs(filepath.Join("..", "..", "delta", "testdata"))
	if err != nil {
		t.Fatal(err)
	}
	fixture := func(name string) string { return filepath.Join(fixtures, name) }
	tools := t.TempDir()
	script := "#!/bin/sh\nexec cp '" + fixture("program.patch") + "' \"$3\"\n"
	if err := os.WriteFile(filepath.Join(tools, "bsdiff"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", tools+string(filepath.ListSeparator)+os.Getenv("PATH"))
	r := newRehearsal(t)
	r.do(0, "init", "-keys", r.keys)
	r.do(0, "add", "-platform", "linux-amd64", "-name", "coffer", "-version", "1.1.0", "-file", fixture("program-1.1.0"))
	r.do(1, "patch", "-platform", "linux-amd64", "-name", "coffer")
	r.do(1, "patch", "-platform", "linux-amd64", "-name", "coffer", "-from", fixture("none"))
	r.do(0, "patch", "-platform", "linux-amd64", "-name", "coffer", "-from", fixture("program-1.0.0"))
	if patches, err := filepath.Glob(filepath.Join(r.repo, "public", "targets", "stable", "linux-amd64", "*.coffer.patch")); err != nil || len(patches) != 1 {
		t.Errorf("public patches %v, %v", patches, err)
	}
}

func TestRehearse(t *testing.T) {
	r := newRehearsal(t)
	fixture := func(name string) string { return filepath.Join("..", "..", "delta", "testdata", name) }
	args := []string{"rehearse", "-platform", "linux-amd64", "-name", "coffer", "-from-version", "1.0.0", "-version", "1.1.0",
		"-from", fixture("program-1.0.0"), "-file", fixture("program-1.1.0")}
	if done := r.do(0, args...).Done; len(done) != 6 {
		t.Errorf("done: %q", done)
	}
	r.do(1, args...) // not in a repository that there is
	backwards := newRehearsal(t)
	backwards.do(1, "rehearse", "-platform", "linux-amd64", "-name", "coffer", "-from-version", "1.1.0", "-version", "1.0.0",
		"-from", fixture("program-1.0.0"), "-file", fixture("program-1.1.0"))
}

// A holder's key is stolen: it counts no more from the day on which the others say so. Later he gets another.
func TestRevocation(t *testing.T) {
	r := newRehearsal(t)
	r.do(0, "init", "-keys", r.keys)
	sign := func(code int, names ...string) {
		t.Helper()
		args := []string{"sign"}
		for _, name := range names {
			args = append(args, "-key", r.key(name))
		}
		r.do(code, args...)
	}
	publish := append([]string{"publish"}, r.online()...)
	sign(0, "root-1", "root-2", "root-3", "targets-1", "targets-2")
	r.do(0, publish...)
	r.do(1, "revoke", "-role", "targets")
	r.do(1, "revoke", "-role", "targets", "-id", r.id("root-1"))
	r.do(1, "revoke", "-role", "timestamp", "-id", r.id("timestamp-1")) // nobody would be left
	r.do(1, "rotate", "-role", "targets", "-new", r.key("one-too-many"))
	r.do(0, "revoke", "-role", "targets", "-id", r.id("targets-1"))
	sign(1, "targets-1")
	sign(0, "root-1", "root-2", "root-3", "targets-2", "targets-3")
	r.do(0, publish...)
	r.do(0, "revoke", "-role", "root", "-id", r.id("root-5"))
	r.do(0, "rotate", "-role", "targets", "-new", r.key("targets-4"))
	sign(0, "root-1", "root-2", "root-3", "targets-2", "targets-4")
	r.do(0, publish...)
	r.do(1, "revoke", "-role", "targets", "-id", r.id("targets-1"))
	if _, ok := r.client("1.0.0").Check(t.Context()).(updater.UpToDate); !ok {
		t.Error("a client does not follow the revocation")
	}
}

func TestPassphrase(t *testing.T) {
	r := newRehearsal(t)
	file := r.file("correct horse\n")
	r.do(0, "init", "-keys", r.keys)
	r.do(0, "rotate", "-role", "root", "-old", r.id("root-1"), "-new", r.key("sealed"), "-passphrase-file", file)
	data, err := os.ReadFile(r.key("sealed"))
	if err != nil || !strings.Contains(string(data), "encrypted") || strings.Contains(string(data), "seed") {
		t.Fatalf("%s, %v", data, err)
	}
	r.do(1, "sign", "-key", r.key("sealed"))
	r.do(1, "sign", "-key", r.key("sealed"), "-passphrase-file", r.file("wrong"))
	r.do(1, "sign", "-key", r.key("sealed"), "-passphrase-file", r.file("\n"))
	r.do(0, "sign", "-key", r.key("sealed"), "-passphrase-file", file)
}

func TestMistakes(t *testing.T) {
	r := newRehearsal(t)
	for _, args := range [][]string{{}, {"help"}, {"sign"}, {"status", "-dir", r.repo, "extra"}, {"status", "-dir", r.repo, "-unknown"}} {
		if code := run(args, &bytes.Buffer{}, &bytes.Buffer{}, time.Now); code != 2 {
			t.Errorf("%q: exit code %d, want 2", args, code)
		}
	}
	r.do(1, "init")
	r.do(0, "init", "-keys", r.keys)
	r.do(1, "init", "-keys", r.keys) // never over existing keys
	for _, args := range [][]string{
		{"add", "-platform", "linux-amd64", "-name", "coffer", "-version", "1.1", "-file", r.file("x")},
		{"add", "-platform", "linux", "-name", "coffer", "-version", "1.1.0", "-file", r.file("x")},
		{"add", "-platform", "linux-amd64", "-name", "coffer", "-version", "1.1.0", "-file", r.file("x"), "-rollout-file", r.file("{")},
		{"sign", "-key", r.key("snapshot-1")},
		{"sign", "-key", r.key("root-1"), "-role", "targets"},
		{"sign", "-key", r.key("none")},
		{"rotate", "-role", "janitor", "-old", "x", "-new", r.key("new")},
		{"renew", "-role", "stable-linux-amd64"},
		{"timestamp", "-snapshot-key", r.key("snapshot-1"), "-timestamp-key", r.key("timestamp-1")},
	} {
		r.do(1, args...)
	}
	var out bytes.Buffer
	if code := run([]string{"status", "-dir", r.repo}, &out, &out, time.Now); code != 0 || !strings.Contains(out.String(), "draft root, version 1: 0 of 3 signatures") {
		t.Errorf("status: %d %q", code, out.String())
	}
}
