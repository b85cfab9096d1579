package attacks

import (
	"crypto/rand"
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/cloud/mail"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/vault"
)

const email = "anna@example.com"

// scene is an account with a device A that writes honestly and a device B that is offline at an earlier state.
type scene struct {
	server  *testkit.Server
	pcA     *testpc.PC
	a       *session.Unlocked
	pcB     *testpc.PC // locked, pinned before the last changes of A
	items   []id.ID
	before  map[id.ID]string // what B has
	after   map[id.ID]string // what an honest server leads it to
	secrets secrets
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{server: cloud(t), pcA: testpc.New(t, "PC A", nil)}
	s.a = s.pcA.SignUp(t, s.server, email)
	for range 4 {
		s.items = append(s.items, testpc.Save(t, s.a, canaryItem()).ID)
		testpc.Sync(t, s.a)
	}
	s.pcB = testpc.New(t, "PC B", nil)
	b := s.pcB.SignIn(t, s.server, email, s.a.SecretKey())
	s.before = testpc.Contents(t, b)
	b.Lock()
	s.secrets = secretsOf(t, s.pcB)
	for _, item := range s.items[:3] {
		it := testpc.Get(t, s.a, item)
		it.Set(vault.Password, testpc.Typed("changed-"+item.String()))
		testpc.Save(t, s.a, it)
		testpc.Sync(t, s.a)
	}
	testpc.Save(t, s.a, testpc.Login("new", "new", "new"))
	testpc.Sync(t, s.a)
	devices, err := s.a.Devices(t.Context()) // news in the account log: B has to ask for it
	if err == nil {
		err = s.a.RenameDevice(t.Context(), devices[0].ID, "PC A, upstairs")
	}
	if err != nil {
		t.Fatal(err)
	}
	s.after = testpc.Contents(t, s.a)
	return s
}

// cloud starts the real server. A connection that was dialled and never used would keep its end waiting for five seconds.
func cloud(t *testing.T) *testkit.Server {
	t.Helper()
	server := testkit.Cloud(t)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return server
}

func canaryItem() vault.Item {
	it := testpc.Login(titleCanary, userCanary, passwordCanary)
	it.Websites = []string{"https://" + websiteCanary + "/login"}
	return it
}

// existing syncs device B against a server that tells this lie and checks what must hold whatever the lie is: every item is as it
// was or as an honest server gives it, B stays usable, and it sent nothing secret. It returns B's error.
func (s *scene) existing(t *testing.T, lie lie) error {
	t.Helper()
	l := newLiar(t, s.server)
	l.lie(lie)
	return s.existingThrough(t, l)
}

func (s *scene) existingThrough(t *testing.T, l *liar) error {
	t.Helper()
	// Driven: what is written at the end is not pushed, now and then, as part of the run.
	b := s.pcB.Copy(t, l, func(c *session.Config) { c.Driven = true }).Unlock(t)
	defer b.Lock()
	err := b.Sync(t.Context())
	contents := testpc.Contents(t, b)
	for item, was := range s.before {
		if got := contents[item]; got != was && got != s.after[item] {
			t.Errorf("item %s is neither what it was nor what is true: %q; error %v", item, got, err)
		}
	}
	for item, got := range contents {
		if s.before[item] == "" && got != s.after[item] {
			t.Errorf("item %s has come from nowhere: %q", item, got)
		}
	}
	if err == nil && !maps.Equal(contents, s.after) {
		t.Error("B says that all is well and has not what is true")
	}
	if !b.Vault().HasMark("written") { // any write will do
		if err := b.Vault().Mark(t.Context(), "written"); err != nil {
			t.Errorf("the local vault is not usable any more: %v", err)
		}
	}
	s.nothingSent(t, l)
	return err
}

// fresh signs a new device in against a server that tells this lie. Either it ends with what is true, or with an error; it sent
// nothing secret. It returns the error.
func (s *scene) fresh(t *testing.T, lie lie) error {
	t.Helper()
	l := newLiar(t, s.server)
	l.lie(lie)
	return s.freshThrough(t, l)
}

func (s *scene) freshThrough(t *testing.T, l *liar) error {
	t.Helper()
	pc, u, err := s.signIn(t, l)
	if err == nil {
		defer u.Lock()
		if got := testpc.Contents(t, u); !maps.Equal(got, s.after) {
			t.Errorf("the client believed it: %v", got)
		}
	}
	s.nothingSent(t, l)
	if leaked := deviceSecrets(pc).in(l.transcript()); leaked != "" {
		t.Errorf("%s was sent", leaked)
	}
	return err
}

// signIn enrols a new computer with the code that was mailed for it: runs that failed leave codes behind that serve nobody.
func (s *scene) signIn(t *testing.T, l *liar) (*testpc.PC, *session.Unlocked, error) {
	t.Helper()
	s.server.Clock.Advance(25 * time.Hour) // a day has a limited number of codes
	name := "PC " + rand.Text()
	pc := testpc.New(t, name, func(c *session.Config) { c.Transport = l })
	signIn, err := pc.BeginSignIn(t.Context(), s.server.URL, email, testpc.Typed(testpc.Password), s.a.SecretKey())
	if err != nil {
		return pc, nil, err
	}
	if err := signIn.Verify(t.Context(), codeFor(t, s.server, email, name)); err != nil {
		return pc, nil, err
	}
	u, err := signIn.Finish(t.Context(), nil)
	if err != nil {
		return pc, nil, err
	}
	return pc, u, u.ConfirmEnrolment(t.Context())
}

// codeFor waits for the mail with a code that names a device, or another thing that only one mail has.
func codeFor(t *testing.T, server *testkit.Server, address, device string) string {
	t.Helper()
	got := server.WaitMail(t, address, func(m mail.Received) bool { return strings.Contains(m.Text, device) && mailedCode.MatchString(m.Text) })
	code := mailedCode.FindString(got.Text)
	for server.LastCode(t, address) != code { // which counts on from here
	}
	return code
}

// nothingSent scans what the server got.
func (s *scene) nothingSent(t *testing.T, l *liar) {
	t.Helper()
	sent := l.transcript()
	for _, set := range []secrets{canaries, s.secrets} {
		if leaked := set.in(sent); leaked != "" {
			t.Errorf("%s was sent to the server", leaked)
		}
	}
}

// noticed tells whether the client said what is wrong: a violation, or an answer that is not of the protocol.
func noticed(err error) bool {
	var v *engine.Violation
	return errors.As(err, &v) || errors.Is(err, session.ErrNotCoffer) || errors.Is(err, session.ErrDishonestServer)
}

// mustNotice fails where the client was quiet, or ended with an error that does not say what is wrong.
func mustNotice(t *testing.T, err error) {
	t.Helper()
	if !noticed(err) {
		t.Errorf("not noticed: %v", err)
	}
}

// honestAnswers records what an honest server answers on the paths with these endings, the first time.
func honestAnswers(t *testing.T, endings []string, run func(*testing.T, lie) error) map[string][]byte {
	t.Helper()
	answers := map[string][]byte{}
	err := run(t, func(path string, body []byte) []byte {
		for _, e := range endings {
			if strings.HasSuffix(path, e) && answers[e] == nil {
				answers[e] = body
			}
		}
		return body
	})
	if err != nil || len(answers) != len(endings) {
		t.Fatalf("the client asked %d of %d paths: %v", len(answers), len(endings), err)
	}
	return answers
}

// TestAnHonestLife passes with every defence switched off, too: a mutant that breaks it would show nothing about an attack.
func TestAnHonestLife(t *testing.T) {
	s := newScene(t)
	b := s.pcB.Unlock(t)
	defer b.Lock()
	saved := testpc.Save(t, b, canaryItem()).ID
	testpc.Sync(t, b)
	testpc.Sync(t, s.a)
	if got, want := testpc.Contents(t, s.a), testpc.Contents(t, b); len(got) != len(s.after)+1 || !maps.Equal(got, want) || got[saved] == "" {
		t.Errorf("one computer has %v, the other %v", got, want)
	}
}

func TestAnHonestServerIsBelieved(t *testing.T) {
	s := newScene(t)
	if err := s.existing(t, nil); err != nil {
		t.Error(err)
	}
	if err := s.fresh(t, nil); err != nil {
		t.Error(err)
	}
}
