package health

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/sync/wire"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// pc is a computer of an organization, with a real server.
type pc struct {
	*Reporter
	t       *testing.T
	server  *testkit.Server
	org     id.ID
	serial  id.ID
	token   string
	version string
	name    string
	off     time.Duration // by which its clock is wrong
	asked   int
	between func(*http.Request) (*http.Response, error) // stands before the server; nil: nobody
	log     bytes.Buffer
}

func newPC(t *testing.T) *pc {
	p := &pc{t: t, server: testkit.Cloud(t), org: id.New(), version: "1.4.0", name: "PC-1"}
	p.enroll()
	p.Reporter = New(Config{
		Dir: t.TempDir(), Token: func() (string, error) { return p.token, nil }, Origin: func() string { return p.server.URL }, Transport: p,
		Describe: func() wire.ComputerReport {
			return wire.ComputerReport{Name: p.name, Version: p.version, System: "test"}
		},
		Now: func() time.Time { return p.server.Clock.Now().Add(p.off) }, Log: slog.New(slog.NewTextHandler(&p.log, nil)),
	})
	return p
}

// enroll gives the computer another token of the server.
func (p *pc) enroll() {
	p.t.Helper()
	text, row, err := p.server.Cloud.Computers.MakeToken(p.t.Context(), p.org, "example.org", "Bakery Miller", "en", 30)
	if err != nil {
		p.t.Fatal(err)
	}
	p.token, p.serial = text, row.Serial
}

func (p *pc) RoundTrip(r *http.Request) (*http.Response, error) {
	p.asked++
	if p.between != nil {
		return p.between(r)
	}
	return http.DefaultTransport.RoundTrip(r)
}

// turn takes a turn some time later, and demands its outcome and the number of requests.
func (p *pc) turn(later time.Duration, want Outcome, requests int) State {
	p.t.Helper()
	p.server.Clock.Advance(later)
	p.asked = 0
	if wait := p.Turn(p.t.Context()); wait != lookEvery && want != Unreachable {
		p.t.Errorf("looks again after %s", wait)
	}
	s, err := ReadState(p.Dir)
	if err != nil || s.Outcome != want || p.asked != requests {
		p.t.Errorf("%+v after %d requests, %v; want %q after %d", s, p.asked, err, want, requests)
	}
	return s
}

func (p *pc) listed() []cloud.Computer {
	p.t.Helper()
	all, err := p.server.Cloud.Computers.List(p.t.Context(), p.org)
	if err != nil {
		p.t.Fatal(err)
	}
	return all
}

func TestReportsOnceADayAndAfterAnUpdate(t *testing.T) {
	p := newPC(t)
	p.turn(0, Reported, 1)
	p.turn(time.Hour, Reported, 0)
	p.version = "1.5.0"
	p.turn(time.Hour, Reported, 1)
	p.turn(23*time.Hour, Reported, 0)
	p.turn(time.Hour, Reported, 1)
	if all := p.listed(); len(all) != 1 || all[0].Version != "1.5.0" || all[0].Name != "PC-1" || p.Now().UnixMilli()-all[0].LastSeen > time.Hour.Milliseconds() {
		t.Errorf("%+v", all)
	}
	// Another process goes on as the same computer.
	p.Reporter = New(p.Config)
	p.turn(24*time.Hour, Reported, 1)
	if all := p.listed(); len(all) != 1 {
		t.Errorf("%+v", all)
	}
}

// A revoked token ends the reports until there is another one.
func TestRevokedTokenStopsIt(t *testing.T) {
	p := newPC(t)
	p.turn(0, Reported, 1)
	if err := p.server.Cloud.Computers.RevokeToken(t.Context(), p.serial); err != nil {
		t.Fatal(err)
	}
	p.turn(24*time.Hour, Revoked, 1)
	for range 5 {
		p.turn(100*24*time.Hour, Revoked, 0)
	}
	p.enroll()
	p.turn(time.Hour, Reported, 1)
	if all := p.listed(); len(all) != 1 || all[0].Serial != p.serial {
		t.Errorf("%+v", all)
	}
}

func TestTokensThatDoNotEnrol(t *testing.T) {
	p := newPC(t)
	right := p.token
	for _, c := range []struct {
		token   string
		outcome Outcome
		asks    int
	}{
		{"", NoToken, 0}, {right[:100], BadToken, 0}, {"CE1.a.b", BadToken, 0},
		{newPC(t).token, Refused, 1}, // another server's
	} {
		p.token = c.token
		p.turn(48*time.Hour, c.outcome, c.asks)
		p.turn(time.Hour, c.outcome, 0)
	}
	p.turn(24*time.Hour, Refused, 1) // it may be the server's mistake
	p.token = right
	p.turn(time.Hour, Reported, 1)
	late := newPC(t)
	late.turn(40*24*time.Hour, Refused, 1) // after the last day
	p.Config.Token = func() (string, error) { return "", errors.New("no rights") }
	p.Reporter = New(p.Config)
	p.turn(time.Hour, BadToken, 0)
}

// A server that is away is asked less and less often, and no more often because it says so.
func TestBacksOff(t *testing.T) {
	p := newPC(t)
	hostile := func(status int, body string) func(*http.Request) (*http.Response, error) {
		return func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body)), Header: http.Header{"Retry-After": {"0"}, "Location": {"https://evil.example"}}, Request: r}, nil
		}
	}
	for name, between := range map[string]func(*http.Request) (*http.Response, error){
		"away":      func(*http.Request) (*http.Response, error) { return nil, errors.New("no route") },
		"a page":    hostile(200, "<html>sign in to the hotel's network</html>"),
		"elsewhere": hostile(302, ""),
		"slow down": hostile(429, `{"code":"slow_down","retry_after":-1}`),
		"endless": func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(endless{}), Request: r}, nil
		},
		"commands": hostile(200, `{"server":"https://evil.example","version":"9.9.9","run":"calc.exe"}`),
	} {
		t.Run(name, func(t *testing.T) {
			p.t = t
			os.RemoveAll(filepath.Join(p.Dir, stateFile))
			p.between = between
			var asked []time.Duration
			for day := time.Duration(0); day < 24*time.Hour; {
				p.asked = 0
				wait := p.Turn(t.Context())
				if p.asked > 0 {
					asked = append(asked, day)
				}
				p.server.Clock.Advance(wait)
				day += wait
			}
			if s, err := ReadState(p.Dir); len(asked) > 12 || len(asked) < 2 || asked[1] > 2*firstRetry || err != nil || strings.Contains(fmt.Sprint(s), "evil") {
				t.Errorf("requests after %s: %+v, %v", asked, s, err)
			}
		})
	}
	p.t, p.between = t, nil
	os.Remove(filepath.Join(p.Dir, stateFile)) // the last one had said that all is well
	p.turn(lastRetry, Reported, 1)
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// What was taken off the list, or is not on the server of a restored backup, comes back.
func TestComesBackToTheList(t *testing.T) {
	p := newPC(t)
	p.turn(0, Reported, 1)
	computer := p.listed()[0].ID
	if err := p.server.Cloud.Computers.Remove(t.Context(), computer); err != nil {
		t.Fatal(err)
	}
	p.turn(24*time.Hour, Unreachable, 1)
	p.turn(firstRetry, Reported, 1)
	if all := p.listed(); len(all) != 1 || all[0].ID != computer {
		t.Errorf("%+v", all)
	}
}

// A wrong clock costs one request more, and a clock that is set back ends no reports.
func TestWrongClock(t *testing.T) {
	p := newPC(t)
	p.off = 1000 * 24 * time.Hour
	p.turn(0, Reported, 2)
	p.off = -1000 * 24 * time.Hour
	p.turn(2*time.Minute, Reported, 2)
	p.turn(time.Hour, Reported, 0)
	p.off = 0
	p.turn(24*time.Hour, Reported, 1)
}

// A folder that keeps nothing makes no report at all, rather than one computer after the other.
func TestDiskThatKeepsNothing(t *testing.T) {
	p := newPC(t)
	p.Dir = filepath.Join(p.Dir, "missing")
	for range 5 {
		p.server.Clock.Advance(24 * time.Hour)
		p.Turn(t.Context())
	}
	if p.asked != 0 || len(p.listed()) != 0 || !strings.Contains(p.log.String(), "cannot keep") {
		t.Errorf("%d requests, %s", p.asked, &p.log)
	}
	// The key is there by now, and its state cannot be written.
	if err := os.MkdirAll(filepath.Join(p.Dir, stateFile, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		p.server.Clock.Advance(24 * time.Hour)
		p.Turn(t.Context())
	}
	if _, err := os.Stat(filepath.Join(p.Dir, keyFile)); err != nil || p.asked != 0 {
		t.Errorf("%d requests, %v", p.asked, err)
	}
}

// A copy of the disk is the same computer, and shows as two by its names; told to begin anew, it is one of its own.
func TestCopiedDisk(t *testing.T) {
	p := newPC(t)
	p.turn(0, Reported, 1)
	copied := p.Config
	copied.Dir = t.TempDir()
	for _, name := range []string{keyFile, stateFile} {
		data, err := os.ReadFile(filepath.Join(p.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(copied.Dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	second := New(copied)
	second.Describe = func() wire.ComputerReport { return wire.ComputerReport{Name: "PC-2", Version: "1.4.0", System: "test"} }
	for range 2 {
		p.server.Clock.Advance(24 * time.Hour)
		second.Turn(t.Context())
		p.turn(time.Hour, Reported, 1)
	}
	if all := p.listed(); len(all) != 1 || all[0].Doubled == 0 {
		t.Fatalf("the list does not show two under one: %+v", all)
	}
	if err := Anew(copied.Dir); err != nil {
		t.Fatal(err)
	}
	second.Turn(t.Context())
	if all := p.listed(); len(all) != 2 || all[0].Name != "PC-1" || all[1].Name != "PC-2" {
		t.Errorf("%+v", all)
	}
}

func TestDamagedFiles(t *testing.T) {
	p := newPC(t)
	p.turn(0, Reported, 1)
	for name, content := range map[string]string{
		stateFile: "{", keyFile: strings.Repeat("0", 98), stateFile + " ": "",
	} {
		if err := os.WriteFile(filepath.Join(p.Dir, strings.TrimSpace(name)), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		p.turn(24*time.Hour, Reported, 1)
	}
	if info, err := os.Stat(filepath.Join(p.Dir, keyFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key: %v, %v", info.Mode(), err)
	}
}

// Neither the state nor the log says more than how it went.
func TestKeepsAndTellsNothingElse(t *testing.T) {
	p := newPC(t)
	p.turn(0, Reported, 1)
	data, err := os.ReadFile(filepath.Join(p.Dir, stateFile))
	var known State
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err != nil || d.Decode(&known) != nil {
		t.Errorf("%s, %v", data, err)
	}
	key, err := os.ReadFile(filepath.Join(p.Dir, keyFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, place := range []string{string(data), p.log.String()} {
		for _, secret := range []string{p.token, string(key[33:97]), "127.0.0.1", "example.org"} {
			if strings.Contains(place, secret) {
				t.Errorf("%q is in %s", secret, place)
			}
		}
	}
}
