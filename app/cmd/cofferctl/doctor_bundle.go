package main

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/logging"
)

// maxLog is how much of a log a bundle takes, its end: a log is turned over when it is larger.
const maxLog = 2 << 20

// writeBundle writes what support needs into a new file, for this user alone: the findings, the system, the logs. Logs hold no secret in
// the first place; the names of people and what looks like a key are blanked all the same.
func (p *program) writeBundle(path string, findings []finding, accounts []session.Account) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("support bundle: %w", err)
	}
	defer func() {
		if err = errors.Join(err, file.Close()); err != nil {
			os.Remove(path)
		}
	}()
	r := newRedactor(p.paths, accounts)
	archive := zip.NewWriter(file)
	report := map[string]any{"system": runtime.GOOS + "/" + runtime.GOARCH, "accounts": len(accounts), "findings": findings}
	text, err := json.MarshalIndent(report, "", "  ")
	if err == nil {
		err = r.add(archive, "doctor.json", string(text))
	}
	for _, log := range []string{p.paths.Log(), p.paths.Log() + ".old"} {
		if err == nil {
			err = r.addLog(archive, log)
		}
	}
	if err == nil {
		err = archive.Close()
	}
	if err != nil {
		return fmt.Errorf("support bundle: %w", err)
	}
	fmt.Fprintf(p.stderr, "%s is for support: findings and logs, without names of people and without secrets. Look through it before you send it.\n", path)
	return nil
}

// redactor blanks what says who somebody is, or opens something.
type redactor struct{ names *strings.Replacer }

// keyLike are Secret Keys and recovery codes, with their groups of five, in whole or in part.
var keyLike = regexp.MustCompile(`(?i)\b[CR]1-[0-9A-Z-]{3,}|\b[0-9A-Z]{5}(?:-[0-9A-Z]{5}){2,}\b`)

func newRedactor(paths platform.Paths, accounts []session.Account) *redactor {
	var pairs []string
	blank := func(name, as string) {
		if len(name) > 2 { // two letters are in every other word
			pairs = append(pairs, name, as)
		}
	}
	for i, a := range accounts {
		blank(a.Email, fmt.Sprintf("[account %d]", i+1))
	}
	if home, err := os.UserHomeDir(); err == nil {
		blank(home, "[home]")
		blank(strings.ReplaceAll(home, `\`, `\\`), "[home]") // as JSON and logs quote it
	}
	blank(paths.Home, "[profile]")
	if u, err := user.Current(); err == nil && u.Uid != "0" { // root is nobody's name
		blank(u.Username, "[user]")
		blank(u.Name, "[user]")
	}
	blank(platform.DeviceName(), "[device]")
	return &redactor{strings.NewReplacer(pairs...)}
}

// redact also takes out addresses, as the log does when it is written.
func (r *redactor) redact(line string) string {
	line = keyLike.ReplaceAllString(r.names.Replace(line), "[key]")
	return logging.Redact(nil, slog.String("line", line)).Value.String()
}

func (r *redactor) add(archive *zip.Writer, name, text string) error {
	w, err := archive.Create(name)
	if err != nil {
		return err
	}
	for line := range strings.Lines(text) {
		if _, err := io.WriteString(w, r.redact(line)); err != nil {
			return err
		}
	}
	return nil
}

// addLog takes the end of a log, from the first whole line on. One that is not there is nothing to tell.
func (r *redactor) addLog(archive *zip.Writer, path string) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	if size, err := file.Seek(0, io.SeekEnd); err != nil {
		return err
	} else if _, err := file.Seek(max(size-maxLog, 0), io.SeekStart); err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(file, maxLog))
	if err != nil {
		return err
	}
	if _, whole, cut := strings.Cut(string(text), "\n"); cut && len(text) == maxLog {
		return r.add(archive, filepath.Base(path), whole)
	}
	return r.add(archive, filepath.Base(path), string(text))
}
