package sites

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func get(h http.Handler, method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

func TestPages(t *testing.T) {
	for name, h := range map[string]http.Handler{"portal": Portal(), "app": App()} {
		w := get(h, "GET", "/")
		body := w.Body.String()
		if w.Code != http.StatusOK || !strings.Contains(body, "does not exist yet") {
			t.Errorf("%s: %d %s", name, w.Code, body)
		}
		// Nothing can be typed, sent, loaded or run: a page that asked for a master password would teach people to give it to pages.
		for _, element := range []string{"<form", "<input", "<script", "<img", "<link", "<iframe", "http:", "https:"} {
			if strings.Contains(body, element) {
				t.Errorf("%s has %s", name, element)
			}
		}
		_, text, _ := strings.Cut(body, "<style>")
		text, _, _ = strings.Cut(text, "</style>")
		hash := sha256.Sum256([]byte(text))
		policy := w.Header().Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'") || !strings.Contains(policy, base64.StdEncoding.EncodeToString(hash[:])) {
			t.Errorf("%s: the policy does not let its own style in: %s", name, policy)
		}
	}
}

func TestNothingElse(t *testing.T) {
	for _, c := range []struct {
		method, path string
		status       int
	}{{"HEAD", "/", 200}, {"POST", "/", 405}, {"GET", "/login", 404}, {"GET", "/..%2f", 404}, {"DELETE", "/x", 405}} {
		if w := get(Portal(), c.method, c.path); w.Code != c.status || w.Header().Get("Content-Security-Policy") == "" {
			t.Errorf("%s %s: %d", c.method, c.path, w.Code)
		}
	}
}
