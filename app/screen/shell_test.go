package screen

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

func TestFirstStartLeadsToAnOpenVault(t *testing.T) {
	server := testkit.Cloud(t)
	d := newDesk(t, testpc.New(t, "Anna's PC", nil), server)
	if page := d.shell.State().Page; page != PageWelcome {
		t.Fatalf("page %d", page)
	}
	w := d.shell.Welcome()
	w.Create()
	w.SetEmail(anna)
	w.Continue()
	d.until("code page", func() bool { return w.State().Page == PageCode })
	w.SetCode("Your code is " + server.LastCode(t, anna) + ", valid for ten minutes.") // the whole mail was pasted
	d.until("password page", func() bool { return w.State().Page == PagePassword })
	w.SetPassword(testpc.Typed(testpc.Password))
	w.SetRepeat(testpc.Typed(testpc.Password))
	w.Continue()
	d.until("kit page", func() bool { return w.State().Page == PageKit })
	w.SaveKit()
	d.until("kit saved", func() bool { return w.State().Kit.Kept != "" })
	if pdf := d.saved["Coffer emergency kit.pdf"]; !strings.HasPrefix(pdf, "%PDF") {
		t.Errorf("the kit is no PDF: %.20q", pdf)
	}
	w.ConfirmKit(true)
	w.Continue()
	d.until("import", func() bool { return w.State().Page == PageImport && w.Import().State().Page == ImportNothing })
	w.Import().Continue()
	v := d.waitForVault()
	if s := v.State(); s.Account != anna || s.Empty.Title != "Your vault is empty" {
		t.Errorf("account %q, %q", s.Account, s.Empty.Title)
	}
	v.Lock()
	d.unlock()
}

func TestLockClearsClipboardAndKeysAndReturnsToUnlock(t *testing.T) {
	d, v, _ := openDesk(t)
	d.add("Mail", "anna", "hunter2")
	d.show(v, "Mail").CopyPassword()
	d.until("copy", func() bool { return d.clipboard.holds() == "hunter2" })
	unlocked := d.shell.unlocked
	v.Lock()
	if page := d.shell.State().Page; page != PageUnlock {
		t.Fatalf("page %d right after locking", page)
	}
	if d.shell.Vault() != nil || v.Detail() != nil || v.rows != nil {
		t.Error("the vault's models are still there")
	}
	d.until("clipboard cleared", func() bool { return d.clipboard.holds() == "" })
	d.until("keys wiped", func() bool { _, err := unlocked.Vault().Get(t.Context(), unlocked.Vault().ID()); return err != nil })
	if v := d.unlock(); d.row(v, "Mail") < 0 {
		t.Error("the item is gone")
	}
}

func TestIdleLocks(t *testing.T) {
	d, v, _ := openDesk(t)
	after := d.shell.settings.LockAfter
	d.mu.Lock()
	d.idle = after - time.Second
	d.mu.Unlock()
	polled := func() bool { return !d.shell.polling }
	d.clock.Advance(d.queue, idlePoll)
	d.until("idle poll", polled)
	if d.shell.Vault() != v {
		t.Fatal("locked too early")
	}
	d.mu.Lock()
	d.idle = after
	d.mu.Unlock()
	d.clock.Advance(d.queue, idlePoll)
	d.until("lock", func() bool { return d.shell.State().Page == PageUnlock })
}

// Where the system does not tell, input to our own window counts.
func TestIdleByOwnInput(t *testing.T) {
	d, v, _ := openDesk(t)
	d.mu.Lock()
	d.idleErr = errForTest
	d.mu.Unlock()
	for range 3 {
		d.clock.Advance(d.queue, d.shell.settings.LockAfter-2*idlePoll)
		d.until("idle poll", func() bool { return !d.shell.polling })
		d.shell.Touch()
	}
	if d.shell.Vault() != v {
		t.Fatal("locked in spite of input")
	}
	d.clock.Advance(d.queue, d.shell.settings.LockAfter+idlePoll)
	d.until("lock", func() bool { return d.shell.State().Page == PageUnlock })
}

func TestAwayLocksBeforeItReturns(t *testing.T) {
	d, _, _ := openDesk(t)
	unlocked := d.shell.unlocked
	away := func() (err error) {
		returned := false
		go func() {
			d.shell.Away(context.Background())
			_, failed := unlocked.Vault().Save(context.Background(), testpc.Login("x", "y", "z"))
			d.queue.Post(func() { err, returned = failed, true })
		}()
		d.until("return of Away", func() bool { return returned })
		return err
	}
	if err := away(); err == nil {
		t.Error("the vault was open when Away returned")
	}
	away() // while nothing is open it returns at once
}

func TestLockSavesWhatIsBeingTyped(t *testing.T) {
	for name, lock := range map[string]func(*desk){
		"by the person": func(d *desk) { d.shell.Lock() },
		"by idle time":  func(d *desk) { d.shell.lockNow(d.shell.unlocked.Account().ID) },
	} {
		t.Run(name, func(t *testing.T) {
			d, v, _ := openDesk(t)
			d.add("Mail", "anna", "old")
			d.show(v, "Mail").Edit()
			v.Editor().SetSecret(string(passwordField), testpc.Typed("half typ"))
			lock(d)
			v = d.unlock()
			if toast := v.State().Toast.Text; !strings.Contains(toast, "saved when Coffer locked") {
				t.Errorf("toast %q", toast)
			}
			item := d.item("Mail")
			if got := string(item.Value(vault.Password).Reveal()); got != "half typ" {
				t.Errorf("password %q", got)
			}
			if len(item.History) != 1 || string(item.History[0].Value.Reveal()) != "old" {
				t.Error("the replaced password is not in the history")
			}
		})
	}
}

// Half a date is no date, so its field does not take it; it is kept all the same.
func TestLockKeepsWhatAFieldCannot(t *testing.T) {
	d, v, _ := openDesk(t)
	card := vault.Item{Kind: vault.Card, Title: "Visa"}
	card.Set(vault.Expires, testpc.Typed("2027-01"))
	testpc.Save(t, d.shell.unlocked, card)
	d.until("Visa", func() bool { return d.row(v, "Visa") >= 0 })
	d.show(v, "Visa").Edit()
	v.Editor().SetText("value/expires", "9/2")
	d.shell.lockNow(d.shell.unlocked.Account().ID)
	d.unlock()
	item := d.item("Visa")
	if got := string(item.Value(vault.Expires).Reveal()); got != "2027-01" {
		t.Errorf("expires %q", got)
	}
	if len(item.Custom) != 1 || item.Custom[0].Label != "Expires" || string(item.Custom[0].Value.Reveal()) != "9/2" {
		t.Errorf("%+v", item.Custom)
	}
}

// What is typed while a lock saves would be in neither the vault nor on the screen, though people are told that it was saved.
func TestLockTakesNoTypingWhileItSaves(t *testing.T) {
	d, v, _ := openDesk(t)
	v.New(string(vault.Login))
	v.Editor().SetText("title", "Mail")
	v.Lock()
	if s := v.Editor().State(); !s.Busy {
		t.Error("typing goes on while the lock saves")
	}
	v.Editor().SetText("value/username", "typed too late")
	if got := v.Editor().item.Value(vault.Username).Reveal(); len(got) != 0 {
		t.Errorf("took %q", got)
	}
	d.unlock()
	v = d.shell.Vault()
	v.New(string(vault.Login))
	v.Editor().SetText("value/notes", strings.Repeat("x", 2<<20)) // more than an item can be
	v.Lock()
	d.until("question", func() bool { return !v.State().Ask.IsZero() })
	v.Answer(false)
	v.Editor().SetText("value/notes", "short")
	if got := v.Editor().item.Value(vault.Notes).Reveal(); string(got) != "short" {
		t.Errorf("takes no typing after a lock that failed: %.20q", got)
	}
}

// What cannot be saved when the vault locks by itself, here because it is larger than an item can be, is in the editor again after the
// unlock, as an edit of what it was an edit of.
func TestLockKeepsWhatCannotBeSaved(t *testing.T) {
	huge := strings.Repeat("spilt", 1<<19)
	for name, begin := range map[string]func(*desk, *Vault){
		"an edited item": func(d *desk, v *Vault) { d.add("Mail", "anna", "old"); d.show(v, "Mail").Edit() },
		"a new item":     func(_ *desk, v *Vault) { v.New(string(vault.Login)); v.Editor().SetText("title", "Mail") },
	} {
		t.Run(name, func(t *testing.T) {
			d, v, _ := openDesk(t)
			begin(d, v)
			v.Editor().SetText("value/notes", huge)
			v.Editor().SetSecret(string(passwordField), testpc.Typed("half typ"))
			d.shell.lockNow(d.shell.unlocked.Account().ID)
			d.until("notice", func() bool { return !d.shell.State().Notice.IsZero() })
			if safe := d.shell.State().Notice.Safe; !strings.Contains(safe, "until you quit Coffer") {
				t.Errorf("told: %q", safe)
			}
			v = d.unlock()
			d.until("the editor", func() bool { return v.Editor() != nil })
			e := v.Editor()
			if got := e.item.Value(vault.Notes).Reveal(); string(got) != huge {
				t.Fatalf("%d bytes of notes, want %d", len(got), len(huge))
			}
			if e.State().New != (name == "a new item") || !e.dirty() {
				t.Errorf("new %v, dirty %v", e.State().New, e.dirty())
			}
			e.SetText("value/notes", "short")
			e.Save()
			d.until("saved", func() bool { return v.Editor() == nil && d.row(v, "Mail") >= 0 })
			item := d.item("Mail")
			if p, n := item.Value(vault.Password).Reveal(), item.Value(vault.Notes).Reveal(); string(p) != "half typ" || string(n) != "short" {
				t.Errorf("password %q, notes %q", p, n)
			}
			if name == "an edited item" && !slices.ContainsFunc(item.History, func(p vault.Past) bool { return string(p.Value.Reveal()) == "old" }) {
				t.Error("the replaced password is not in the history")
			}
			if len(d.shell.drafts[d.shell.unlocked.Account().ID]) != 0 {
				t.Error("the draft is kept on")
			}
		})
	}
}

// A draft is kept until an editor has it: neither a lock that is quicker nor another item that is being typed loses it.
func TestDraftWaitsForAnEditor(t *testing.T) {
	d, v, _ := openDesk(t)
	lock := func() { d.shell.lockNow(d.shell.unlocked.Account().ID) }
	v.New(string(vault.Login))
	v.Editor().SetText("value/notes", strings.Repeat("x", 2<<20))
	lock()
	d.until("the draft", func() bool { return len(d.shell.drafts) == 1 })
	d.enter()
	lock() // before the draft is open
	v = d.enter()
	v.New(string(vault.Login))
	v.Editor().SetText("title", "Another")
	lock()
	v = d.unlock()
	d.until("the editor", func() bool { return v.Editor() != nil && d.row(v, "Another") >= 0 })
	if n := v.Editor().item.Value(vault.Notes).Len(); n != 2<<20 {
		t.Errorf("%d bytes of notes", n)
	}
}

// Nobody is there while the new account's kit is on the screen: the vault is open by then, and must not stay so.
func TestIdleLocksBeforeTheVaultIsShown(t *testing.T) {
	d, w, server := welcomeDesk(t)
	d.codePage(w)
	w.SetCode(server.LastCode(t, anna))
	d.page(w, PagePassword)
	w.SetPassword(testpc.Typed(testpc.Password))
	w.SetRepeat(testpc.Typed(testpc.Password))
	w.Continue()
	d.page(w, PageKit)
	unlocked := w.unlocked
	d.mu.Lock()
	d.idle = time.Hour
	d.mu.Unlock()
	d.clock.Advance(d.queue, idlePoll)
	d.until("lock", func() bool { return d.shell.State().Page == PageUnlock })
	<-d.shell.closed
	if _, err := unlocked.Vault().Save(t.Context(), testpc.Login("x", "y", "z")); err == nil {
		t.Error("the vault is still open")
	}
	d.mu.Lock()
	d.idle = 0
	d.mu.Unlock()
	if v := d.unlock(); !strings.Contains(v.State().Toast.Text, "emergency kit is not saved") {
		t.Errorf("toast %q", v.State().Toast.Text)
	}
}

func TestUnsavableEditKeepsTheVaultOpen(t *testing.T) {
	d, v, _ := openDesk(t)
	v.New(string(vault.Login))
	v.Editor().SetText("title", "Big")
	v.Editor().SetText("value/notes", strings.Repeat("x", 2<<20)) // more than an item can be
	v.Lock()
	d.until("question", func() bool { return !v.State().Ask.IsZero() })
	if s := v.State(); s.Problem.What != "This item is larger than an item can be: about one megabyte." || s.Pane != PaneEditor {
		t.Errorf("%+v", s.Problem)
	}
	v.Answer(false)
	if d.shell.State().Page != PageVault || v.Editor().State().Name.Value != "Big" {
		t.Fatal("what was typed is gone")
	}
	v.Lock()
	d.until("question", func() bool { return !v.State().Ask.IsZero() })
	v.Answer(true)
	if d.shell.State().Page != PageUnlock {
		t.Error("it does not lock at all")
	}
	// Nobody can be asked when the computer goes to sleep: it locks, and says what was lost.
	v = d.unlock()
	v.New(string(vault.Login))
	v.Editor().SetText("value/notes", strings.Repeat("x", 2<<20))
	d.shell.leaveAlone()
	d.until("notice", func() bool { return !d.shell.State().Notice.IsZero() })
	if n := d.shell.State().Notice; !strings.Contains(n.Safe, "could not be saved") {
		t.Errorf("%+v", n)
	}
}

func TestQuitClearsLocksAndEnds(t *testing.T) {
	d, v, _ := openDesk(t)
	d.add("Mail", "anna", "hunter2")
	d.show(v, "Mail").CopyPassword()
	d.until("copy", func() bool { return d.clipboard.holds() != "" })
	unlocked := d.shell.unlocked
	d.shell.Quit()
	d.shell.Quit() // once is enough
	d.until("end", func() bool { return d.quit })
	if d.clipboard.holds() != "" {
		t.Error("the clipboard was not cleared")
	}
	if _, err := unlocked.Vault().Save(t.Context(), testpc.Login("x", "y", "z")); err == nil {
		t.Error("the vault is open after the end")
	}
}

func TestSecondStartShowsTheWindow(t *testing.T) {
	d, _, _ := openDesk(t)
	before := d.shell.State().Shows
	go d.shell.Show()
	d.until("show", func() bool { return d.shell.State().Shows == before+1 })
}

func TestSwitchingAccounts(t *testing.T) {
	d, v, server := openDesk(t)
	v.SwitchTo("") // to an account that is not here yet
	if d.shell.State().Page != PageWelcome {
		t.Fatal("no welcome for another account")
	}
	w := d.shell.Welcome()
	w.Create()
	w.SetEmail("ben@example.com")
	w.Continue()
	d.until("code page", func() bool { return w.State().Page == PageCode })
	w.SetCode(server.LastCode(t, "ben@example.com"))
	d.until("password page", func() bool { return w.State().Page == PagePassword })
	w.SetPassword(testpc.Typed(testpc.Password))
	w.SetRepeat(testpc.Typed(testpc.Password))
	w.Continue()
	d.until("kit page", func() bool { return w.State().Page == PageKit })
	w.SaveKit()
	d.until("kit saved", func() bool { return w.State().Kit.Kept != "" })
	w.ConfirmKit(true)
	w.Continue()
	d.until("import", func() bool { return w.State().Page == PageImport && w.Import().State().Page == ImportNothing })
	w.Import().Skip()
	v = d.waitForVault()
	accounts := v.State().Accounts
	if len(accounts) != 3 || !accounts[0].Selected || !strings.Contains(accounts[1].Label, anna) || accounts[2].ID != "" {
		t.Fatalf("accounts %+v", accounts)
	}
	v.SwitchTo(accounts[1].ID) // it was open all the time
	if v := d.waitForVault(); v.State().Account != anna {
		t.Error("another account was opened")
	}
}

func TestLanguageChangesWhileRunning(t *testing.T) {
	d, v, _ := openDesk(t)
	// A catalog that is not the one in use stands for another language: all models have to speak again.
	changes := 0
	v.OnChange(func(VaultState) { changes++ })
	d.shell.retranslate()
	if changes == 0 {
		t.Error("the vault was not told")
	}
}
