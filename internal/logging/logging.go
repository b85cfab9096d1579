// Package logging sets up log/slog for every program of Coffer. Logs hold ids and counts; what slips in by mistake (a secret under
// a telling name, an address inside an error) is removed before it is written, because support asks people to send their logs.
package logging

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Options say where a log goes.
type Options struct {
	File    string     // path; empty for standard error
	Level   slog.Level // least level that is written
	MaxSize int64      // bytes after which File is renamed to File.old; 0 means 1 MiB
}

// New returns a logger and what closes its file.
func New(o Options) (*slog.Logger, io.Closer, error) {
	handler := &slog.HandlerOptions{Level: o.Level, ReplaceAttr: Redact}
	if o.File == "" {
		return slog.New(slog.NewTextHandler(os.Stderr, handler)), io.NopCloser(nil), nil
	}
	if o.MaxSize == 0 {
		o.MaxSize = 1 << 20
	}
	if err := os.MkdirAll(filepath.Dir(o.File), 0o700); err != nil {
		return nil, nil, fmt.Errorf("open log: %w", err)
	}
	file, err := openRotating(o.File, o.MaxSize)
	if err != nil {
		return nil, nil, err
	}
	return slog.New(slog.NewTextHandler(file, handler)), file, nil
}

const redacted = "[redacted]"

// secretNames are parts of attribute names whose values never belong in a log.
var secretNames = []string{"password", "passphrase", "secret", "token", "authorization", "cookie", "private", "title", "url", "email", "address"}

// addresses are web addresses, and anything with an @ in the middle; errors of net/http and SMTP carry them.
var addresses = regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://[^\s"]+|[^\s"<>@]+@[^\s"<>@]+`)

// Redact is a slog.HandlerOptions.ReplaceAttr: it blanks attributes named like a secret, and addresses inside any text, error or other value.
func Redact(_ []string, a slog.Attr) slog.Attr {
	name := strings.ToLower(a.Key)
	for _, secret := range secretNames {
		if strings.Contains(name, secret) {
			return slog.String(a.Key, redacted)
		}
	}
	switch v := a.Value.Any().(type) {
	case string:
		return slog.String(a.Key, addresses.ReplaceAllString(v, redacted))
	case []byte:
		return slog.String(a.Key, addresses.ReplaceAllString(string(v), redacted))
	}
	if a.Value.Kind() != slog.KindAny {
		return a
	}
	// Whatever it is, an error or a list, counts as what it prints. Printing survives a nil inside.
	return slog.String(a.Key, addresses.ReplaceAllString(fmt.Sprintf("%+v", a.Value.Any()), redacted))
}
