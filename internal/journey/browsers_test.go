//go:build journey

package journey

import (
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"testing"

	"github.com/coffer-vault/coffer/internal/browsertest"
)

// live tells whether the real browsers write the profiles, and whether what takes a minute is waited for: make test-system sets it.
func live() bool { return os.Getenv("COFFER_JOURNEY") == "live" }

// browsers gives both computers profiles of Chromium and Firefox and returns user name and password of every row on A.
func (j *journey) browsers() [][2]string {
	j.golden(j.b)
	if live() {
		return j.written(j.a)
	}
	j.golden(j.a)
	return goldenLogins(j.t)
}

// golden puts profiles there that were written by the browsers once and are kept with the importers.
func (j *journey) golden(p *pc) {
	copyTree(j.t, "../../vault/importer/chromium/testdata/basic", filepath.Join(p.home, ".config", "chromium"))
	copyTree(j.t, "../../vault/importer/firefox/testdata/plain", filepath.Join(p.home, ".mozilla", "firefox", "abc.default"))
	profiles := "[Profile0]\nName=default\nIsRelative=1\nPath=abc.default\nDefault=1\n\n[General]\nStartWithLastProfile=1\nVersion=2\n"
	if err := os.WriteFile(filepath.Join(p.home, ".mozilla", "firefox", "profiles.ini"), []byte(profiles), 0o600); err != nil {
		j.t.Fatal(err)
	}
}

func copyTree(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// written has the browsers of the machine save logins. Chromium keeps its key in the computer's own keyring, as on a desktop.
func (j *journey) written(p *pc) (logins [][2]string) {
	chromium := []browsertest.Login{
		{URL: "https://bank.example/login", Username: "anna", Password: "c-one «ünï» 1", Note: "a note"},
		{URL: "https://mail.example/", Username: "anna.keller@example.com", Password: "c-two, with \"quotes\" 2"},
	}
	firefox := []browsertest.Login{
		{URL: "https://forum.example/", Username: "otter", Password: "f-one 日本 1"},
		{URL: "https://printer.example/", Username: "admin", Password: "f-two 2", Realm: "Printer"},
	}
	j.together(func() { j.save(p, chromium, startChromium) }, func() { j.save(p, firefox, startFirefox) })
	for _, l := range append(chromium, firefox...) {
		logins = append(logins, [2]string{l.Username, l.Password})
	}
	return logins
}

// browser is a browser that saves logins.
type browser interface {
	Add(context.Context, []browsertest.Login) error
	Close(context.Context) error
}

func startChromium(ctx context.Context, p *pc) (browser, error) {
	return browsertest.StartChromium(ctx, browsertest.ChromiumOptions{Home: p.home, Env: p.env, PasswordStore: "gnome-libsecret"})
}

func startFirefox(ctx context.Context, p *pc) (browser, error) {
	return browsertest.StartFirefox(ctx, browsertest.FirefoxOptions{Home: p.home, Env: p.env})
}

func (j *journey) save(p *pc, logins []browsertest.Login, start func(context.Context, *pc) (browser, error)) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	b, err := start(ctx, p)
	if err == nil {
		err = b.Add(ctx, logins)
	}
	if err == nil {
		err = b.Close(ctx)
	}
	if err != nil {
		j.t.Fatalf("browser: %v", err)
	}
}

// goldenLogins are the rows by the browsers' own exports.
func goldenLogins(t *testing.T) (logins [][2]string) {
	t.Helper()
	for file, columns := range map[string][2]int{
		"../../vault/importer/chromium/testdata/basic/chromium.csv": {2, 3},
		"../../vault/importer/firefox/testdata/plain/firefox.csv":   {1, 2},
	} {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(f).ReadAll()
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows[1:] {
			logins = append(logins, [2]string{row[columns[0]], row[columns[1]]})
		}
	}
	return logins
}
