package session_test

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
)

func generated(text string, time int64) session.Generated {
	return session.Generated{ID: id.New(), Value: secret.FromString(text), Time: time}
}

// generatedOn is what a PC has of the generator's history, in order.
func generatedOn(t *testing.T, u *session.Unlocked) string {
	t.Helper()
	all, err := u.Generated(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, g := range all {
		texts = append(texts, string(g.Value.Reveal()))
	}
	return strings.Join(texts, " ")
}

func TestGeneratedValuesAreKept(t *testing.T) {
	pc := testpc.New(t, "PC", nil)
	u := pc.SignUp(t, testkit.Cloud(t), email)
	ctx := t.Context()
	one, two, three := generated("one-secret", 1), generated("two-secret", 2), generated("three-secret", 3)
	item := id.New()
	err := errors.Join(u.KeepGenerated(ctx, one, three), u.KeepGenerated(ctx, two), u.KeepGenerated(ctx, one), u.GeneratedFor(ctx, item, two.ID, id.New()))
	if err != nil {
		t.Fatal(err)
	}
	u.Lock()
	if _, err := u.Generated(ctx); !errors.Is(err, session.ErrLocked) {
		t.Errorf("while locked: %v", err)
	}
	if err := u.KeepGenerated(ctx, one); !errors.Is(err, session.ErrLocked) {
		t.Errorf("kept while locked: %v", err)
	}
	file, err := os.ReadFile(pc.Paths.Account(pc.Accounts()[0].ID))
	if err != nil || bytes.Contains(file, []byte("-secret")) {
		t.Errorf("the file shows them, %v", err)
	}
	u = pc.Unlock(t)
	if got := generatedOn(t, u); got != "one-secret two-secret three-secret" {
		t.Errorf("after an unlock: %s", got)
	}
	if all, _ := u.Generated(ctx); all[1].Item != item || !all[0].Item.IsZero() || all[2].Time != 3 {
		t.Errorf("%+v", all)
	}
	if err := u.DropGenerated(ctx, one.ID, three.ID); err != nil || generatedOn(t, u) != "two-secret" {
		t.Errorf("after dropping two: %s, %v", generatedOn(t, u), err)
	}
	if err := errors.Join(u.DropGenerated(ctx, two.ID), u.KeepGenerated(ctx, three, one)); err != nil || generatedOn(t, u) != "one-secret three-secret" {
		t.Errorf("after taking it back: %s, %v", generatedOn(t, u), err)
	}
}

func TestGeneratedValuesAreBounded(t *testing.T) {
	u := testpc.New(t, "PC", nil).SignUp(t, testkit.Cloud(t), email)
	var many []session.Generated
	for n := range session.MaxGenerated + 5 {
		many = append(many, generated(strconv.Itoa(n), int64(n)))
	}
	if err := u.KeepGenerated(t.Context(), many...); err != nil {
		t.Fatal(err)
	}
	if got := strings.Fields(generatedOn(t, u)); len(got) != session.MaxGenerated || got[0] != "5" {
		t.Errorf("%d are kept from %s on", len(got), got[0])
	}
}

// Nothing of it leaves the PC, and a change of the keys takes it along.
func TestGeneratedValuesStayOnThePC(t *testing.T) {
	p := newPair(t, nil)
	ctx := t.Context()
	if err := p.a.KeepGenerated(ctx, generated("mine", 1)); err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, p.a)
	testpc.Sync(t, p.b)
	if got := generatedOn(t, p.b); got != "" {
		t.Errorf("the other PC has %s", got)
	}
	if err := p.a.Change(ctx, session.Change{Password: testpc.Typed(testpc.Password), NewPassword: testpc.Typed(newPassword)}); err != nil {
		t.Fatal(err)
	}
	if got := generatedOn(t, p.a); got != "mine" {
		t.Errorf("under the new keys: %s", got)
	}
}

// Two windows, or two programs, at once: nothing that one keeps is lost to the other.
func TestGeneratedValuesKeptAtOnce(t *testing.T) {
	u := testpc.New(t, "PC", nil).SignUp(t, testkit.Cloud(t), email)
	const each = 8
	keep := func() {
		for range each {
			if err := u.KeepGenerated(t.Context(), generated("x", 1)); err != nil {
				t.Error(err)
			}
		}
	}
	var both sync.WaitGroup
	both.Go(keep)
	both.Go(keep)
	both.Wait()
	if got := len(strings.Fields(generatedOn(t, u))); got != 2*each {
		t.Errorf("%d of %d are kept", got, 2*each)
	}
}
