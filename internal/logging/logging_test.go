package logging

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRedaction(t *testing.T) {
	const canary = "hunter2"
	attrs := []slog.Attr{
		slog.String("masterPassword", canary), slog.String("passphrase", canary), slog.String("secret_key", canary),
		slog.String("accessToken", canary), slog.String("Authorization", canary), slog.String("title", canary),
		slog.String("url", canary), slog.String("E-mail", canary+"@example.org"),
		slog.Any("err", fmt.Errorf("get: %w", errors.New(`Get "https://example.org/`+canary+`": refused`))),
		slog.String("msg", "see https://user:"+canary+"@example.org/x for more"),
		slog.Group("inner", slog.String("token", canary)),
		slog.Any("list", []string{"a", "https://example.org/" + canary}),
		slog.Any("request", &url.URL{Scheme: "https", Host: "example.org", Path: canary}),
		slog.Any("entry", struct{ Who string }{canary + "@example.org"}),
		slog.Any("bytes", []byte("mailto:"+canary+"@example.org")),
	}
	for _, a := range attrs {
		text := logged(t, a)
		if strings.Contains(text, canary) {
			t.Errorf("%s leaked: %s", a.Key, text)
		}
		if !strings.Contains(text, redacted) {
			t.Errorf("%s: nothing redacted in %s", a.Key, text)
		}
	}
}

// An error that is nil is logged by mistake now and then; it must not take the program down.
func TestOddValuesDoNotPanic(t *testing.T) {
	var noError *os.PathError
	var noURL *url.URL
	for _, a := range []slog.Attr{slog.Any("err", nil), slog.Any("err", error(noError)), slog.Any("where", noURL)} {
		if text := logged(t, a); !strings.Contains(text, a.Key+"=") {
			t.Errorf("%s: %s", a.Key, text)
		}
	}
}

func TestIdsAndCountsStay(t *testing.T) {
	text := logged(t, slog.String("vault", "3f2a"), slog.Int("items", 42), slog.Any("err", errors.New("disk full")))
	for _, want := range []string{"vault=3f2a", "items=42", `err="disk full"`, "msg=test"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in %s", want, text)
		}
	}
}

func TestRotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs", "coffer.log")
	log, closer, err := New(Options{File: path, MaxSize: 300})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		log.Info("event", "n", i)
	}
	if err := closer.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + ".old"} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(data) == 0 || len(data) > 300 || data[len(data)-1] != '\n' || !strings.HasPrefix(string(data), "time=") {
			t.Errorf("%s: %d bytes, or a split record", filepath.Base(name), len(data))
		}
	}
	if data, _ := os.ReadFile(path); !strings.Contains(string(data), "n=49") {
		t.Error("the newest record is not in the newest file")
	}
}

func TestReopenAppends(t *testing.T) {
	path := filepath.Join(t.TempDir(), "coffer.log")
	for _, msg := range []string{"first", "second"} {
		log, closer, err := New(Options{File: path})
		if err != nil {
			t.Fatal(err)
		}
		log.Info(msg)
		closer.Close()
	}
	data, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(data), "first") || !strings.Contains(string(data), "second") {
		t.Errorf("%s, %v", data, err)
	}
}

// logged returns what a file logger writes for one record.
func logged(t *testing.T, attrs ...slog.Attr) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log")
	log, closer, err := New(Options{File: path})
	if err != nil {
		t.Fatal(err)
	}
	log.LogAttrs(t.Context(), slog.LevelInfo, "test", attrs...)
	closer.Close()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
