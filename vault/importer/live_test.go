//go:build system && linux

package importer_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/browsertest"
	"github.com/coffer-vault/coffer/internal/testbus"
	"github.com/coffer-vault/coffer/vault/importer"
	"github.com/coffer-vault/coffer/vault/importer/chromium"
	"github.com/coffer-vault/coffer/vault/importer/firefox"
	"github.com/coffer-vault/coffer/vault/importer/format"
	"github.com/coffer-vault/coffer/vault/importer/keystore"
)

// These tests have the real browsers write the profiles, read them while the browser runs and after it ended, and compare with the
// browser's own export. A browser that is not installed fails them.

var logins = []browsertest.Login{
	{URL: "https://example.com/login", Username: "alice@example.com", Password: "S3cret!pässwörd-✓", Note: "first\nsecond"},
	{URL: "https://shop.example.org:8443/", Username: "bob", Password: `p,"quoted" x`},
	{URL: "http://router.local/", Username: "admin", Password: "16bytes-exactly!", Realm: `Admin "Area"`},
	{URL: "https://xn--mnchen-3ya.example/", Username: "jörg", Password: " leading and trailing "},
	{URL: "https://nouser.example/", Username: "", Password: "onlypassword"},
}

// liveContext ends the browsers of a test that hangs.
func liveContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func environment(t *testing.T, home string) importer.Environment {
	t.Helper()
	env, err := importer.NewEnvironment(keystore.New())
	if err != nil {
		t.Fatal(err)
	}
	env.Home, env.Getenv = home, func(string) string { return "" }
	return env
}

func readOne(t *testing.T, sources []importer.Source, password string) importer.Readout {
	t.Helper()
	if len(sources) != 1 {
		t.Fatalf("%d profiles found, want 1", len(sources))
	}
	readout := importer.Read(t.Context(), sources[0], secret.FromString(password))
	if readout.Err != nil {
		t.Fatal(readout.Err)
	}
	if readout.Info.Count != len(readout.Rows) {
		t.Errorf("counted %d, read %d", readout.Info.Count, len(readout.Rows))
	}
	return readout
}

func lines(t *testing.T, readout importer.Readout) (lines []string) {
	t.Helper()
	for _, row := range readout.Rows {
		r := row.Record
		if r == nil {
			t.Fatalf("row %s: %s", row.ID, row.Reason)
		}
		lines = append(lines, fmt.Sprintf("%s|%s|%s|%s|%s", r.URLs[0], r.Username, r.Password.Reveal(), r.Realm, r.Notes))
	}
	slices.Sort(lines)
	return lines
}

func compareLines(t *testing.T, when string, got, want []string) {
	t.Helper()
	if len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", when, got, want)
	}
}

// portal plays the desktop's file dialog: it answers at once that the file is to be saved as file.
type portal struct {
	conn *dbus.Conn
	file string
}

func (p portal) SaveFile(sender dbus.Sender, _, _ string, options map[string]dbus.Variant) (dbus.ObjectPath, *dbus.Error) {
	token, _ := options["handle_token"].Value().(string)
	name := strings.ReplaceAll(strings.TrimPrefix(string(sender), ":"), ".", "_")
	handle := dbus.ObjectPath("/org/freedesktop/portal/desktop/request/" + name + "/" + token)
	results := map[string]dbus.Variant{"uris": dbus.MakeVariant([]string{(&url.URL{Scheme: "file", Path: p.file}).String()})}
	p.conn.Emit(handle, "org.freedesktop.portal.Request.Response", uint32(0), results)
	return handle, nil
}

// Get is of org.freedesktop.DBus.Properties: the only property asked for is the version.
func (p portal) Get(_, _ string) (dbus.Variant, *dbus.Error) { return dbus.MakeVariant(uint32(4)), nil }

func startPortal(t *testing.T, session *testbus.Session, file string) {
	t.Helper()
	p := portal{conn: session.Connect(t), file: file}
	const path = "/org/freedesktop/portal/desktop"
	for _, name := range []string{"org.freedesktop.portal.FileChooser", "org.freedesktop.DBus.Properties"} {
		if err := p.conn.Export(p, path, name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.conn.RequestName("org.freedesktop.portal.Desktop", dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
}

func TestLiveChromium(t *testing.T) {
	for _, store := range []string{"basic", "gnome-libsecret"} {
		t.Run(store, func(t *testing.T) {
			ctx, home := liveContext(t), t.TempDir()
			session := testbus.Start(t, home)
			t.Setenv("DBUS_SESSION_BUS_ADDRESS", session.Address)
			export := filepath.Join(home, "export.csv")
			startPortal(t, session, export)
			browser, err := browsertest.StartChromium(ctx, browsertest.ChromiumOptions{
				Home: home, Env: session.Env(), PasswordStore: store, Display: testbus.StartDisplay(t),
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := browser.Add(ctx, logins); err != nil {
				t.Fatal(err)
			}
			env := environment(t, home)
			running := readOne(t, chromium.Discover(ctx, env), "")
			if err := browser.Export(ctx); err != nil {
				t.Fatal(err)
			}
			want := exportedLines(t, ctx, export)
			compareLines(t, "while Chromium runs", lines(t, running), want)
			if err := browser.Close(ctx); err != nil {
				t.Fatal(err)
			}
			compareLines(t, "afterwards", lines(t, readOne(t, chromium.Discover(ctx, env), "")), want)
		})
	}
}

// exportedLines waits until the browser's export has all logins, and reads it.
func exportedLines(t *testing.T, ctx context.Context, file string) []string {
	t.Helper()
	for ctx.Err() == nil {
		if data, err := os.ReadFile(file); err == nil {
			source, err := format.Open(data)
			if err == nil && source.Info().Count == len(logins) {
				return lines(t, importer.Read(t.Context(), source, secret.Bytes{}))
			}
		}
		time.Sleep(20 * time.Millisecond) // the browsers have no event for it
	}
	t.Fatal("the browser exported nothing")
	return nil
}

func TestLiveFirefox(t *testing.T) {
	for _, password := range []string{"", "correct horse"} {
		t.Run("password "+password, func(t *testing.T) {
			ctx, home := liveContext(t), t.TempDir()
			browser, err := browsertest.StartFirefox(ctx, browsertest.FirefoxOptions{Home: home})
			if err != nil {
				t.Fatal(err)
			}
			if password != "" {
				if err := browser.SetPrimaryPassword(password); err != nil {
					t.Fatal(err)
				}
			}
			if err := browser.Add(ctx, logins); err != nil {
				t.Fatal(err)
			}
			env := environment(t, home)
			running := readOne(t, firefox.Discover(ctx, env), password)
			export := filepath.Join(home, "export.csv")
			if err := browser.Export(export); err != nil {
				t.Fatal(err)
			}
			want := exportedLines(t, ctx, export)
			compareLines(t, "while Firefox runs", lines(t, running), want)
			if err := browser.Close(ctx); err != nil {
				t.Fatal(err)
			}
			compareLines(t, "afterwards", lines(t, readOne(t, firefox.Discover(ctx, env), password)), want)
		})
	}
}

// TestLiveTwoBrowsers imports one person's Chromium and Firefox: what both have becomes one item.
func TestLiveTwoBrowsers(t *testing.T) {
	ctx, home := liveContext(t), t.TempDir()
	if err := browsertest.WriteChromiumProfile(ctx, home, logins[:3]); err != nil {
		t.Fatal(err)
	}
	if err := browsertest.WriteFirefoxProfile(ctx, home, logins[1:]); err != nil {
		t.Fatal(err)
	}
	env := environment(t, home)
	readouts := []importer.Readout{readOne(t, chromium.Discover(ctx, env), ""), readOne(t, firefox.Discover(ctx, env), "")}
	records := append(readouts[0].Records(), readouts[1].Records()...)
	plan := importer.NewPlan("batch", records, nil, importer.NewDigester())
	report := plan.Report(readouts)
	if len(records) != 7 || len(plan.Creations) != 5 || report.Count(importer.Imported) != 5 || report.Count(importer.KeptBoth) != 0 {
		t.Errorf("%d records, %d items, %d imported, %d kept beside another", len(records), len(plan.Creations),
			report.Count(importer.Imported), report.Count(importer.KeptBoth))
	}
}
