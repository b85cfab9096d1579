package api

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// The trace of a proxy is in the log; what is malformed is not, nor what a client says without a proxy.
func TestTrace(t *testing.T) {
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	for header, want := range map[string]string{
		"00-" + id + "-00f067aa0ba902b7-01":                      id,
		"cc-" + id + "-00f067aa0ba902b7-01-later":                id,
		"00-" + id + "-00f067aa0ba902b7-01-later":                "",
		"ff-" + id + "-00f067aa0ba902b7-01":                      "",
		"00-" + strings.Repeat("0", 32) + "-00f067aa0ba902b7-01": "",
		"00-" + strings.ToUpper(id) + "-00f067aa0ba902b7-01":     "",
		"00-" + id + "-0000000000000000-01":                      "", "ada@example.org": "", "": "",
	} {
		r := httptest.NewRequest("GET", "/v1/me", nil)
		r.Header.Set("Traceparent", header)
		if got := (&Server{behindProxy: true}).trace(r); got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
		for _, proxy := range []bool{true, false} {
			var log bytes.Buffer
			s := &Server{behindProxy: proxy, log: slog.New(slog.NewTextHandler(&log, nil))}
			s.finish(&recorder{ResponseWriter: httptest.NewRecorder()}, r, time.Now())
			if told := strings.Contains(log.String(), " trace="+id); told != (proxy && want != "") || strings.Contains(log.String(), "ada@") {
				t.Errorf("%q, behind a proxy: %v: %s", header, proxy, &log)
			}
		}
	}
}
