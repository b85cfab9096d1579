package updatehost

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	hash   = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	binary = "targets/stable/linux-amd64/" + hash + ".coffer"
)

// newFolder makes a public folder with one file of each kind and some that must stay private.
func newFolder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "public")
	for name, content := range map[string]string{
		"metadata/timestamp.json":            `{"t":1}`,
		"metadata/1.root.json":               `{"r":1}`,
		"metadata/3.stable-linux-amd64.json": `{"s":3}`,
		"metadata/.hidden.json":              "private",
		"metadata/root.json":                 "private",
		"draft/targets.json":                 "private",
		"targets/notes.txt":                  "private",
		binary:                               "0123456789",
		"../outside":                         "private",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../../outside", filepath.Join(dir, "metadata", "2.root.json")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "metadata", "9.snapshot.json"), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func get(t *testing.T, method, target string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	handler, err := New(newFolder(t))
	if err != nil {
		t.Fatal(err)
	}
	defer handler.Close()
	r := httptest.NewRequest(method, "/", nil)
	r.URL.Path = target
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

func TestServesRepository(t *testing.T) {
	for name, want := range map[string]struct{ body, cache, contentType string }{
		"/metadata/timestamp.json":            {`{"t":1}`, "no-cache", "application/json"},
		"/metadata/1.root.json":               {`{"r":1}`, "public, max-age=31536000, immutable", "application/json"},
		"/metadata/3.stable-linux-amd64.json": {`{"s":3}`, "public, max-age=31536000, immutable", "application/json"},
		"/" + binary:                          {"0123456789", "public, max-age=31536000, immutable", "application/octet-stream"},
	} {
		w := get(t, "GET", name)
		if w.Code != http.StatusOK || w.Body.String() != want.body {
			t.Errorf("%s: %d %q", name, w.Code, w.Body)
		}
		h := w.Header()
		if h.Get("Cache-Control") != want.cache || h.Get("Content-Type") != want.contentType || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", name, h)
		}
		if h.Get("Set-Cookie") != "" {
			t.Errorf("%s: sets a cookie", name)
		}
	}
}

func TestNothingElseExists(t *testing.T) {
	for _, name := range []string{"", "/", "/metadata", "/metadata/", "/targets/", "/metadata/root.json", "/metadata/.hidden.json",
		"/metadata/2.root.json", "/metadata/9.snapshot.json", "/metadata/7.root.json", "/metadata/01.root.json", "/metadata/1.root.json/",
		"/draft/targets.json", "/targets/notes.txt", "/../outside", "/metadata/../draft/targets.json", "/metadata/..%2f1.root.json",
		"//metadata/1.root.json", "/metadata\\1.root.json", "metadata/1.root.json", "/targets/stable/linux-amd64/coffer", "/metadata/1.root.json\x00"} {
		w := get(t, "GET", name)
		if w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), "private") || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%q: %d %q %v", name, w.Code, w.Body, w.Header())
		}
	}
}

func TestOnlyReading(t *testing.T) {
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"} {
		if w := get(t, method, "/metadata/1.root.json"); w.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
	if w := get(t, "HEAD", "/"+binary); w.Code != http.StatusOK || w.Body.Len() != 0 || w.Header().Get("Content-Length") != "10" {
		t.Errorf("HEAD: %d %q %v", w.Code, w.Body, w.Header())
	}
}

func TestRangesAndTags(t *testing.T) {
	if w := get(t, "GET", "/"+binary, "Range", "bytes=4-"); w.Code != http.StatusPartialContent || w.Body.String() != "456789" ||
		w.Header().Get("Content-Range") != "bytes 4-9/10" {
		t.Errorf("range: %d %q %v", w.Code, w.Body, w.Header())
	}
	if w := get(t, "GET", "/"+binary, "Range", "bytes=10-"); w.Code != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("range past the end: %d", w.Code)
	}
	if tag := get(t, "GET", "/"+binary).Header().Get("ETag"); tag != `"`+hash+`"` {
		t.Errorf("ETag %s, want the hash in the name", tag)
	}
	tag := get(t, "GET", "/metadata/timestamp.json").Header().Get("ETag")
	if w := get(t, "GET", "/metadata/timestamp.json", "If-None-Match", tag); w.Code != http.StatusNotModified || w.Body.Len() != 0 {
		t.Errorf("same tag: %d %q", w.Code, w.Body)
	}
}

func TestMissingFolder(t *testing.T) {
	if _, err := New(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a missing folder is served")
	}
}
