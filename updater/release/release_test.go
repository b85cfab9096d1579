package release

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/updater/delta"
	"github.com/coffer-vault/coffer/updater/manifest"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

var (
	linux = manifest.Target{Channel: "stable", Platform: "linux-amd64", File: "coffer"}
	begin = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
)

// office is a repository and the keys of all holders.
type office struct {
	*Repository
	t     *testing.T
	keys  map[string][]Key
	clock time.Time
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, keys: map[string][]Key{}, clock: begin}
	o.Repository = Open(t.TempDir(), func() time.Time { return o.clock })
	var all []Key
	for role, rule := range Rules {
		for range rule.Keys {
			k, err := GenerateKey(role)
			o.must(err)
			o.keys[role] = append(o.keys[role], k)
			all = append(all, k)
		}
	}
	o.must(o.Init(all))
	return o
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// sign signs a draft with the first n keys of a role.
func (o *office) sign(draft, role string, n int) {
	o.t.Helper()
	for _, k := range o.keys[role][:n] {
		o.must(o.Sign(draft, k))
	}
}

func (o *office) publish() error {
	return o.Publish(o.keys[metadata.SNAPSHOT][0], o.keys[metadata.TIMESTAMP][0])
}

// open signs and publishes the first root and targets.
func (o *office) open() {
	o.t.Helper()
	o.sign(metadata.ROOT, metadata.ROOT, 3)
	o.sign(metadata.TARGETS, metadata.TARGETS, 2)
	o.must(o.publish())
}

func (o *office) artefact(content string) string {
	o.t.Helper()
	path := filepath.Join(o.t.TempDir(), "artefact")
	o.must(os.WriteFile(path, []byte(content), 0o600))
	return path
}

func version(s string) manifest.Manifest {
	n, err := buildinfo.ParseNumber(s)
	if err != nil {
		panic(err)
	}
	return manifest.Manifest{Version: n}
}

// published lists the names below public/, without folders.
func (o *office) published() (names []string) {
	o.t.Helper()
	o.must(filepath.WalkDir(o.Public(), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(o.Public(), path)
			names = append(names, filepath.ToSlash(name))
		}
		return err
	}))
	return names
}

func (o *office) has(names ...string) {
	o.t.Helper()
	have := strings.Join(o.published(), "\n")
	for _, name := range names {
		if !strings.Contains(have, name) {
			o.t.Errorf("%s is not public:\n%s", name, have)
		}
	}
}

func TestThresholdsAreHonoured(t *testing.T) {
	o := newOffice(t)
	o.sign(metadata.ROOT, metadata.ROOT, 2)
	o.sign(metadata.TARGETS, metadata.TARGETS, 2)
	// Signing twice is one signature.
	o.must(o.Sign(metadata.ROOT, o.keys[metadata.ROOT][0]))
	if err := o.publish(); !errors.Is(err, ErrThreshold) {
		t.Fatalf("root with 2 of 3 signatures: %v", err)
	}
	if _, err := os.Stat(o.Public()); !os.IsNotExist(err) {
		t.Error("a refused publication left something behind")
	}
	o.must(o.Sign(metadata.ROOT, o.keys[metadata.ROOT][4]))
	o.must(o.publish())
	o.has("metadata/1.root.json", "metadata/1.targets.json", "metadata/1.snapshot.json", "metadata/timestamp.json")

	o.must(o.Add(linux, version("1.0.0"), o.artefact("one")))
	o.sign(metadata.TARGETS, metadata.TARGETS, 2)
	o.sign(linux.Role(), metadata.TARGETS, 1)
	if err := o.publish(); !errors.Is(err, ErrThreshold) {
		t.Fatalf("release with 1 of 2 signatures: %v", err)
	}
	o.sign(linux.Role(), metadata.TARGETS, 2)
	o.must(o.publish())
	o.has("metadata/2.targets.json", "metadata/1.stable-linux-amd64.json", "metadata/2.snapshot.json",
		fmt.Sprintf("targets/stable/linux-amd64/%x.coffer", sha256Of("one")))
	if drafts, err := o.Drafts(); err != nil || len(drafts) != 0 {
		t.Errorf("drafts after publication: %v, %v", drafts, err)
	}
}

func sha256Of(content string) []byte {
	info, err := metadata.TargetFile().FromBytes("x", []byte(content), "sha256")
	if err != nil {
		panic(err)
	}
	return info.Hashes["sha256"]
}

func TestOnlyHoldersMaySign(t *testing.T) {
	o := newOffice(t)
	stranger, err := GenerateKey(metadata.ROOT)
	o.must(err)
	for draft, key := range map[string]Key{
		metadata.ROOT: stranger, metadata.TARGETS: o.keys[metadata.ROOT][0],
	} {
		if err := o.Sign(draft, key); !errors.Is(err, ErrWrongKey) {
			t.Errorf("%s: %v", draft, err)
		}
	}
	o.open()
	if err := o.Sign(metadata.TARGETS, o.keys[metadata.TARGETS][0]); !errors.Is(err, ErrNoDraft) {
		t.Errorf("nothing to sign: %v", err)
	}
	if err := o.Sign("stable-linux-amd64", o.keys[metadata.TARGETS][0]); !errors.Is(err, ErrNoDraft) {
		t.Errorf("no such role: %v", err)
	}
	for _, swapped := range [][2]Key{
		{o.keys[metadata.TIMESTAMP][0], o.keys[metadata.SNAPSHOT][0]}, {o.keys[metadata.SNAPSHOT][0], stranger},
	} {
		if err := o.Publish(swapped[0], swapped[1]); !errors.Is(err, ErrWrongKey) {
			t.Errorf("online keys: %v", err)
		}
		if err := o.Refresh(swapped[0], swapped[1]); !errors.Is(err, ErrWrongKey) {
			t.Errorf("online keys: %v", err)
		}
	}
}

func TestInitWantsAllKeysAndAnEmptyFolder(t *testing.T) {
	o := newOffice(t)
	if err := o.Init(nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second time: %v", err)
	}
	other := Open(t.TempDir(), time.Now)
	if err := other.Init(o.keys[metadata.ROOT]); err == nil {
		t.Error("without keys for targets")
	}
	if err := other.Init(append(o.keys[metadata.ROOT][:4:4], o.keys[metadata.ROOT][0])); err == nil {
		t.Error("one holder with two shares")
	}
}

func TestAddRefuses(t *testing.T) {
	o := newOffice(t)
	o.open()
	o.must(o.Add(linux, version("1.4.0"), o.artefact("x")))
	for name, err := range map[string]error{
		"older":      o.Add(linux, version("1.3.9"), o.artefact("y")),
		"no version": o.Add(linux, manifest.Manifest{}, o.artefact("y")),
		"no file":    o.Add(linux, version("1.5.0"), filepath.Join(t.TempDir(), "none")),
		"path":       o.Add(manifest.Target{Channel: "stable", Platform: "linux-amd64", File: "../x"}, version("1.5.0"), o.artefact("y")),
		"amend":      o.Amend(manifest.Target{Channel: "stable", Platform: "linux-amd64", File: "other"}, func(*manifest.Manifest) {}),
		"bad amend":  o.Amend(linux, func(m *manifest.Manifest) { m.Rollout = []manifest.Step{{Percent: 101}} }),
		"renew":      o.Renew("stable-none-none"),
	} {
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	o.must(o.Add(linux, version("1.4.0"), o.artefact("the same version, built again")))
}

func TestSeveralPlatforms(t *testing.T) {
	o := newOffice(t)
	o.open()
	windows := manifest.Target{Channel: "beta", Platform: "windows-amd64", File: "coffer.msi"}
	o.must(o.Add(linux, version("1.0.0"), o.artefact("l")))
	o.must(o.Add(windows, version("1.0.1"), o.artefact("w")))
	drafts, err := o.Drafts()
	o.must(err)
	var roles []string
	for _, d := range drafts {
		roles = append(roles, d.Role)
		o.sign(d.Role, metadata.TARGETS, 2)
	}
	if got := strings.Join(roles, " "); got != "targets beta-windows-amd64 stable-linux-amd64" {
		t.Errorf("drafts %q", got)
	}
	o.must(o.publish())
	o.has("metadata/1.beta-windows-amd64.json", "metadata/1.stable-linux-amd64.json", "metadata/2.targets.json")
	// A change of one platform leaves the others' signatures alone.
	o.must(o.Amend(windows, func(m *manifest.Manifest) { m.Halt = true }))
	o.sign(windows.Role(), metadata.TARGETS, 2)
	o.must(o.publish())
	o.has("metadata/2.beta-windows-amd64.json", "metadata/3.snapshot.json")
	for _, name := range o.published() {
		if strings.Contains(name, "2.stable-linux") || strings.Contains(name, "3.targets") {
			t.Errorf("%s was published without a change", name)
		}
	}
}

func TestRefresh(t *testing.T) {
	o := newOffice(t)
	o.open()
	refresh := func() { t.Helper(); o.must(o.Refresh(o.keys[metadata.SNAPSHOT][0], o.keys[metadata.TIMESTAMP][0])) }
	o.clock = begin.Add(6 * time.Hour)
	refresh()
	if expires, err := o.Expiry(); err != nil || !expires.Equal(begin.Add(54*time.Hour)) {
		t.Errorf("expires %v, %v", expires, err)
	}
	if n := o.newest(metadata.SNAPSHOT); n != 1 {
		t.Errorf("snapshot %d, but it was good for days", n)
	}
	o.clock = begin.Add(5 * 24 * time.Hour)
	refresh()
	if n := o.newest(metadata.SNAPSHOT); n != 2 {
		t.Errorf("snapshot %d, but it had two days left", n)
	}
}

func TestReplaceKey(t *testing.T) {
	o := newOffice(t)
	o.open()
	o.must(o.Add(linux, version("1.0.0"), o.artefact("one")))
	o.sign(metadata.TARGETS, metadata.TARGETS, 2)
	o.sign(linux.Role(), metadata.TARGETS, 2)
	o.must(o.publish())

	lost := o.keys[metadata.TARGETS][0]
	next, err := GenerateKey(metadata.TARGETS)
	o.must(err)
	o.must(o.ReplaceKey(metadata.TARGETS, lost.ID, next))
	o.keys[metadata.TARGETS][0] = next
	if err := o.Sign(metadata.TARGETS, lost); !errors.Is(err, ErrWrongKey) {
		t.Errorf("the lost key still signs: %v", err)
	}
	for _, role := range []string{metadata.TARGETS, linux.Role()} {
		o.sign(role, metadata.TARGETS, 2)
	}
	if err := o.publish(); !errors.Is(err, ErrThreshold) {
		t.Errorf("a root that nobody signed: %v", err)
	}
	o.sign(metadata.ROOT, metadata.ROOT, 3)
	o.must(o.publish())
	o.has("metadata/2.root.json", "metadata/3.targets.json", "metadata/2.stable-linux-amd64.json")
}

// A root that replaces its own keys needs the old holders and the new ones.
func TestReplaceRootKeys(t *testing.T) {
	o := newOffice(t)
	o.open()
	old := append([]Key(nil), o.keys[metadata.ROOT]...)
	for i := range 3 {
		next, err := GenerateKey(metadata.ROOT)
		o.must(err)
		o.must(o.ReplaceKey(metadata.ROOT, old[i].ID, next))
		o.keys[metadata.ROOT][i] = next
	}
	o.sign(metadata.ROOT, metadata.ROOT, 3)
	if err := o.publish(); !errors.Is(err, ErrThreshold) {
		t.Errorf("without the old holders: %v", err)
	}
	for _, k := range old[:3] {
		o.must(o.Sign(metadata.ROOT, k))
	}
	o.must(o.publish())
	if err := o.ReplaceKey(metadata.ROOT, old[0].ID, old[1]); err == nil {
		t.Error("a key was replaced that has no say any more")
	}
}

// A publication that broke off before the timestamp is simply done again.
func TestPublishAgainAfterACrash(t *testing.T) {
	o := newOffice(t)
	o.open()
	o.must(o.Add(linux, version("1.0.0"), o.artefact("one")))
	o.sign(metadata.TARGETS, metadata.TARGETS, 2)
	o.sign(linux.Role(), metadata.TARGETS, 2)
	tree, err := o.verifiedTree()
	o.must(err)
	o.must(o.release(tree, metadata.TARGETS))
	o.must(o.publish())
	o.has("metadata/2.targets.json", "metadata/1.stable-linux-amd64.json", "metadata/2.snapshot.json")
}

func TestKeyFiles(t *testing.T) {
	k, err := GenerateKey(metadata.ROOT)
	if err != nil {
		t.Fatal(err)
	}
	for _, passphrase := range []string{"", "correct horse"} {
		path := filepath.Join(t.TempDir(), "key.json")
		if err := k.Save(path, []byte(passphrase)); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("permissions %v, %v", info.Mode(), err)
		}
		got, err := LoadKey(path, []byte(passphrase))
		if err != nil || got.ID != k.ID || got.Role != k.Role || !bytes.Equal(got.seed(), k.seed()) {
			t.Errorf("read %v, %v", got, err)
		}
		if err := k.Save(path, nil); !errors.Is(err, os.ErrExist) {
			t.Errorf("a key file was replaced: %v", err)
		}
		if passphrase == "" {
			continue
		}
		if _, err := LoadKey(path, []byte("wrong")); !errors.Is(err, ErrPassphrase) {
			t.Errorf("wrong passphrase: %v", err)
		}
	}
}

func TestDamagedKeyFiles(t *testing.T) {
	good := `{"role":"root","id":"x","seed":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}`
	for name, content := range map[string]string{"empty": "", "no seed": "{}", "short": `{"seed":"AAAA"}`, "other id": good, "sealed": `{"encrypted":{}}`, "array": "[]"} {
		path := filepath.Join(t.TempDir(), "key.json")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadKey(path, nil); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestKeyPrintsAsItsID(t *testing.T) {
	k, err := GenerateKey(metadata.ROOT)
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
		for _, value := range []any{k, &k, []Key{k}, struct{ K Key }{k}} {
			text := strings.ToLower(fmt.Sprintf(verb, value))
			for _, secret := range []string{fmt.Sprintf("%x", k.seed()), strings.Trim(fmt.Sprint(k.seed()), "[]")} {
				if strings.Contains(text, secret) {
					t.Errorf("%s of %T prints the key", verb, value)
				}
			}
		}
	}
}

// given is a Differ that gives what it is given.
func given(patch []byte) Differ {
	return func(_, _, file string) error { return os.WriteFile(file, patch, 0o600) }
}

func TestPatch(t *testing.T) {
	fixture := func(name string) string { return filepath.Join("..", "delta", "testdata", name) }
	patch, err := os.ReadFile(fixture("program.patch"))
	if err != nil {
		t.Fatal(err)
	}
	o := newOffice(t)
	if err := o.AddPatch(linux, fixture("program-1.0.0"), given(patch)); err == nil {
		t.Error("a patch for a target that there is not")
	}
	o.must(o.Add(linux, manifest.Manifest{Version: buildinfo.Number{Major: 1, Minor: 1}}, fixture("program-1.1.0")))
	for name, c := range map[string]struct {
		from   string
		differ Differ
		want   error
	}{
		"no earlier file": {fixture("none"), given(patch), fs.ErrNotExist},
		"other file":      {fixture("program-1.1.0"), given(patch), delta.ErrPatch},
		"no patch":        {fixture("program-1.0.0"), given([]byte("no patch")), delta.ErrPatch},
		"as large":        {fixture("program-1.0.0"), given(make([]byte, 1<<20)), ErrUselessPatch},
		"no differ":       {fixture("program-1.0.0"), func(string, string, string) error { return fs.ErrPermission }, fs.ErrPermission},
		"nothing made":    {fixture("program-1.0.0"), func(string, string, string) error { return nil }, fs.ErrNotExist},
	} {
		if err := o.AddPatch(linux, c.from, c.differ); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	o.must(o.AddPatch(linux, fixture("program-1.0.0"), given(patch)))
	role, _, err := current[metadata.TargetsType](o.Repository, linux.Role())
	o.must(err)
	m, err := manifest.FromTarget(role.Signed.Targets[linux.Path()])
	if err != nil || len(m.Patches) != 1 || m.Patches[0].Size != int64(len(patch)) {
		t.Fatalf("%+v, %v", m, err)
	}
	stored, err := os.ReadFile(filepath.Join(o.Public(), "targets", "stable", "linux-amd64", m.Patches[0].StoredName(linux)))
	if err != nil || !bytes.Equal(stored, patch) {
		t.Errorf("public patch of %d bytes, %v", len(stored), err)
	}
	if len(role.Signatures) > 0 {
		t.Error("the draft kept signatures of another content")
	}
}

func TestBillOfMaterials(t *testing.T) {
	// Not the test itself, which does not say what it was linked from.
	self := filepath.Join(t.TempDir(), "coffer-release")
	if out, err := exec.Command("go", "build", "-o", self, "../cmd/coffer-release").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	o := newOffice(t)
	if err := o.AddBill(linux, []string{self}); err == nil {
		t.Error("a bill of nothing")
	}
	o.must(o.Add(linux, manifest.Manifest{Version: buildinfo.Number{Major: 1, Minor: 1}}, self))
	if err := o.AddBill(linux, []string{filepath.Join("..", "delta", "testdata", "program.patch")}); err == nil {
		t.Error("a bill of what is no program")
	}
	var written [2][]byte
	for i := range written {
		o.must(o.AddBill(linux, []string{self}))
		role, _, err := current[metadata.TargetsType](o.Repository, linux.Role())
		o.must(err)
		written[i], err = os.ReadFile(o.Repository.artefact(role.Signed.Targets["stable/linux-amd64/coffer.cdx.json"]))
		o.must(err)
		o.clock = o.clock.Add(time.Hour)
	}
	if !bytes.Equal(written[0], written[1]) {
		t.Error("two bills of one program differ")
	}
	var b bill
	o.must(json.Unmarshal(written[0], &b))
	if b.Format != "CycloneDX" || b.Metadata.Component.Version != "1.1.0" || len(b.Dependencies) != 2 || len(b.Components) < 3 {
		t.Errorf("%+v", b)
	}
	refs := map[string]bool{b.Metadata.Component.Ref: true}
	for _, c := range b.Components {
		refs[c.Ref] = true
	}
	for _, d := range b.Dependencies {
		for _, ref := range append(d.DependsOn, d.Ref) {
			if !refs[ref] {
				t.Errorf("%s is nowhere described", ref)
			}
		}
	}
	content, err := os.ReadFile(self)
	o.must(err)
	if got := b.Metadata.Component.Hashes[0].Content; got != digest(content) || b.Components[0].Hashes[0].Content != got {
		t.Errorf("hash %s", got)
	}
	for _, want := range []string{"pkg:golang/std@", "pkg:golang/github.com/theupdateframework/go-tuf/v2@v"} {
		if !strings.Contains(string(written[0]), want) {
			t.Errorf("no %s", want)
		}
	}
}
