package session_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// noPages is a network that is gone where a first sync asks for its pages.
type noPages struct{ on atomic.Bool }

var errNoPages = errors.New("connection reset by peer")

func (n *noPages) RoundTrip(r *http.Request) (*http.Response, error) {
	if n.on.Load() && strings.HasSuffix(r.URL.Path, "/objects/fetch") {
		return nil, errNoPages
	}
	return http.DefaultTransport.RoundTrip(r)
}

// A first sync that was interrupted goes on after the next unlock, shows nothing before it is whole, and says how far it is.
func TestAFirstSyncGoesOnAfterAnUnlock(t *testing.T) {
	server := testkit.Cloud(t)
	author := testpc.New(t, "PC A", nil).SignUp(t, server, email)
	const items = 7
	for range items {
		testpc.Save(t, author, testpc.Login("item", "anna", "secret"))
	}
	testpc.Sync(t, author)
	line := new(noPages)
	line.on.Store(true)
	driven := func(c *session.Config) {
		c.Transport, c.Driven, c.After = line, true, func(time.Duration) <-chan time.Time { return nil }
	}
	pc := testpc.New(t, "PC B", driven)
	if _, err := pc.TrySignIn(t, server, email, author.SecretKey()); !errors.Is(err, session.ErrOffline) {
		t.Fatalf("signed in without pages: %v", err)
	}
	u := pc.Unlock(t)
	if n := len(u.Vault().Query(vault.Filter{})); n != 0 {
		t.Fatalf("%d items are shown before all is loaded", n)
	}
	line.on.Store(false)
	var mu sync.Mutex
	told := map[[2]int]bool{}
	defer u.OnStatus(func() {
		mu.Lock()
		defer mu.Unlock()
		told[[2]int{u.Status().Loaded, u.Status().ToLoad}] = true
	})()
	testpc.Sync(t, u)
	mu.Lock()
	defer mu.Unlock()
	if n := len(u.Vault().Query(vault.Filter{})); n != items || !told[[2]int{items, items}] || u.Status().ToLoad != 0 {
		t.Errorf("%d items; told %v", n, told)
	}
}
