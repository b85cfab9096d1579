package updater

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// interrupted serves only the first bytes of an artefact, once.
func interrupted(honest http.Handler, content string, n int) http.Handler {
	done := false
	return instead("/targets/", honest, func(w http.ResponseWriter, r *http.Request) {
		if done {
			honest.ServeHTTP(w, r)
			return
		}
		done = true
		w.Header().Set("Content-Length", "1000000")
		w.Write([]byte(content[:n]))
	})
}

func TestDownloadResumes(t *testing.T) {
	content := strings.Repeat("a new program ", 10_000)
	w := newWorld(t)
	w.release("1.1.0", content)
	cfg := w.config("1.0.0")
	cfg.Mirrors = cfg.Mirrors[:1]
	w.hosts[0].lie(interrupted(w.hosts[0].honest, content, 100_000))
	wantRefused(t, w.client(cfg).Stage(t.Context(), nil), ErrHostsUnreachable)

	var asked string
	w.hosts[0].lie(instead("/targets/", w.hosts[0].honest, func(rw http.ResponseWriter, r *http.Request) {
		asked = r.Header.Get("Range")
		w.hosts[0].honest.ServeHTTP(rw, r)
	}))
	wantStaged(t, w.client(cfg).Stage(t.Context(), nil), content)
	if asked != "bytes=100000-" {
		t.Errorf("resumed with %q", asked)
	}
}

// One host breaks off, the other goes on where it stopped.
func TestDownloadChangesHosts(t *testing.T) {
	content := strings.Repeat("a new program ", 10_000)
	w := newWorld(t)
	w.release("1.1.0", content)
	w.hosts[0].lie(interrupted(w.hosts[0].honest, content, 100_000))
	c := w.client(w.config("1.0.0"))
	c.order = func(int) []int { return []int{0, 1} }
	wantStaged(t, c.Stage(t.Context(), nil), content)
}

// What a host may do with the file itself, and the honest one behind it.
func TestPoisonedDownload(t *testing.T) {
	content := strings.Repeat("a new program ", 10_000)
	poison := bytes.ToUpper([]byte(content))
	attacks := map[string]http.HandlerFunc{
		"other content": text(string(poison)),
		"poisoned half": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "140000")
			w.Write(poison[:70_000])
		},
		"too short": text(content[:1000]),
		"nothing":   text(""),
		"wrong range": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusPartialContent)
			w.Write(poison[:10])
		},
		"not there": status(http.StatusNotFound).ServeHTTP,
		"redirect":  http.RedirectHandler("/elsewhere", http.StatusFound).ServeHTTP,
		"endless":   endless,
	}
	for name, attack := range attacks {
		w := newWorld(t)
		w.release("1.1.0", content)
		w.hosts[0].lie(instead("/targets/", w.hosts[0].honest, attack))
		c := w.client(w.config("1.0.0"))
		c.order = func(int) []int { return []int{0, 1} }
		wantStaged(t, c.Stage(t.Context(), nil), content)

		w.hosts[1].lie(instead("/targets/", w.hosts[1].honest, attack))
		alone := w.client(w.config("1.0.0"))
		if got, ok := alone.Stage(t.Context(), nil).(Refused); !ok {
			t.Errorf("%s on both hosts: %T", name, got)
		}
		if st, err := alone.store.load(); err != nil || st.Staged != nil {
			t.Errorf("%s: state %+v, %v", name, st, err)
		}
	}
}

// A host without ranges sends everything again.
func TestHostWithoutRanges(t *testing.T) {
	content := strings.Repeat("a new program ", 10_000)
	w := newWorld(t)
	w.release("1.1.0", content)
	c := w.client(w.config("1.0.0"))
	r := wantAvailable(t, c.Check(t.Context()), "1.1.0")
	w.must(os.WriteFile(filepath.Join(c.cfg.Dir, "staged", r.SHA256+".part"), []byte(content[:5000]), 0o600))
	w.lies(instead("/targets/", w.hosts[0].honest, text(content)))
	wantStaged(t, c.Stage(t.Context(), nil), content)
}

// A link planted at the name of the part file is not followed.
func TestPartFileIsNoLink(t *testing.T) {
	w := newWorld(t)
	w.release("1.1.0", "new")
	c := w.client(w.config("1.0.0"))
	r := wantAvailable(t, c.Check(t.Context()), "1.1.0")
	victim := filepath.Join(t.TempDir(), "victim")
	w.must(os.WriteFile(victim, nil, 0o600))
	link := filepath.Join(c.cfg.Dir, "staged", r.SHA256+".part")
	if err := os.Symlink(victim, link); err != nil {
		t.Skip(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode().IsRegular() {
		t.Skip("no symbolic links here")
	}
	if got, ok := c.Stage(t.Context(), nil).(Refused); !ok {
		t.Errorf("%T", got)
	}
	if data, _ := os.ReadFile(victim); len(data) > 0 {
		t.Errorf("wrote through a link: %q", data)
	}
}
