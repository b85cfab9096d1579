package screen

import (
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// rich is a login with something of everything.
func rich() vault.Item {
	it := testpc.Login("GitHub", "anna", "hunter2")
	it.Set(vault.OTP, testpc.Typed("otpauth://totp/GitHub:anna?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")) // RFC 6238's key
	it.Set(vault.Notes, testpc.Typed("line one\nline two"))
	it.Websites = []string{"https://github.com/login", "javascript:alert(1)"}
	it.Custom = []vault.CustomField{
		{ID: id.New(), Label: "Recovery code", Type: vault.Concealed, Value: testpc.Typed("1234-5678")},
		{ID: id.New(), Label: "Empty", Type: vault.Text},
	}
	it.Tags = []string{"work"}
	return it
}

func richDesk(t *testing.T) (*desk, *Vault, *Detail) {
	t.Helper()
	d, v, _ := openDesk(t)
	testpc.Save(t, d.shell.unlocked, rich())
	d.until("item", func() bool { return d.row(v, "GitHub") >= 0 })
	return d, v, d.show(v, "GitHub")
}

func TestDetailShowsEverythingButSecrets(t *testing.T) {
	_, _, detail := richDesk(t)
	s := detail.State()
	if s.Kind != "Login" || !s.CanEdit || s.Loading || !strings.HasPrefix(s.Footer, "Edited ") || s.HistoryLabel != "" {
		t.Errorf("%+v", s)
	}
	var labels []string
	for _, card := range s.Cards {
		var names []string
		for _, row := range card.Rows {
			names = append(names, row.Label)
			if strings.Contains(row.Value, "hunter2") || strings.Contains(row.Value, "1234-5678") || strings.Contains(row.Value, "GEZDG") {
				t.Errorf("%s gives a secret away: %q", row.Label, row.Value)
			}
			checkWords(t, row.Label, row.Label, row.CopyTip, row.RevealTip, row.OpenTip)
		}
		labels = append(labels, strings.Join(names, ", "))
	}
	if got, want := strings.Join(labels, " | "), "Username, Password, One-time code | Website, Website | Recovery code | Notes"; got != want {
		t.Errorf("cards %s, want %s", got, want)
	}
	if row := detailRow(t, detail, "Notes"); row.Type != RowNote || row.Value != "line one\nline two" {
		t.Errorf("%+v", row)
	}
}

func TestRevealHidesAgain(t *testing.T) {
	d, v, detail := richDesk(t)
	row := detailRow(t, detail, "Password")
	if row.Type != RowSecret || row.Revealed || detail.Secret(row.ID).Len() != 0 {
		t.Fatalf("%+v", row)
	}
	v.Do(ActionReveal)
	row = detailRow(t, detail, "Password")
	if !row.Revealed || row.RevealTip != "Hide Password" || string(detail.Secret(row.ID).Reveal()) != "hunter2" {
		t.Errorf("%+v", row)
	}
	// What the view gets is its own: wiping it changes nothing.
	shown := detail.Secret(row.ID)
	shown.Wipe()
	if string(detail.Secret(row.ID).Reveal()) != "hunter2" {
		t.Error("the view's copy is the item's own")
	}
	d.clock.Advance(d.queue, revealTime-time.Second)
	if !detailRow(t, detail, "Password").Revealed {
		t.Error("hidden too early")
	}
	d.clock.Advance(d.queue, time.Second)
	if detailRow(t, detail, "Password").Revealed || detail.Secret(row.ID).Len() != 0 {
		t.Error("still revealed after its time")
	}
	detail.Reveal(row.ID)
	detail.Reveal(row.ID)
	if detailRow(t, detail, "Password").Revealed {
		t.Error("a second click does not hide")
	}
	detail.Reveal("value/nonsense")
	if detail.Secret("value/nonsense").Len() != 0 {
		t.Error("a field that is not there")
	}
}

func TestOneTimeCodeCountsDown(t *testing.T) {
	env, d := newEnv(t)
	// The clock of RFC 6238's third test vector: 1111111111 s, one second into a period.
	at := time.Unix(1111111111, 0)
	d.clock.Advance(d.queue, at.Sub(d.clock.Now()))
	detail := loaded(d, env, rich())
	row := detailRow(t, detail, "One-time code")
	if row.Type != RowCode || row.Code.Text != "050 471" || row.Code.LeftText != "20 s" || !row.Code.Valid {
		t.Errorf("%+v", row.Code)
	}
	d.clock.Advance(d.queue, 28*time.Second)
	if code := detailRow(t, detail, "One-time code").Code; code.Text != "050 471" || code.LeftText != "1 s" || code.Left > 0.04 {
		t.Errorf("%+v", code)
	}
	d.clock.Advance(d.queue, time.Second)
	if code := detailRow(t, detail, "One-time code").Code; code.Text == "050 471" || code.Left != 1 {
		t.Errorf("%+v", code)
	}
}

func TestUnusableOneTimeKeySaysSo(t *testing.T) {
	env, d := newEnv(t)
	it := testpc.Login("Mail", "anna", "hunter2")
	it.Set(vault.OTP, testpc.Typed("not a key!"))
	copied := 0
	detail := loadedWith(d, env, it, func(c *DetailConfig) { c.Copied = func(secretText, string) { copied++ } })
	if code := detailRow(t, detail, "One-time code").Code; code.Valid || code.Text != "This key gives no codes" {
		t.Errorf("%+v", code)
	}
	detail.CopyCode()
	if copied != 0 {
		t.Error("the key itself was copied")
	}
}

func TestCopyFromDetail(t *testing.T) {
	env, d := newEnv(t)
	var text, what string
	detail := loadedWith(d, env, rich(), func(c *DetailConfig) {
		c.Copied = func(s secretText, label string) { text, what = string(s.Reveal()), label }
	})
	code, err := codeAt(detail.item.Value(vault.OTP), d.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		copy       func()
		text, what string
	}{
		{detail.CopyUser, "anna", "Username"},
		{detail.CopyPassword, "hunter2", "Password"},
		{detail.CopyCode, code.text, "One-time code"},
		{func() { detail.Copy("website/0") }, "https://github.com/login", "Website"},
		{func() { detail.Copy(detailRow(t, detail, "Recovery code").ID) }, "1234-5678", "Recovery code"},
		{func() { detail.Copy("website/9") }, "", ""},
		{func() { detail.Copy("history/0") }, "", ""},
		{func() { detail.Copy("nonsense") }, "", ""},
	} {
		text, what = "", ""
		test.copy()
		if text != test.text || what != test.what {
			t.Errorf("copied %q as %q, want %q as %q", text, what, test.text, test.what)
		}
	}
}

func TestOpenOnlyWebPages(t *testing.T) {
	d, v, detail := richDesk(t)
	v.Do(ActionOpenSite)
	opened := func() int { d.mu.Lock(); defer d.mu.Unlock(); return len(d.opened) }
	d.until("page", func() bool { return opened() == 1 })
	if d.opened[0] != "https://github.com/login" {
		t.Errorf("opened %v", d.opened)
	}
	var tips []string
	for _, row := range detail.State().Cards[1].Rows {
		tips = append(tips, row.OpenTip)
	}
	if tips[0] == "" || tips[1] != "" {
		t.Errorf("tips %q", tips)
	}
	detail.Open("website/1")
	d.queue.Drain()
	if opened() != 1 {
		t.Error("a script was opened")
	}
}

func TestWeakPasswordLeadsToTheGenerator(t *testing.T) {
	d, v, detail := richDesk(t)
	d.until("strength", func() bool { return len(detail.State().Banners) == 1 })
	banner := detail.State().Banners[0]
	if banner.Kind != BannerWeak || banner.Action != "Change password" {
		t.Errorf("%+v", banner)
	}
	if m := detailRow(t, detail, "Password").Meter; !m.Shown || m.Text != "Weak" {
		t.Errorf("%+v", m)
	}
	detail.Act(BannerWeak)
	if s := v.State(); s.Pane != PaneEditor || s.Dialog != DialogGenerator {
		t.Fatalf("pane %d, dialog %d", s.Pane, s.Dialog)
	}
	v.Generator().Use()
	e := v.Editor()
	d.until("filled", func() bool { return e.State().Fields[1].Filled == 1 })
	if string(e.Secret("value/password").Reveal()) == "hunter2" {
		t.Error("the new password did not arrive")
	}
	e.Save()
	d.until("saved", func() bool { return v.Detail() != nil && v.Detail().State().HistoryLabel == "One earlier version" })
	detail = v.Detail()
	detail.ToggleHistory()
	edits := detail.State().History
	if len(edits) != 1 || len(edits[0].Rows) != 1 || !strings.HasPrefix(edits[0].When, "Until ") {
		t.Fatalf("%+v", edits)
	}
	past := edits[0].Rows[0]
	if past.Label != "Password" || !past.Secret {
		t.Fatalf("%+v", past)
	}
	detail.Reveal(past.ID)
	if string(detail.Secret(past.ID).Reveal()) != "hunter2" {
		t.Error("the earlier password cannot be seen")
	}
	d.until("strength", func() bool { return len(detail.State().Banners) == 0 })
}

func TestEarlierVersionIsRestored(t *testing.T) {
	d, v, _ := openDesk(t)
	d.add("Mail", "anna", "hunter2")
	d.show(v, "Mail").Edit()
	e := v.Editor()
	e.SetText("title", "Post")
	e.SetText("value/username", "")
	e.SetText("value/notes", "new")
	e.Save()
	d.until("saved", func() bool { return v.Detail() != nil && v.Detail().State().Title == "Post" })
	detail := v.Detail()
	detail.ToggleHistory()
	edit := detail.State().History[0]
	var rows []string
	for _, row := range edit.Rows {
		rows = append(rows, row.Label+"="+row.Value)
	}
	if got := strings.Join(rows, " "); got != "Name=Mail Username=anna Notes=Nothing" || edit.Restore != "Restore this version" {
		t.Errorf("%s, %q", got, edit.Restore)
	}
	detail.RestoreVersion(7) // there is none
	detail.RestoreVersion(edit.Edit)
	d.until("restored", func() bool {
		return v.Detail().State().Title == "Mail" && d.titles(v) == "Mail" && v.State().Toast.Text == "The earlier version is back."
	})
	if it := d.item("Mail"); string(it.Value(vault.Username).Reveal()) != "anna" || !it.Value(vault.Notes).IsZero() {
		t.Error("not as it was")
	}
	d.undo(v, "The earlier version is back.")
	d.until("undone", func() bool {
		return v.Detail().State().Title == "Post" && v.Detail().State().HistoryLabel == "3 earlier versions"
	})
}

func TestHistoryOfAnItemThatCannotBeEditedRestoresNothing(t *testing.T) {
	env, d := newEnv(t)
	it := vault.Item{Kind: vault.Login, Title: "Gone", TrashedAt: 5, History: []vault.Past{{Field: vault.FieldTitle, Value: testpc.Typed("Old"), Time: 3}}}
	restored := false
	detail := loadedWith(d, env, it, func(c *DetailConfig) { c.RestoreVersion = func(id.ID, vault.Edit) { restored = true } })
	detail.ToggleHistory()
	if edits := detail.State().History; len(edits) != 1 || edits[0].Restore != "" {
		t.Errorf("%+v", edits)
	}
	if detail.RestoreVersion(0); restored {
		t.Error("it was restored")
	}
}

func TestItemOfANewerVersionIsReadOnly(t *testing.T) {
	env, d := newEnv(t)
	it := vault.Item{Kind: "hologram", Title: "Future", Values: map[vault.Key]secretText{"handle": testpc.Typed("abc")}}
	edited := false
	detail := loadedWith(d, env, it, func(c *DetailConfig) { c.Edit = func(vault.Item, bool) { edited = true } })
	s := detail.State()
	if s.CanEdit || s.Kind != "Item" || len(s.Banners) != 1 || s.Banners[0].Kind != BannerReadOnly || s.Banners[0].Action != "" {
		t.Errorf("%+v", s)
	}
	if row := detailRow(t, detail, "handle"); row.Type != RowSecret {
		t.Errorf("what is unknown is shown openly: %+v", row)
	}
	detail.Edit()
	if edited {
		t.Error("it can be edited")
	}
}

func TestCardAndIdentityReadWell(t *testing.T) {
	env, d := newEnv(t)
	card := vault.Item{Kind: vault.Card, Title: "Visa"}
	card.Set(vault.Number, testpc.Typed("4111111111111111"))
	card.Set(vault.Expires, testpc.Typed("2028-09"))
	detail := loaded(d, env, card)
	if row := detailRow(t, detail, "Expires"); row.Value != "09/2028" {
		t.Errorf("%+v", row)
	}
	if row := detailRow(t, detail, "Card number"); row.Type != RowSecret {
		t.Errorf("%+v", row)
	}
	person := vault.Item{Kind: vault.Identity, Title: "Anna"}
	person.Set(vault.Birthday, testpc.Typed("1990-05-17"))
	person.Set(vault.City, testpc.Typed("Bonn"))
	detail = loaded(d, env, person)
	if row := detailRow(t, detail, "Birthday"); row.Value != "17 May 1990" {
		t.Errorf("%+v", row)
	}
}

func TestItemThatDoesNotOpenExplainsItself(t *testing.T) {
	env, d := newEnv(t)
	for _, err := range []error{vault.ErrUnreadable, vault.ErrMissing, vault.ErrNotFound} {
		detail := NewDetail(env, DetailConfig{Get: getError(err)}, id.New())
		d.until("answer", func() bool { return !detail.State().Loading })
		if s := detail.State(); s.Problem.What == "" || s.CanEdit || len(s.Cards) != 0 {
			t.Errorf("%v: %+v", err, s)
		}
		detail.Edit()
		detail.Act(BannerConflict)
	}
}

func TestLeavingTheDetailWipes(t *testing.T) {
	env, d := newEnv(t)
	detail := loaded(d, env, rich())
	password := detail.item.Value(vault.Password)
	detail.RevealPassword()
	detail.Leave()
	if !password.IsZero() {
		t.Error("the password is still in memory")
	}
	d.clock.Advance(d.queue, time.Hour) // its timers are gone
}

func TestEveryKindHasWords(t *testing.T) {
	words := english(t)
	for _, spec := range append(vault.Kinds(), vault.KindSpec{Kind: "future"}) {
		for _, form := range []string{"name", "plural", "new", "edit"} {
			checkWords(t, string(spec.Kind), kindText(words, spec.Kind, form))
		}
		for _, f := range spec.Fields {
			checkWords(t, string(spec.Kind), fieldLabel(words, spec.Kind, f.Key))
		}
		if kindIcon(spec.Kind) == "" {
			t.Errorf("%s has no icon", spec.Kind)
		}
	}
	it := rich()
	for _, field := range []vault.Field{vault.FieldTitle, passwordField, vault.ValueField("new"), vault.CustomValue(it.Custom[0].ID),
		vault.CustomLabel(it.Custom[0].ID), vault.CustomValue(id.New()), vault.CustomValue(it.Custom[0].ID) + "/type", "unknown/99", "nonsense"} {
		if label := labelOf(words, &it, field); label == "" {
			t.Errorf("%s has no label", field)
		} else {
			checkWords(t, string(field), label)
		}
		typeOf(&it, field)
	}
	if got := typeOf(&it, "unknown/99"); !got.Secret() {
		t.Error("what is unknown counts as public")
	}
}

// The first website may be none that a browser opens; the command is about the first that is.
func TestOpenSiteTakesTheFirstThatOpens(t *testing.T) {
	env, d := newEnv(t)
	opened := make(chan string, 1)
	env.OpenURL = func(url string) error { opened <- url; return nil }
	it := testpc.Login("Mail", "anna", "x")
	it.Websites = []string{"the one at work", "https://mail.example/"}
	detail := loadedWith(d, env, it, func(*DetailConfig) {})
	detail.OpenSite()
	if got := <-opened; got != "https://mail.example/" {
		t.Error(got)
	}
	detail.item.Websites = detail.item.Websites[:1]
	detail.OpenSite()
	if len(opened) > 0 || detail.firstSite() >= 0 {
		t.Error("opened what is no address")
	}
}

// The countdown goes by steps of ten seconds until its last ten, and by the second in its last five, and never promises more than is left.
func TestCountdownGoesBySteps(t *testing.T) {
	var shown []string
	for left := 30 * time.Second; left > 0; left -= time.Second {
		c := oneTimeCode{left: left}
		if c.shownLeft() > left {
			t.Errorf("%v are shown as %v", left, c.shownLeft())
		}
		if s := c.shownLeft().String(); len(shown) == 0 || shown[len(shown)-1] != s {
			shown = append(shown, s)
		}
	}
	if got := strings.Join(shown, " "); got != "30s 20s 10s 5s 4s 3s 2s 1s" {
		t.Error(got)
	}
}

// Whoever sleeps as long as is said misses no step, and wakes for hardly more than the steps.
func TestCountdownSleepsBetweenItsSteps(t *testing.T) {
	for _, start := range []time.Duration{60 * time.Second, 30 * time.Second, 29999999999, 25*time.Second + 1, 10 * time.Second, 5 * time.Second, 4300 * time.Millisecond, 1} {
		woken := 0
		for left := start; left > 0; woken++ {
			c := oneTimeCode{left: left}
			next := c.untilNext()
			if before := (oneTimeCode{left: left - next + 2*time.Millisecond}); next > 2*time.Millisecond && before.shownLeft() != c.shownLeft() {
				t.Errorf("%v left, shown as %v: asleep for %v", left, c.shownLeft(), next)
			}
			left -= next
		}
		if most := int(start/countStep) + 7; woken > most {
			t.Errorf("%v: woken %d times, not %d", start, woken, most)
		}
	}
}

// A code in sight tells its view when it looks otherwise, not every second.
func TestCodeChangesItsViewSeldom(t *testing.T) {
	env, d := newEnv(t)
	detail := loaded(d, env, rich())
	changes := 0
	detail.Watch(func() { changes++ })
	for range 60 {
		d.clock.Advance(d.queue, time.Second)
	}
	if changes < 14 || changes > 18 {
		t.Errorf("%d changes in a minute", changes)
	}
}
