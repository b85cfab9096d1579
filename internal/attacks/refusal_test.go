package attacks

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
)

// takeAndRefuse has the server take account changes and tell the client that it refused them; while hide is set the log is shown
// as it was.
func takeAndRefuse(t *testing.T, l *liar, server string, log *chain.Log, hide *atomic.Bool) {
	l.speak(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/v1/account/change" || !hide.Load() {
			return false
		}
		body, _ := io.ReadAll(r.Body)
		taken, err := http.NewRequestWithContext(r.Context(), r.Method, server+r.URL.Path, bytes.NewReader(body))
		if err != nil {
			t.Error(err)
			return false
		}
		taken.Header, taken.Host = r.Header.Clone(), r.Host
		if resp, err := http.DefaultClient.Do(taken); err != nil {
			t.Error(err)
		} else {
			resp.Body.Close()
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnprocessableEntity)
		w.Write([]byte(`{"code":"bad_entry"}`))
		return true
	})
	l.lie(onPath("/account/log", func(v any) any {
		if !hide.Load() {
			return v
		}
		head, hash := log.Head()
		return wire.LogPage{HeadSeq: head, HeadHash: hash[:], Entries: []wire.SignedEntry{}}
	}))
}

// A server takes a new Secret Key, says that it refused it, and shows the entry later. The key must not be forgotten meanwhile: nobody
// could open the account any more, and no honest server could help.
func TestRefusedChangeThatLanded(t *testing.T) {
	server := cloud(t)
	pc := testpc.New(t, "PC A", nil)
	pc.SignUp(t, server, email).Lock()
	l := newLiar(t, server)
	there := pc.Copy(t, l)
	a := there.Unlock(t)
	testpc.Sync(t, a)
	before := a.SecretKey()
	var hide atomic.Bool
	hide.Store(true)
	takeAndRefuse(t, l, server.URL, logOf(t, pc), &hide)

	err := a.Change(t.Context(), session.Change{Password: testpc.Typed(testpc.Password), NewSecretKey: true})
	if !errors.Is(err, session.ErrChangeWaits) {
		t.Fatalf("a refused change that may be in force: %v", err)
	}
	a.Lock()
	hide.Store(false)
	a = there.Unlock(t)
	defer a.Lock()
	testpc.Sync(t, a)
	if a.SecretKey() == before {
		t.Error("the new Secret Key is not in use")
	}
	testpc.Save(t, a, testpc.Login("after", "after", "after"))
	testpc.Sync(t, a)
}

// A refusal that is true ends the change: the log gets another entry in its place, and nothing waits.
func TestRefusedChangeIsBuried(t *testing.T) {
	server := cloud(t)
	pc := testpc.New(t, "PC A", nil)
	pc.SignUp(t, server, email).Lock()
	l := newLiar(t, server)
	a := pc.Copy(t, l).Unlock(t)
	defer a.Lock()
	testpc.Sync(t, a)
	before := a.SecretKey()
	refusals := 0
	l.speak(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/v1/account/change" || refusals > 0 {
			return false
		}
		refusals++
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnprocessableEntity)
		w.Write([]byte(`{"code":"bad_entry"}`))
		return true
	})
	change := session.Change{Password: testpc.Typed(testpc.Password), NewSecretKey: true}
	if err := a.Change(t.Context(), change); err == nil || errors.Is(err, session.ErrChangeWaits) {
		t.Fatalf("refused: %v", err)
	}
	if a.Status().Notices.Changing || a.SecretKey() != before {
		t.Error("the refused change waits, or is in use")
	}
	if err := a.Change(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	if a.SecretKey() == before {
		t.Error("the second try is not in use")
	}
}

// A server takes a new address and says that it refused it. The account log decides: the address is in use, here too.
func TestRefusedEmailChangeThatLanded(t *testing.T) {
	e := newEstate(t)
	l := newLiar(t, e.server)
	l.lieAs(func(path string) int {
		if strings.HasSuffix(path, "/email/finish") {
			return http.StatusUnprocessableEntity
		}
		return 0
	}, func(_ string, body []byte) []byte {
		if len(body) == 0 {
			return []byte(`{"code":"bad_entry"}`)
		}
		return body
	})
	u := e.pcA.Copy(t, l).Unlock(t)
	defer u.Lock()
	if err := changeEmail(e, t, u, l); err != nil {
		t.Errorf("the change is in force: %v", err)
	}
	if u.Account().Email == email {
		t.Error("the old address is still in use")
	}
}
