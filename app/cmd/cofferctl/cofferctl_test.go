package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/kdf"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// asProgram has the test binary be cofferctl with a key derivation that costs nothing: internal/bench measures what comes after it.
const asProgram = "COFFER_CTL_CHEAP_KEY"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		kdf.LowerCostForTests()
		main()
		return
	}
	testkit.Main(m)
}

const email = "anna@example.com"

// call runs one command on a computer with these lines as standard input.
func call(t *testing.T, pc *testpc.PC, stdin io.Reader, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	if stdin == nil {
		stdin = strings.NewReader("")
	}
	var out, errOut bytes.Buffer
	p := &program{manager: pc.Manager, paths: pc.Paths, keyring: pc.Keyring, stdin: stdin, stdout: &out, stderr: &errOut}
	code = p.run(t.Context(), args)
	return code, out.String(), errOut.String()
}

// lines is an input whose lines are asked for one by one, each when it is needed.
type lines struct {
	t    *testing.T
	next []func() string
	rest strings.Reader
}

func (l *lines) Read(b []byte) (int, error) {
	if l.rest.Len() == 0 {
		if len(l.next) == 0 {
			return 0, io.EOF
		}
		l.rest = *strings.NewReader(l.next[0]() + "\n")
		l.next = l.next[1:]
	}
	return l.rest.Read(b)
}

func says(s string) func() string { return func() string { return s } }

func TestEnrolGetAndList(t *testing.T) {
	server := testkit.Cloud(t)
	mailed := func() string { return server.LastCode(t, email) }
	pcA, pcB := testpc.New(t, "PC A", nil), testpc.New(t, "PC B", nil)

	in := &lines{t: t, next: []func() string{mailed, says(testpc.Password)}}
	code, out, errOut := call(t, pcA, in, "--json", "enrol", "create", "--server", server.URL, "--email", email)
	if code != exitOK {
		t.Fatalf("create: %d %s", code, errOut)
	}
	var created struct {
		SecretKey string `json:"secret_key"`
	}
	if err := json.Unmarshal([]byte(out), &created); err != nil {
		t.Fatal(err)
	}
	u := pcA.Unlock(t)
	testpc.Save(t, u, testpc.Login("Mail", "anna", "s3cret pass"))
	testpc.Sync(t, u)
	u.Lock()

	in = &lines{t: t, next: []func() string{says(testpc.Password), says(created.SecretKey), mailed, says("yes")}}
	if code, _, errOut = call(t, pcB, in, "enrol", "signin", "--server", server.URL, "--email", email); code != exitOK {
		t.Fatalf("sign in: %d %s", code, errOut)
	}
	code, out, errOut = call(t, pcB, strings.NewReader(testpc.Password+"\n"), "get", "Mail")
	if code != exitOK || out != "s3cret pass\n" {
		t.Fatalf("get: %d %q %s", code, out, errOut)
	}
	code, out, _ = call(t, pcB, strings.NewReader(testpc.Password), "list", "--json", "mai")
	var items []listed
	if err := json.Unmarshal([]byte(out), &items); err != nil || code != exitOK || len(items) != 1 || items[0].Username != "anna" {
		t.Fatalf("list: %d %s %v", code, out, err)
	}
	if code, out, errOut = call(t, pcB, nil, "status"); code != exitOK || !strings.Contains(out, email) {
		t.Fatalf("status: %d %s %s", code, out, errOut)
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	server := testkit.Cloud(t)
	pc := testpc.New(t, "PC A", nil)
	empty := testpc.New(t, "PC B", nil)
	u := pc.SignUp(t, server, email)
	testpc.Save(t, u, testpc.Login("Twice", "a", "b"))
	testpc.Save(t, u, testpc.Login("Twice", "c", "d"))
	u.Lock()
	passwordFile := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(passwordFile, []byte(testpc.Password+"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		pc    *testpc.PC
		stdin string
		args  []string
		code  int
		want  string
	}{
		"wrong password":     {pc, "wrong", []string{"list"}, exitFailure, "wrong master password"},
		"no account":         {empty, "", []string{"list"}, exitFailure, "no account on this PC"},
		"other account":      {pc, "", []string{"list", "--account", "eve@example.com"}, exitFailure, "no account eve@example.com"},
		"unknown command":    {pc, "", []string{"steal"}, exitUsage, "no command"},
		"help":               {pc, "", []string{"help"}, exitOK, ""},
		"help of a command":  {pc, "", []string{"doctor", "--help"}, exitOK, ""},
		"a word too many":    {pc, "", []string{"doctor", "here"}, exitUsage, "nothing is done with"},
		"unknown flag":       {pc, "", []string{"list", "--all"}, exitUsage, "usage"},
		"no item":            {pc, testpc.Password, []string{"get", "Nothing"}, exitFailure, "no item is called"},
		"two items":          {pc, testpc.Password, []string{"get", "Twice"}, exitFailure, "2 items are called"},
		"password from file": {pc, "", []string{"get", "--password-file", passwordFile, "Nothing"}, exitFailure, "no item is called"},
		"no password at all": {pc, "", []string{"list"}, exitFailure, "read Master password"},
		"http to a stranger": {empty, "", []string{"enrol", "create", "--server", "http://example.com", "--email", email}, exitFailure, "https"},
		"no server":          {empty, "", []string{"enrol", "create", "--server", "http://127.0.0.1:1", "--email", email}, exitFailure, "not reachable"},
		"typed key needed":   {pc, testpc.Password + "\nC1-AAAAA\n", []string{"list", "--secret-key"}, exitFailure, "no Secret Key"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errOut := call(t, c.pc, strings.NewReader(c.stdin), c.args...)
			if code != c.code || !strings.Contains(errOut, c.want) {
				t.Errorf("%d %q %q, want %d and %q", code, out, errOut, c.code, c.want)
			}
			if strings.Contains(out+errOut, testpc.Password) {
				t.Error("the password was printed")
			}
		})
	}
}

func TestDoctorNamesTheTrouble(t *testing.T) {
	server := testkit.Cloud(t)
	pc := testpc.New(t, "PC A", nil)
	pc.SignUp(t, server, email).Lock()
	server.Stop()
	t.Setenv("DISPLAY", "")
	code, out, _ := call(t, pc, nil, "doctor", "--json")
	var report struct {
		OK       bool      `json:"ok"`
		Findings []finding `json:"findings"`
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatal(err)
	}
	if code != exitNetwork || report.OK {
		t.Fatalf("a stopped server is no trouble: %d %s", code, out)
	}
	for _, f := range report.Findings {
		if strings.HasPrefix(f.Check, "host ") && (f.OK || !strings.Contains(f.Detail, "not reachable")) {
			t.Errorf("host: %+v", f)
		}
		if strings.HasPrefix(f.Check, "vault file") && !f.OK {
			t.Errorf("file: %+v", f)
		}
	}
}

func TestDoctorReadsTheUpdaterState(t *testing.T) {
	pc := testpc.New(t, "PC A", nil)
	p := &program{paths: pc.Paths}
	folder := filepath.Join(pc.Paths.Cache, "updates")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		state string
		ok    bool
		says  string
	}{
		{"", true, "no check on record"},
		{`{"failed":["1.2.3"]}`, true, "no check on record"},
		{fmt.Sprintf(`{"verified":%q}`, time.Now().Add(-time.Hour).Format(time.RFC3339)), true, "last check 1h0m0s ago"},
		{fmt.Sprintf(`{"verified":%q}`, time.Now().Add(-192*time.Hour).Format(time.RFC3339)), false, "last check 192h"},
		{refusedAt(time.Now(), time.Now()), true, "no update for 0s: the hosts are silent"},
		{refusedAt(time.Now().Add(-192*time.Hour), time.Now()), false, "last check 192h"},
		{refusedAt(time.Time{}, time.Now().Add(-time.Hour)), true, "no update for 1h0m0s: the hosts are silent"},
		{refusedAt(time.Time{}, time.Now().Add(-192*time.Hour)), false, "no update for 192h0m0s: the hosts are silent"},
		{refusedAt(time.Time{}, time.Now().Add(74*365*24*time.Hour)), true, "no update for 0s"}, // the clock was wrong; doctor looks at it by itself
		{"{", false, "read update state"},
	} {
		if c.state != "" {
			if err := os.WriteFile(filepath.Join(folder, "state.json"), []byte(c.state), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if f := p.checkUpdates(); f.OK != c.ok || !strings.Contains(f.Detail, c.says) {
			t.Errorf("%s: %+v", c.state, f)
		}
	}
}
