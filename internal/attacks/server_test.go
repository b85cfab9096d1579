package attacks

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/vault"
)

const email = "anna@example.com"

// The canaries are the plaintext that must never be in what a client sends.
const (
	titleCanary    = "canary-title-7d1f"
	userCanary     = "canary-user-88c2"
	passwordCanary = "canary-password-01ee"
)

// scene is an account with a device A that writes honestly and a device B that is offline at an earlier state.
type scene struct {
	server *testkit.Server
	a      *session.Unlocked
	pcB    *testpc.PC // locked, pinned before the last changes of A
	items  []id.ID
	before map[id.ID]string // what B has
	after  map[id.ID]string // what an honest server leads it to
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{server: testkit.Cloud(t)}
	s.a = testpc.New(t, "PC A", nil).SignUp(t, s.server, email)
	for range 4 {
		s.items = append(s.items, testpc.Save(t, s.a, testpc.Login(titleCanary, userCanary, passwordCanary)).ID)
		testpc.Sync(t, s.a)
	}
	s.pcB = testpc.New(t, "PC B", nil)
	b := s.pcB.SignIn(t, s.server, email, s.a.SecretKey())
	s.before = testpc.Contents(t, b)
	b.Lock()
	for _, item := range s.items[:3] {
		it := testpc.Get(t, s.a, item)
		it.Set(vault.Password, testpc.Typed("changed-"+item.String()))
		testpc.Save(t, s.a, it)
		testpc.Sync(t, s.a)
	}
	testpc.Save(t, s.a, testpc.Login("new", "new", "new"))
	testpc.Sync(t, s.a)
	s.after = testpc.Contents(t, s.a)
	return s
}

// outcome runs device B against a server that tells this lie and checks what must hold whatever the lie is: every item is as it was
// or as an honest server gives it, B stays usable, and it sent no plaintext. It returns B's error.
func (s *scene) outcome(t *testing.T, lie func(path string, body []byte) []byte) error {
	t.Helper()
	l := &liar{}
	l.lie(lie)
	b := s.pcB.Copy(t, l).Unlock(t)
	defer b.Lock()
	err := b.Sync(t.Context())
	for item, got := range testpc.Contents(t, b) {
		if got != s.before[item] && got != s.after[item] {
			t.Errorf("item %s is neither what it was nor what is true: %q; error %v", item, got, err)
		}
	}
	if got := testpc.Contents(t, b); err == nil && !maps.Equal(got, s.after) {
		t.Error("B says that all is well and has not what is true")
	}
	if !b.Vault().HasMark("canary") { // any write will do
		if err := b.Vault().Mark(t.Context(), "canary"); err != nil {
			t.Errorf("the local vault is not usable any more: %v", err)
		}
	}
	if leaked := canaryIn(l.transcript()); leaked != "" {
		t.Errorf("%q was sent to the server", leaked)
	}
	return err
}

func canaryIn(b []byte) string {
	for _, c := range []string{titleCanary, userCanary, passwordCanary, testpc.Password} {
		if bytes.Contains(b, []byte(c)) {
			return c
		}
	}
	return ""
}

// noticed tells whether the client said what is wrong: a violation, or an answer that is not of the protocol.
func noticed(err error) bool {
	var v *engine.Violation
	return errors.As(err, &v) || errors.Is(err, session.ErrNotCoffer) || errors.Is(err, session.ErrDishonestServer)
}

func TestAttack0_AnHonestServerIsBelieved(t *testing.T) {
	s := newScene(t)
	if err := s.outcome(t, nil); err != nil {
		t.Fatal(err)
	}
}

// Attack 5: plaintext metadata changed. Every field of every answer of a pull is altered, and is made missing.
func TestAttack5_EveryFieldOfEveryAnswerAltered(t *testing.T) {
	s := newScene(t)
	for path, body := range s.honestAnswers(t, "/changes", "/account/log") {
		var v any
		if err := json.Unmarshal(body, &v); err != nil {
			t.Fatal(err)
		}
		for _, f := range fields(v, nil) {
			for name, change := range map[string]func(any) any{"altered": alter, "missing": null} {
				t.Run(path[strings.LastIndex(path, "/")+1:]+f.String()+" "+name, func(t *testing.T) {
					s.outcome(t, onPath(path, func(v any) any { return edit(v, f, change) }))
				})
			}
		}
	}
}

// honestAnswers records what an honest server answers B on the paths with these endings.
func (s *scene) honestAnswers(t *testing.T, endings ...string) map[string][]byte {
	t.Helper()
	answers := map[string][]byte{}
	s.outcome(t, func(path string, body []byte) []byte {
		for _, e := range endings {
			if strings.HasSuffix(path, e) && answers[path] == nil {
				answers[path] = bytes.Clone(body)
			}
		}
		return body
	})
	if len(answers) != len(endings) {
		t.Fatalf("B asked %d of %d paths", len(answers), len(endings))
	}
	return answers
}

// Attack 6: items swapped. The envelopes of every pair of objects change places, also when the client asks for them again.
func TestAttack6_EnvelopesSwapped(t *testing.T) {
	s := newScene(t)
	for i := range 4 {
		for j := range i {
			err := s.outcome(t, func(path string, body []byte) []byte {
				if strings.HasSuffix(path, "/fetch") {
					return reencode(body, func(v any) any { return swapEnvelopes(v, 0, 1) })
				}
				return reencode(body, func(v any) any { return swapEnvelopes(v, i, j) })
			})
			if !errors.Is(err, engine.ErrWithheld) {
				t.Errorf("%d and %d: not noticed: %v", i, j, err)
			}
		}
	}
}

func swapEnvelopes(v any, i, j int) any {
	m, _ := v.(map[string]any)
	if envelopes, ok := m["envelopes"].([]any); ok && len(envelopes) > max(i, j) {
		x, y := envelopes[i].(map[string]any), envelopes[j].(map[string]any)
		x["envelope"], y["envelope"] = y["envelope"], x["envelope"]
	}
	return v
}

// Attack 10: commits dropped, duplicated, replayed, reordered, cut off.
func TestAttack10_CommitsDroppedDuplicatedReordered(t *testing.T) {
	s := newScene(t)
	for name, change := range map[string]func([]any) []any{
		"first dropped":     func(c []any) []any { return c[1:] },
		"one in the middle": func(c []any) []any { return append(append([]any{}, c[0]), c[2:]...) },
		"first twice":       func(c []any) []any { return append([]any{c[0]}, c...) },
		"last twice":        func(c []any) []any { return append(c, c[len(c)-1]) },
		"two swapped":       func(c []any) []any { c[0], c[1] = c[1], c[0]; return c },
		"reversed":          func(c []any) []any { return []any{c[3], c[2], c[1], c[0]} },
		"all withheld":      func([]any) []any { return []any{} },
	} {
		t.Run(name, func(t *testing.T) {
			err := s.outcome(t, onPath("/changes", func(v any) any {
				m := v.(map[string]any)
				if c, ok := m["commits"].([]any); ok && len(c) >= 4 {
					m["commits"] = change(c)
				}
				return v
			}))
			if !noticed(err) {
				t.Errorf("not noticed: %v", err)
			}
		})
	}
}

// Attack 22: the server goes back to an earlier state, for a device that has seen a later one.
func TestAttack22_RollBack(t *testing.T) {
	s := newScene(t)
	answers := s.honestAnswers(t, "/changes")
	l := &liar{}
	pc := s.pcB.Copy(t, l)
	b := pc.Unlock(t)
	testpc.Sync(t, b) // B has seen the newest state
	var old map[string]any
	for _, body := range answers {
		if err := json.Unmarshal(body, &old); err != nil {
			t.Fatal(err)
		}
	}
	head := old["head"].(map[string]any)
	for name, lie := range map[string]map[string]any{
		"older head":   {"seq": 1, "hash": head["hash"]},
		"another head": {"seq": head["seq"], "hash": alter(head["hash"])},
	} {
		t.Run(name, func(t *testing.T) {
			b.Lock()
			l.lie(onPath("/changes", func(v any) any {
				m := v.(map[string]any)
				m["head"], m["commits"] = lie, []any{}
				return m
			}))
			b = pc.Unlock(t)
			if err := b.Sync(t.Context()); !noticed(err) {
				t.Errorf("not noticed: %v", err)
			}
			if got := testpc.Contents(t, b); !maps.Equal(got, s.after) {
				t.Error("what B had seen is gone")
			}
		})
	}
}

// Attack 8: the key derivation weakened. Nothing that depends on the password leaves the machine.
func TestAttack8_KeyDerivationWeakened(t *testing.T) {
	s := newScene(t)
	for _, profile := range []string{"P0", "", "p2", "PBKDF2", "P2 ", "P99"} {
		t.Run(profile, func(t *testing.T) {
			l := &liar{}
			l.lie(onPath("/lookup", func(v any) any { return edit(v, field{"profile"}, func(any) any { return profile }) }))
			pc := testpc.New(t, "PC C", func(c *session.Config) { c.Transport = l })
			_, err := pc.BeginSignIn(t.Context(), s.server.URL, email, testpc.Typed(testpc.Password), s.a.SecretKey())
			if !errors.Is(err, session.ErrWeakServer) {
				t.Errorf("got %v", err)
			}
			if asks := l.requests(); len(asks) != 1 {
				t.Errorf("the client went on to ask %q", asks[1:])
			}
		})
	}
}

// Attacks 3, 11, 16, 20b on a fresh device: every field of the key bundle altered or missing. The client never makes keys of its own
// instead, and never believes the server's.
func TestAttack16_EveryFieldOfTheKeyBundle(t *testing.T) {
	s := newScene(t)
	var bundle any
	l := &liar{}
	l.lie(func(path string, body []byte) []byte {
		if strings.HasSuffix(path, "/account/keys") {
			if err := json.Unmarshal(body, &bundle); err != nil {
				t.Error(err)
			}
		}
		return body
	})
	testpc.New(t, "PC C", func(c *session.Config) { c.Transport = l }).SignIn(t, s.server, email, s.a.SecretKey())
	for _, f := range fields(bundle, nil) {
		if f[0] == "email" { // informs people; nothing is derived from it
			continue
		}
		for name, change := range map[string]func(any) any{"altered": alter, "missing": null} {
			t.Run(f.String()+" "+name, func(t *testing.T) {
				s.server.Clock.Advance(25 * time.Hour) // a day has a limited number of codes
				l := &liar{}
				l.lie(onPath("/account/keys", func(v any) any { return edit(v, f, change) }))
				pc := testpc.New(t, "PC D", func(c *session.Config) { c.Transport = l })
				u, err := pc.TrySignIn(t, s.server, email, s.a.SecretKey())
				if err == nil {
					defer u.Lock()
					t.Fatal("the client believed it")
				}
				if !noticed(err) {
					t.Errorf("not named: %v", err)
				}
				if len(pc.Accounts()) != 0 {
					t.Error("something of it was kept")
				}
			})
		}
	}
}

// Attacks 10 and 23 on a fresh device: the first sync's pages altered.
func TestAttack10_FirstSyncAltered(t *testing.T) {
	s := newScene(t)
	want := s.after
	rows := func(change func([]any) []any) func(any) any {
		return func(v any) any {
			m := v.(map[string]any)
			if r, ok := m["rows"].([]any); ok && len(r) > 1 {
				m["rows"] = change(r)
			}
			return v
		}
	}
	for name, c := range map[string]struct {
		ending string
		change func(any) any
	}{
		"a row dropped":      {"/objects", rows(func(r []any) []any { return r[1:] })},
		"a row twice":        {"/objects", rows(func(r []any) []any { return append(r, r[0]) })},
		"a row made dead":    {"/objects", rows(func(r []any) []any { r[0].(map[string]any)["state"] = 2; return r })},
		"a revision altered": {"/objects", rows(func(r []any) []any { return edit(r, field{0, "revision"}, alter).([]any) })},
		"a hash altered":     {"/objects", rows(func(r []any) []any { return edit(r, field{0, "env_hash"}, alter).([]any) })},
		"no rows at all":     {"/objects", rows(func([]any) []any { return []any{} })},
		"pages without end":  {"/objects", func(v any) any { v.(map[string]any)["next"] = "again"; return v }},
		"head altered":       {"/head", func(v any) any { return edit(v, field{"commit", "commit"}, alter) }},
		"signature altered":  {"/head", func(v any) any { return edit(v, field{"commit", "signature"}, alter) }},
		"list altered":       {"/head", func(v any) any { return edit(v, field{"commit", "changes"}, alter) }},
	} {
		t.Run(name, func(t *testing.T) {
			s.server.Clock.Advance(25 * time.Hour) // a day has a limited number of codes
			l := &liar{}
			l.lie(onPath(c.ending, c.change))
			pc := testpc.New(t, "PC D", func(cfg *session.Config) { cfg.Transport = l })
			u, err := pc.TrySignIn(t, s.server, email, s.a.SecretKey())
			if err == nil {
				defer u.Lock()
				if got := testpc.Contents(t, u); !maps.Equal(got, want) {
					t.Fatalf("the client believed it: %v", got)
				}
				t.Fatal("not noticed")
			}
			if !noticed(err) {
				t.Errorf("not named: %v", err)
			}
		})
	}
}

// Attack 7 and all others: the whole honest life of an account sends no plaintext and no key.
func TestAttack7_TheServerSeesNoPlaintext(t *testing.T) {
	server := testkit.Cloud(t)
	la, lb := &liar{}, &liar{}
	a := testpc.New(t, "PC A", func(c *session.Config) { c.Transport = la }).SignUp(t, server, email)
	it := testpc.Login(titleCanary, userCanary, passwordCanary)
	it.Websites = []string{"https://canary-host.example/login"}
	saved := testpc.Save(t, a, it)
	testpc.Sync(t, a)
	pcB := testpc.New(t, "PC B", func(c *session.Config) { c.Transport = lb })
	b := pcB.SignIn(t, server, email, a.SecretKey())
	testpc.Get(t, b, saved.ID)
	for _, l := range []*liar{la, lb} {
		sent := l.transcript()
		if leaked := canaryIn(sent); leaked != "" || bytes.Contains(sent, []byte("canary-host")) {
			t.Errorf("%q was sent", leaked)
		}
		if bytes.Contains(sent, []byte(a.SecretKey())) {
			t.Error("the Secret Key was sent")
		}
	}
	for _, d := range pcB.Keyring.Entries() {
		if bytes.Contains(lb.transcript(), d.SecretKey.Reveal()) || bytes.Contains(lb.transcript(), d.DeviceSeed.Reveal()) {
			t.Error("a device secret was sent")
		}
	}
}
