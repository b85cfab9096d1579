package attacks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/cloud/mail"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// The moments at which the server is gone.
var moments = []string{"before the request arrives", "after it was handled", "in the middle of the answer"}

var errGone = errors.New("connection reset by peer")

// scissors cut every request of every step once at each moment, and then let it through.
type scissors struct {
	mu      sync.Mutex
	changed *sync.Cond
	cuts    map[string]int // by method and path, in this step
	ever    map[string]int
	mails   int  // requests that arrived and have a code mailed
	whole   bool // nothing is cut
}

func newScissors() *scissors {
	s := &scissors{cuts: map[string]int{}, ever: map[string]int{}}
	s.changed = sync.NewCond(&s.mu)
	return s
}

var hexID = regexp.MustCompile(`[0-9a-f]{32}`)

// kindOf is a request without what differs between accounts.
func kindOf(req *http.Request) string {
	return req.Method + " " + hexID.ReplaceAllString(req.URL.Path, "{id}")
}

// mailsCode are the requests for which the server mails a code.
var mailsCode = map[string]bool{
	"/v1/signup/start": true, "/v1/signin/prove": true, "/v1/signin/resend": true, "/v1/recovery/start": true, "/v1/email/start": true,
	"/v1/email/resend": true,
}

var mailedCode = regexp.MustCompile(`\b[0-9A-Z]{4}-[0-9A-Z]{4}\b`)

// newestCode waits for all mails that were asked for and returns the code in the last one: only that counts.
func (l *life) newestCode(t *testing.T) string {
	t.Helper()
	l.mu.Lock()
	asked := l.mails
	l.mu.Unlock()
	return l.newestCodeTo(t, email, asked)
}

func (l *life) newestCodeTo(t *testing.T, address string, asked int) string {
	t.Helper()
	arrived := map[int]bool{}
	var newest mail.Received
	l.server.WaitMail(t, address, func(m mail.Received) bool {
		if mailedCode.MatchString(m.Text) {
			arrived[m.Number] = true
			if m.Number > newest.Number {
				newest = m
			}
		}
		return len(arrived) == asked
	})
	return mailedCode.FindString(newest.Text)
}

// forgetMails counts from the mails that are there: a known device proves without one.
func (l *life) forgetMails() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mails = len(slices.DeleteFunc(l.server.Mails(), func(m mail.Received) bool { return !mailedCode.MatchString(m.Text) }))
}

// moment says at which moment this request is cut; len(moments) for not at all.
func (s *scissors) moment(kind string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.whole {
		return len(moments)
	}
	m := s.cuts[kind]
	if m < len(moments) {
		s.cuts[kind]++
		s.ever[kind]++
		s.changed.Broadcast()
	}
	return m
}

func (s *scissors) RoundTrip(req *http.Request) (*http.Response, error) {
	m := s.moment(kindOf(req))
	if m == 0 {
		return nil, errGone
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err == nil && mailsCode[req.URL.Path] && resp.StatusCode == http.StatusOK {
		s.mu.Lock()
		s.mails++
		s.mu.Unlock()
	}
	if err != nil || m == len(moments) {
		return resp, err
	}
	if strings.HasSuffix(req.URL.Path, "/events") { // has no end: its beginning is not worth waiting for
		resp.Body.Close()
		if m == 1 {
			return nil, errGone
		}
		resp.Body = io.NopCloser(broken{})
		return resp, nil
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if m == 1 || err != nil {
		return nil, errors.Join(errGone, err)
	}
	resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body[:len(body)/2]), broken{}))
	return resp, nil
}

// broken is the rest of an answer that does not come.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errGone }

// next begins another step: everything is cut again.
func (s *scissors) next() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.cuts)
}

// mend lets everything through.
func (s *scissors) mend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.whole = true
}

// waitFor waits until a request that runs in the background was cut at every moment.
func (s *scissors) waitFor(t *testing.T, kind string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	defer context.AfterFunc(ctx, s.changed.Broadcast)()
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.cuts[kind] < len(moments) && ctx.Err() == nil {
		s.changed.Wait()
	}
	if ctx.Err() != nil {
		t.Fatalf("%s was cut %d times", kind, s.cuts[kind])
	}
}

// soon fires at once where something is to be tried again, and never where all is well: tests wait for nothing.
func soon(d time.Duration) <-chan time.Time {
	fire := make(chan time.Time, 1)
	if d <= 30*time.Second {
		fire <- time.Time{}
	}
	return fire
}

// maxTries bounds how often a step is tried: its requests, each cut at three moments, and once through.
const maxTries = 60

// step does something until it succeeds, as a person would. Every error on the way must be one that a screen has a sentence for and
// that asks to try again; again is what the person does before that.
func (s *scissors) step(t *testing.T, what string, do func() error, again func(error)) {
	t.Helper()
	s.next()
	for range maxTries {
		err := do()
		if err == nil {
			return
		}
		var code *session.CodeError
		if !errors.Is(err, session.ErrOffline) && !errors.Is(err, session.ErrCodeExpired) && !errors.As(err, &code) {
			t.Fatalf("%s: %v", what, err)
		}
		if again != nil {
			again(err)
		}
	}
	t.Fatalf("%s does not get on", what)
}

// life is an account's life on two computers.
type life struct {
	*scissors
	server *testkit.Server
	driven bool // the computers do nothing by themselves
	a, b   *session.Unlocked
	items  map[id.ID]string // password of each
}

func (l *life) pc(t *testing.T, name string) *testpc.PC {
	return testpc.New(t, name, func(c *session.Config) { c.Transport, c.After, c.Driven = l.scissors, soon, l.driven })
}

// Row 20c: the server is gone in the middle of every request, each at three moments, and comes back. Nothing is lost and nothing is
// there twice.
func TestCut_EveryRequestOfALife(t *testing.T) {
	l := &life{scissors: newScissors(), server: testkit.Cloud(t), items: map[id.ID]string{}}
	l.signUp(t)
	l.save(t, l.a, "first")
	l.sync(t, l.a)
	l.signIn(t)
	for i, u := range []*session.Unlocked{l.a, l.b, l.a, l.b} {
		l.save(t, u, fmt.Sprintf("item %d", i))
		l.edit(t, u, fmt.Sprintf("edit %d", i))
		l.sync(t, u)
	}
	l.step(t, "devices", func() error { return l.devices(t) }, nil)
	l.server.Clock.Advance(time.Hour) // the tokens are over
	l.save(t, l.a, "after the token's end")
	l.sync(t, l.a)
	l.check(t, l.a.SecretKey())
	l.covered(t)
}

func (l *life) signUp(t *testing.T) {
	var s *session.SignUp
	pc := l.pc(t, "PC A")
	l.step(t, "ask for a code", func() (err error) {
		s, err = pc.BeginSignUp(t.Context(), l.server.URL, email)
		return err
	}, nil)
	code := l.newestCode(t)
	l.step(t, "ask what became of the mail", func() error {
		_, err := s.Mail()(t.Context())
		return err
	}, nil)
	l.step(t, "prove the address", func() error { return s.Verify(t.Context(), code) }, func(err error) {
		if errors.Is(err, session.ErrOffline) {
			return
		}
		// The answer was lost and the code is spent: the sentence says to ask for another.
		if err := s.Resend(t.Context()); err == nil {
			code = l.newestCode(t)
		}
	})
	l.step(t, "create the account", func() (err error) {
		l.a, err = s.Finish(t.Context(), testpc.Typed(testpc.Password))
		return err
	}, nil)
	l.waitFor(t, "GET /v1/events")
}

func (l *life) signIn(t *testing.T) {
	var s *session.SignIn
	pc := l.pc(t, "PC B")
	l.forgetMails()
	l.step(t, "prove password and Secret Key", func() (err error) {
		s, err = pc.BeginSignIn(t.Context(), l.server.URL, email, testpc.Typed(testpc.Password), l.a.SecretKey())
		return err
	}, nil)
	code := l.newestCode(t)
	l.step(t, "prove the mailbox", func() error { return s.Verify(t.Context(), code) }, func(err error) {
		if !errors.Is(err, session.ErrOffline) {
			if err := s.Resend(t.Context()); err == nil {
				code = l.newestCode(t)
			}
		}
	})
	l.step(t, "enrol and load", func() (err error) {
		if l.b, err = s.Finish(t.Context(), nil); err != nil {
			return err
		}
		return l.b.ConfirmEnrolment(t.Context())
	}, nil)
}

func (l *life) save(t *testing.T, u *session.Unlocked, title string) {
	l.items[testpc.Save(t, u, testpc.Login(title, "u", title)).ID] = title
}

// edit changes an item that both computers have; the server decides the order, so the edits are one after the other.
func (l *life) edit(t *testing.T, u *session.Unlocked, password string) {
	l.sync(t, u)
	for item, before := range l.items {
		if before != "first" && !strings.HasPrefix(before, "edit") {
			continue
		}
		setPassword(t, u, item, password)
		l.items[item] = password
	}
}

func (l *life) sync(t *testing.T, u *session.Unlocked) {
	l.step(t, "sync", func() error { return u.Sync(t.Context()) }, nil)
}

func (l *life) devices(t *testing.T) error {
	devices, err := l.b.Devices(t.Context())
	if err == nil && len(devices) != 2 {
		t.Errorf("%d devices", len(devices))
	}
	return err
}

// check looks with a third computer, whose requests all arrive, at what the account has become.
func (l *life) check(t *testing.T, secretKey string) {
	t.Helper()
	l.mend()
	l.forgetMails()
	s, err := l.pc(t, "PC C").BeginSignIn(t.Context(), l.server.URL, email, testpc.Typed(testpc.Password), secretKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(t.Context(), l.newestCode(t)); err != nil {
		t.Fatal(err)
	}
	c, err := s.Finish(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	shown := c.Vault().Query(vault.Filter{})
	if len(shown) != len(l.items) {
		t.Errorf("%d items, want %d", len(shown), len(l.items))
	}
	for item, want := range l.items {
		it := testpc.Get(t, c, item)
		if got := string(it.Value(vault.Password).Reveal()); got != want || len(it.Conflicts()) != 0 {
			t.Errorf("%q has password %q and %d conflicts, want %q", it.Title, got, len(it.Conflicts()), want)
		}
	}
}

// requestsOfALife are those that a life cannot do without.
var requestsOfALife = []string{
	"POST /v1/signup/start", "POST /v1/signup/mail", "POST /v1/signup/verify", "POST /v1/signup/finish", "POST /v1/signin/lookup", "POST /v1/signin/challenge",
	"POST /v1/signin/prove", "POST /v1/signin/verify-device", "POST /v1/sessions/refresh", "GET /v1/account/keys", "GET /v1/account/log",
	"POST /v1/account/log", "GET /v1/me", "GET /v1/vaults/{id}/head", "GET /v1/vaults/{id}/objects", "GET /v1/vaults/{id}/changes",
	"POST /v1/vaults/{id}/commits", "GET /v1/events",
}

// covered checks that the life had every kind of request, and that each was cut at every moment.
func (l *life) covered(t *testing.T) {
	t.Helper()
	var seen []string
	for kind, cuts := range l.ever {
		seen = append(seen, kind)
		if cuts < 2 { // what is done once and for all is not asked for a third time
			t.Errorf("%s was cut %d times", kind, cuts)
		}
	}
	slices.Sort(seen)
	for _, path := range requestsOfALife {
		if !slices.Contains(seen, path) {
			t.Errorf("%s is no part of the life", path)
		}
	}
	t.Logf("cut at %d moments: %s", len(moments), strings.Join(seen, ", "))
}
