package updater

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/updater/manifest"
)

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("delta", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// patched publishes 1.1.0 with a patch from 1.0.0, and configures an installation of 1.0.0.
func patched(t *testing.T) (w *world, cfg Config, content string) {
	t.Helper()
	w = newWorld(t)
	content = string(fixture(t, "program-1.1.0"))
	w.release("1.1.0", content)
	cfg = w.config("1.0.0")
	cfg.Program = filepath.Join(t.TempDir(), "coffer")
	w.must(os.WriteFile(cfg.Program, fixture(t, "program-1.0.0"), 0o755))
	w.must(w.repo.AddPatch(app, cfg.Program, func(_, _, patch string) error {
		return os.WriteFile(patch, fixture(t, "program.patch"), 0o600)
	}))
	w.publish()
	return w, cfg, content
}

// fetched are the files below targets/ that were asked for, by what they are.
func (w *world) fetched() (patch, whole bool) {
	for _, path := range slices.Concat(w.hosts[0].seen(), w.hosts[1].seen()) {
		if strings.Contains(path, "/targets/") {
			patch = patch || strings.HasSuffix(path, ".patch")
			whole = whole || strings.HasSuffix(path, ".coffer")
		}
	}
	return patch, whole
}

func TestPatchIsFetchedInsteadOfTheWhole(t *testing.T) {
	w, cfg, content := patched(t)
	c := w.client(cfg)
	s := wantStaged(t, c.Stage(t.Context(), nil), content)
	if patch, whole := w.fetched(); !patch || whole {
		t.Errorf("fetched a patch %v, the whole %v", patch, whole)
	}
	if names, err := os.ReadDir(filepath.Dir(s.Path)); err != nil || len(names) != 1 {
		t.Errorf("staging folder holds %v (%v), want the release alone", names, err)
	}
	wantStaged(t, w.client(cfg).Check(t.Context()), content)
}

func TestWholeFileWhereThePatchFails(t *testing.T) {
	for name, spoil := range map[string]func(w *world, cfg *Config){
		"another program":  func(w *world, cfg *Config) { w.must(os.WriteFile(cfg.Program, []byte("mended by hand"), 0o755)) },
		"no program":       func(w *world, cfg *Config) { w.must(os.Remove(cfg.Program)) },
		"no patching here": func(_ *world, cfg *Config) { cfg.Program = "" },
		"not on the hosts": func(w *world, _ *Config) { w.lies(instead(".patch", w.hosts[0].honest, http.NotFound)) },
		"another patch": func(w *world, _ *Config) {
			w.lies(instead(".patch", w.hosts[0].honest, text(string(bytes.ToUpper(fixture(w.t, "program.patch"))))))
		},
		"signed, makes other content": func(w *world, cfg *Config) {
			other := fixture(w.t, "program-1.0.0")
			other[len(other)/2]++
			w.must(os.WriteFile(cfg.Program, other, 0o755))
			w.signPatch(sum(other), fixture(w.t, "program.patch"))
		},
		"signed, is no patch": func(w *world, _ *Config) { w.signPatch(sum(fixture(w.t, "program-1.0.0")), []byte("no patch")) },
	} {
		w, cfg, content := patched(t)
		spoil(w, &cfg)
		c := w.client(cfg)
		wantStaged(t, c.Stage(t.Context(), nil), content)
		if _, whole := w.fetched(); !whole {
			t.Errorf("%s: where did it come from?", name)
		}
	}
}

// signPatch has the maintainers sign another patch than the one that they tried.
func (w *world) signPatch(from string, content []byte) {
	w.t.Helper()
	w.must(w.repo.Amend(app, func(m *manifest.Manifest) {
		p := &m.Patches[0]
		p.From, p.SHA256, p.Size = from, sum(content), int64(len(content))
		w.must(os.WriteFile(filepath.Join(w.repo.Public(), "targets", "stable", "linux-amd64", p.StoredName(app)), content, 0o600))
	}))
	w.publish()
}

// A download of a patch goes on where an earlier one ended, also after another check.
func TestPatchIsResumed(t *testing.T) {
	w, cfg, content := patched(t)
	c := w.client(cfg)
	wantAvailable(t, c.Check(t.Context()), "1.1.0")
	part := c.store.stagedPath(c.offered.manifest.Patches[0].SHA256 + ".part")
	w.must(os.WriteFile(part, fixture(t, "program.patch")[:100], 0o600))
	wantAvailable(t, c.Check(t.Context()), "1.1.0")
	var ranges []string
	w.lies(http.HandlerFunc(func(res http.ResponseWriter, r *http.Request) {
		ranges = append(ranges, r.Header.Get("Range"))
		w.hosts[0].honest.ServeHTTP(res, r)
	}))
	wantStaged(t, c.Stage(t.Context(), nil), content)
	if !slices.Equal(ranges, []string{"bytes=100-"}) {
		t.Errorf("ranges %q", ranges)
	}
}

func TestPatchedFileThatCannotBeWritten(t *testing.T) {
	w, cfg, content := patched(t)
	c := w.client(cfg)
	wantAvailable(t, c.Check(t.Context()), "1.1.0")
	inTheWay := c.store.stagedPath(filepath.Base(c.offered.name))
	w.must(os.Mkdir(inTheWay, 0o700))
	got, ok := c.Stage(t.Context(), nil).(Refused)
	if !ok || errors.Is(got.Err, ErrTampered) || errors.Is(got.Err, ErrHostsUnreachable) {
		t.Errorf("%+v", got)
	}
	w.must(os.Remove(inTheWay))
	wantStaged(t, c.Stage(t.Context(), nil), content)
}
