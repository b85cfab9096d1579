package session_test

import (
	"bytes"
	"crypto/sha1"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

const breachedPassword, soundPassword = "mGx7!qL2#vRt9zW", "Zr4$kkPw0-YbTq8"

// breaches is a breach server that knows breachedPassword.
type breaches struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string
	fail  func(http.ResponseWriter) bool // instead of an answer
}

func newBreaches(t *testing.T) *breaches {
	b := &breaches{}
	b.Server = httptest.NewServer(http.HandlerFunc(b.serve))
	t.Cleanup(b.Close)
	return b
}

func (b *breaches) serve(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked = append(b.asked, strings.TrimPrefix(r.URL.Path, "/range/"))
	if b.fail != nil && b.fail(w) {
		return
	}
	digits := fmt.Sprintf("%X", sha1.Sum([]byte(breachedPassword)))
	fmt.Fprintf(w, "%s:9\r\n%s:0\r\n", digits[5:], strings.Repeat("0", 35))
}

// questions are the prefixes that were asked for since the last call.
func (b *breaches) questions() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	asked := b.asked
	b.asked = nil
	slices.Sort(asked)
	return asked
}

func (b *breaches) answer(f func(http.ResponseWriter) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail = f
}

func (b *breaches) on() session.Settings {
	s := session.DefaultSettings()
	s.CheckBreaches, s.BreachServer = true, b.URL
	return s
}

func prefix(password string) string { return fmt.Sprintf("%X", sha1.Sum([]byte(password)))[:5] }

// checkupPC is a computer whose waits end when the test says so, and whose clock it moves.
type checkupPC struct {
	*testpc.PC
	mu    sync.Mutex
	now   time.Time
	waits []time.Duration
	go_   chan time.Time
}

func newCheckupPC(t *testing.T) *checkupPC {
	pc := &checkupPC{now: time.Now(), go_: make(chan time.Time)}
	pc.PC = testpc.New(t, "PC", func(c *session.Config) {
		c.Driven = true
		c.Now = func() time.Time { pc.mu.Lock(); defer pc.mu.Unlock(); return pc.now }
		c.After = func(d time.Duration) <-chan time.Time {
			pc.mu.Lock()
			defer pc.mu.Unlock()
			pc.waits = append(pc.waits, d)
			return pc.go_
		}
	})
	return pc
}

func (pc *checkupPC) later(d time.Duration) {
	pc.mu.Lock()
	defer pc.mu.Unlock()
	pc.now = pc.now.Add(d)
}

func (pc *checkupPC) waited() []time.Duration {
	pc.mu.Lock()
	defer pc.mu.Unlock()
	waits := pc.waits
	pc.waits = nil
	return waits
}

func save(t *testing.T, m *testpc.PC, s session.Settings) {
	t.Helper()
	if err := m.SaveSettings(s); err != nil {
		t.Fatal(err)
	}
}

func checkup(t *testing.T, u *session.Unlocked) *session.Checkup {
	t.Helper()
	c, err := u.Checkup()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// untilChecked waits until the check has come so far.
func untilChecked(t *testing.T, c *session.Checkup, what string, so func() bool) {
	t.Helper()
	changed := make(chan struct{}, 1)
	defer c.OnChange(func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	})()
	for deadline := time.After(3 * time.Minute); !so(); {
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("waited in vain for: %s; there is %+v, %+v, %v", what, c.Result(), c.Breaches(), c.Err())
		}
	}
}

// lookedUp waits until everything is examined and looked up.
func lookedUp(t *testing.T, c *session.Checkup) {
	t.Helper()
	untilChecked(t, c, "look-up", func() bool { return session.Settled(c) })
}

func breachedItems(c *session.Checkup) int { return c.Result().Counts[vault.FindingBreached] }

func TestCheckFollowsTheVault(t *testing.T) {
	u := newCheckupPC(t).SignUp(t, testkit.Cloud(t), email)
	it := testpc.Save(t, u, testpc.Login("Mail", "anna", "summer"))
	c := checkup(t, u)
	if again := checkup(t, u); again != c {
		t.Error("two checks of one vault")
	}
	untilChecked(t, c, "weak", func() bool { return c.Result().Counts[vault.FindingWeak] == 1 })
	it.Set(vault.Password, testpc.Typed(soundPassword))
	testpc.Save(t, u, it)
	untilChecked(t, c, "mended", func() bool { return c.Result().Problems == 0 && c.Result().Good == 1 })
	testpc.Save(t, u, testpc.Login("Bank", "anna", soundPassword))
	untilChecked(t, c, "reused", func() bool { return c.Result().Counts[vault.FindingReused] == 2 })
	if err := u.Vault().Ignore(t.Context(), vault.FindingReused, true, it.ID); err != nil {
		t.Fatal(err)
	}
	untilChecked(t, c, "no problem", func() bool { return c.Result().Counts[vault.FindingReused] == 1 && c.Result().Ignored == 1 })
	u.Lock()
	if c.Result().Passwords != 0 || c.Of(it.ID).Findings != 0 {
		t.Error("after the lock the check remembers")
	}
	if _, err := u.Checkup(); err != nil {
		return
	}
	if c.Changed(vault.Change{All: true}); c.Result().Left != 0 {
		t.Error("a locked vault is checked")
	}
}

func TestNothingIsSentWhenOff(t *testing.T) {
	server, pc := newBreaches(t), newCheckupPC(t)
	u := pc.SignUp(t, testkit.Cloud(t), email)
	testpc.Save(t, u, testpc.Login("Mail", "anna", breachedPassword))
	off := session.DefaultSettings()
	off.BreachServer = server.URL
	save(t, pc.PC, off)
	c := checkup(t, u)
	untilChecked(t, c, "check", func() bool { return c.Result().Passwords == 1 })
	if c.Breaches().On || breachedItems(c) != 0 || session.DefaultSettings().CheckBreaches {
		t.Error("it is on")
	}
	save(t, pc.PC, server.on())
	lookedUp(t, c)
	if got := server.questions(); !slices.Equal(got, []string{prefix(breachedPassword)}) || breachedItems(c) != 1 {
		t.Errorf("asked %v", got)
	}
	save(t, pc.PC, off)
	untilChecked(t, c, "off", func() bool { return breachedItems(c) == 0 })
	testpc.Save(t, u, testpc.Login("Bank", "anna", soundPassword))
	untilChecked(t, c, "check", func() bool { return c.Result().Passwords == 2 })
	u.Lock()
	if got := server.questions(); len(got) != 0 {
		t.Errorf("asked %v when off", got)
	}
	// What was learned is gone: another time it is asked anew.
	save(t, pc.PC, server.on())
	lookedUp(t, checkup(t, pc.Unlock(t)))
	if got := server.questions(); len(got) != 2 {
		t.Errorf("asked %v", got)
	}
}

func TestAnswersAreKeptSealed(t *testing.T) {
	server, pc := newBreaches(t), newCheckupPC(t)
	u := pc.SignUp(t, testkit.Cloud(t), email)
	it := testpc.Save(t, u, testpc.Login("Mail", "anna", breachedPassword))
	testpc.Save(t, u, testpc.Login("Twin", "anna", breachedPassword))
	testpc.Save(t, u, testpc.Login("Bank", "anna", soundPassword))
	save(t, pc.PC, server.on())
	lookedUp(t, checkup(t, u))
	want := []string{prefix(breachedPassword), prefix(soundPassword)}
	slices.Sort(want)
	if got := server.questions(); !slices.Equal(got, want) {
		t.Errorf("asked %v, want %v once each", got, want)
	}
	u.Lock()
	u = pc.Unlock(t)
	c := checkup(t, u)
	lookedUp(t, c)
	if got := server.questions(); len(got) != 0 || breachedItems(c) != 2 || c.Of(it.ID).Breaches != 9 {
		t.Errorf("asked again: %v; %+v", got, c.Result())
	}
	it = testpc.Get(t, u, it.ID)
	it.Set(vault.Password, testpc.Typed("another-0ne!"))
	testpc.Save(t, u, it)
	untilChecked(t, c, "edit", func() bool { return breachedItems(c) == 1 })
	lookedUp(t, c)
	if got := server.questions(); !slices.Equal(got, []string{prefix("another-0ne!")}) {
		t.Errorf("after an edit: %v", got)
	}
	u.Lock()
	pc.later(31 * 24 * time.Hour)
	u = pc.Unlock(t)
	lookedUp(t, checkup(t, u))
	if got := server.questions(); len(got) != 3 {
		t.Errorf("after a month: %v", got)
	}
	u.Lock()
	sealedOnly(t, pc.PC, breachedPassword, fmt.Sprintf("%x", sha1.Sum([]byte(breachedPassword))), string(sum(breachedPassword)), server.URL)
}

func sum(password string) []byte {
	s := sha1.Sum([]byte(password))
	return s[:]
}

// sealedOnly looks for texts in every file of the vault. The settings name the server.
func sealedOnly(t *testing.T, pc *testpc.PC, texts ...string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(pc.Paths.Data, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			continue // a folder
		}
		for _, text := range texts {
			if bytes.Contains(bytes.ToLower(content), bytes.ToLower([]byte(text))) {
				t.Errorf("%s has %q", filepath.Base(file), text)
			}
		}
	}
}

// Answers of another server count for nothing, and a change of the account's keys does not lose those that count.
func TestAnswersOfAnotherServer(t *testing.T) {
	server, other, pc := newBreaches(t), newBreaches(t), newCheckupPC(t)
	u := pc.SignUp(t, testkit.Cloud(t), email)
	testpc.Save(t, u, testpc.Login("Mail", "anna", breachedPassword))
	save(t, pc.PC, server.on())
	c := checkup(t, u)
	lookedUp(t, c)
	if err := u.Change(t.Context(), session.Change{Password: testpc.Typed(testpc.Password), NewPassword: testpc.Typed(testpc.Password)}); err != nil {
		t.Fatal(err)
	}
	u.Lock()
	u = pc.Unlock(t)
	c = checkup(t, u)
	lookedUp(t, c)
	if got := server.questions(); len(got) != 1 || breachedItems(c) != 1 {
		t.Errorf("after a change of the keys: %v", got)
	}
	save(t, pc.PC, other.on())
	lookedUp(t, c)
	if got := other.questions(); len(got) != 1 {
		t.Errorf("the other server was asked %v", got)
	}
}

func TestFailedQuestionsAreAskedLater(t *testing.T) {
	server, pc := newBreaches(t), newCheckupPC(t)
	u := pc.SignUp(t, testkit.Cloud(t), email)
	testpc.Save(t, u, testpc.Login("Mail", "anna", breachedPassword))
	server.answer(func(w http.ResponseWriter) bool { w.WriteHeader(http.StatusInternalServerError); return true })
	save(t, pc.PC, server.on())
	c := checkup(t, u)
	failed := func() bool { return c.Breaches().Err != nil && len(server.questions()) > 0 }
	for _, want := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute} {
		untilChecked(t, c, "failure", failed)
		untilChecked(t, c, "wait", func() bool { return slices.Equal(pc.waited(), []time.Duration{want}) })
		if !c.Breaches().Offline() {
			t.Error(c.Breaches().Err)
		}
		pc.go_ <- time.Time{}
	}
	untilChecked(t, c, "failure", failed)
	server.answer(func(w http.ResponseWriter) bool {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	})
	pc.waited()
	pc.go_ <- time.Time{}
	untilChecked(t, c, "wait", func() bool { return slices.Equal(pc.waited(), []time.Duration{7 * time.Second}) })
	server.answer(nil)
	pc.go_ <- time.Time{}
	lookedUp(t, c)
	if breachedItems(c) != 1 {
		t.Errorf("%+v", c.Result())
	}
}

// Locking, and switching it off, end a question that is under way.
func TestAQuestionIsGivenUp(t *testing.T) {
	for name, end := range map[string]func(*checkupPC, *session.Unlocked){
		"lock": func(_ *checkupPC, u *session.Unlocked) { u.Lock() },
		"off":  func(pc *checkupPC, _ *session.Unlocked) { pc.SaveSettings(session.DefaultSettings()) },
	} {
		t.Run(name, func(t *testing.T) {
			entered, gone := make(chan struct{}), make(chan struct{})
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				close(entered)
				<-r.Context().Done()
				close(gone)
			}))
			t.Cleanup(server.Close)
			pc := newCheckupPC(t)
			u := pc.SignUp(t, testkit.Cloud(t), email)
			testpc.Save(t, u, testpc.Login("Mail", "anna", breachedPassword))
			on := session.DefaultSettings()
			on.CheckBreaches, on.BreachServer = true, server.URL
			save(t, pc.PC, on)
			c := checkup(t, u)
			<-entered
			end(pc, u)
			<-gone
			if breachedItems(c) != 0 || c.Breaches().On {
				t.Error("it goes on")
			}
		})
	}
}
