package screen

import (
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// openQuick is a desk with two logins and a card, and the quick access shown.
func openQuick(t *testing.T) (*desk, *Quick) {
	t.Helper()
	d, _, _ := openDesk(t)
	d.add("GitHub", "anna-codes", "octo password")
	d.add("Bank", "anna", "money password")
	q := d.shell.Quick()
	q.Toggle()
	d.until("items", func() bool { return q.State().Rows.Len() == 2 })
	return d, q
}

func TestQuickCopies(t *testing.T) {
	for _, c := range []struct {
		do     func(*Quick)
		copied string
	}{
		{func(q *Quick) { q.Do(ActionCopyPassword) }, "octo password"},
		{func(q *Quick) { q.Do(ActionCopyUser) }, "anna-codes"},
	} {
		d, q := openQuick(t)
		q.SetSearch("git")
		d.until("GitHub", func() bool { return q.State().Rows.Len() == 1 })
		c.do(q)
		d.until("it is hidden", func() bool { return !q.State().Shown })
		if got := d.clipboard.holds(); got != c.copied {
			t.Errorf("copied %q, want %q", got, c.copied)
		}
	}
}

// What is pressed before the search has an answer is about what was typed, not about what was there.
func TestQuickWaitsForFastFingers(t *testing.T) {
	d, q := openQuick(t)
	if first := q.State().Rows.At(0).Title; first != "Bank" {
		t.Fatalf("the first row is %s", first)
	}
	q.SetSearch("git")
	q.Do(ActionCopyPassword)
	d.until("it is hidden", func() bool { return !q.State().Shown })
	if got := d.clipboard.holds(); got != "octo password" {
		t.Errorf("copied %q", got)
	}
}

func TestQuickMovesAndKeepsItsRow(t *testing.T) {
	d, q := openQuick(t)
	q.Move(-1)
	q.Move(1)
	q.Move(9)
	if s := q.State(); s.Selected != 1 || s.Rows.At(1).Title != "GitHub" {
		t.Fatalf("row %d", s.Selected)
	}
	testpc.Save(t, d.shell.unlocked, testpc.Login("Aardvark", "anna", "another password")) // a sync brings another row
	d.until("three rows", func() bool { return q.State().Rows.Len() == 3 })
	if s := q.State(); s.Rows.At(s.Selected).Title != "GitHub" {
		t.Errorf("another row is selected: %s", s.Rows.At(s.Selected).Title)
	}
}

func TestQuickSaysWhatAnItemLacks(t *testing.T) {
	d, q := openQuick(t)
	for _, action := range []Action{ActionCopyCode} {
		q.Do(action)
		d.until("what is missing", func() bool { return !q.State().Problem.IsZero() })
		checkWords(t, string(action), q.State().Problem.What)
		if s := q.State(); !s.Shown || d.clipboard.holds() != "" {
			t.Errorf("%s: shown %v, clipboard %q", action, s.Shown, d.clipboard.holds())
		}
		q.Select(0)
		if !q.State().Problem.IsZero() {
			t.Error("the problem stays with another row")
		}
	}
	for _, action := range quickKeys {
		if action != ActionLock && !d.env.Words.Has(lacksText(action)) {
			t.Errorf("no words for %s", action)
		}
	}
	q.SetSearch("nothing of that kind")
	d.until("no rows", func() bool { return q.State().Empty != "" })
	q.Do(ActionCopyPassword) // of nothing
	q.Move(1)
	if s := q.State(); !s.Shown || s.Selected != -1 {
		t.Errorf("%+v", s)
	}
}

// Hidden, it keeps nothing: neither what was found nor what was typed.
func TestQuickForgets(t *testing.T) {
	d, q := openQuick(t)
	q.SetSearch("git")
	q.Do(ActionCopyPassword)
	q.Do(ActionBack) // before the answer
	d.queue.Drain()
	if s := q.State(); s.Shown || s.Search != "" || s.Rows.Len() > 0 || q.unlocked != nil || q.rows != nil {
		t.Errorf("hidden, and it has %+v", s)
	}
	q.Toggle()
	d.until("items", func() bool { return q.State().Rows.Len() == 2 })
	if d.clipboard.holds() != "" || q.State().Search != "" {
		t.Error("what was asked for before is done after all")
	}
	q.Toggle()
	if q.State().Shown {
		t.Error("the key does not hide it")
	}
}

func TestQuickUnlocksFirst(t *testing.T) {
	d, q := openQuick(t)
	d.shell.Lock()
	if s := q.State(); !s.Shown || !s.Locked || s.Rows.Len() > 0 || q.rows != nil {
		t.Fatalf("after the lock: %+v", s)
	}
	q.Do(ActionCopyPassword) // of what is locked
	q.SetSearch("git")
	q.Submit(testpc.Typed("wrong"))
	d.until("refusal", func() bool { return !q.State().Busy && !q.State().Problem.IsZero() })
	q.Submit(testpc.Typed(testpc.Password))
	d.until("items", func() bool { return q.State().Rows.Len() == 2 })
	if s := q.State(); s.Locked || d.shell.State().Page != PageVault {
		t.Errorf("unlocked, and it shows %+v", s)
	}
	q.Do(ActionLock)
	d.until("locked", func() bool { return d.shell.State().Page == PageUnlock })
	if q.State().Shown {
		t.Error("locked, and still shown")
	}
}

// Without an account there is nothing to find: the window asks for one.
func TestQuickWithoutAccount(t *testing.T) {
	d := newEmptyDesk(t)
	q := d.shell.Quick()
	q.Toggle()
	d.queue.Drain()
	if q.State().Shown || d.shell.State().Shows != 1 {
		t.Errorf("shown %v, the window %d times", q.State().Shown, d.shell.State().Shows)
	}
	q.Submit(testpc.Typed("x"))
}

// The copy of one moment must not hide the quick access of the next.
func TestQuickCopyOfBefore(t *testing.T) {
	d, q := openQuick(t)
	d.clipboard.entered, d.clipboard.block = make(chan struct{}), make(chan struct{})
	entered, block := d.clipboard.entered, d.clipboard.block
	q.Do(ActionCopyPassword)
	d.until("the copy begins", func() bool { return d.shell.copier.busy })
	<-entered
	q.Hide()
	q.Toggle()
	close(block)
	d.until("the copy", func() bool { return d.clipboard.holds() != "" && !d.shell.copier.busy })
	if !q.State().Shown {
		t.Error("it was hidden by what was asked for before")
	}
}

func TestTakeFrom(t *testing.T) {
	value := func(kind vault.Kind, values ...string) *vault.Item {
		it := &vault.Item{Kind: kind}
		for i := 0; i < len(values); i += 2 {
			it.Set(vault.Key(values[i]), secret.FromString(values[i+1]))
		}
		return it
	}
	card := value(vault.Card, "cardholder", "Anna", "number", "4111", "cvv", "123")
	login := value(vault.Login, "username", "anna", "password", "p", string(vault.OTP), "JBSWY3DPEHPK3PXP")
	login.Websites = []string{"javascript:alert(1)", "example.com"}
	for _, c := range []struct {
		it     *vault.Item
		action Action
		want   string
	}{
		{login, ActionCopyPassword, "p"}, {login, ActionCopyUser, "anna"}, {login, ActionOpenSite, "https://example.com"},
		{card, ActionCopyPassword, "4111"}, {card, ActionCopyCode, ""}, {card, ActionOpenSite, ""}, {value(vault.Note, "notes", "long"), ActionCopyPassword, ""},
	} {
		got, err := takeFrom(c.it, c.action, testTime)
		if err != nil || string(got.value.Reveal()) != c.want {
			t.Errorf("%s of %s: %q, %v", c.action, c.it.Kind, got.value.Reveal(), err)
		}
	}
	if code, err := takeFrom(login, ActionCopyCode, testTime); err != nil || len(code.value.Reveal()) != 6 {
		t.Errorf("code %q, %v", code.value.Reveal(), err)
	}
	if _, err := takeFrom(value(vault.Login, string(vault.OTP), "?"), ActionCopyCode, testTime); err == nil || strings.Contains(err.Error(), "?") {
		t.Errorf("a damaged key: %v", err)
	}
}

// newEmptyDesk is a desk on a computer without an account.
func newEmptyDesk(t *testing.T) *desk {
	t.Helper()
	return newDesk(t, testpc.New(t, "Anna's PC", nil), testkit.Cloud(t))
}
