package screen

import (
	"slices"
	"testing"

	"github.com/coffer-vault/coffer/app/breach"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/vault"
)

// checked opens the security check of a vault with three logins: one weak, two with one password.
func checkedDesk(t *testing.T) (*desk, *Vault) {
	d, v, _ := openDesk(t)
	d.add("Amazon", "anna", "amazon1")
	d.add("Bank", "anna", "Kp9!vTw2#Hs6-Xd")
	d.add("Mail", "anna", "Kp9!vTw2#Hs6-Xd")
	v.Go(Place{Kind: PlaceSecurity})
	d.until("three findings", func() bool {
		return d.titles(v) == "Amazon, Bank, Mail" && v.Security().State().Headline == "3 items to fix"
	})
	return d, v
}

func TestSecurityCheckLeadsToItems(t *testing.T) {
	d, v := checkedDesk(t)
	s := v.Security().State()
	if v.State().Pane != PaneSecurity || s.ShareText != "0%" || s.Tone != ToneWarning || v.State().Rows.At(0).Subtitle != "Weak password" {
		t.Errorf("%+v, %+v", s, v.State().Rows.At(0))
	}
	for _, tile := range slices.Concat(s.Problems, s.Hints) {
		checkWords(t, "tile", tile.Label, tile.Count)
	}
	nav := v.State().Nav[0].Places
	if at := slices.IndexFunc(nav, func(r NavRow) bool { return r.Place.Kind == PlaceSecurity }); nav[at].Count != "3" || !nav[at].Selected {
		t.Errorf("%+v", nav)
	}
	v.Security().Choose(vault.FindingReused)
	d.until("reused", func() bool { return d.titles(v) == "Bank, Mail" })
	if advice := v.Security().State().Advice; advice.What != "Reused" || v.State().Pane != PaneSecurity {
		t.Errorf("%+v", advice)
	}
	detail := d.show(v, "Bank")
	d.until("banner", func() bool { return len(detail.State().Banners) == 1 })
	if b := detail.State().Banners[0]; b.Kind != BannerReused || b.Body != "Also used for Mail. If one site loses it, the others are open too." || b.Action == "" {
		t.Errorf("%+v", b)
	}
	detail.Back()
	if v.State().Pane != PaneSecurity || v.place.Finding != vault.FindingReused {
		t.Error("the way back leads elsewhere")
	}
	v.Security().Choose(vault.FindingReused)
	d.until("all", func() bool { return d.titles(v) == "Amazon, Bank, Mail" })
}

func TestNotAProblemCanBeTakenBack(t *testing.T) {
	d, v := checkedDesk(t)
	detail := d.show(v, "Amazon")
	d.until("banner", func() bool { return len(detail.State().Banners) == 1 })
	detail.Ignore(vault.FindingWeak, true)
	d.until("no longer counted", func() bool {
		b := detail.State().Banners
		return v.Security().State().Headline == "2 items to fix" && len(b) == 1 && b[0].Ignored && b[0].Action == ""
	})
	v.Go(Place{})
	d.until("list", func() bool { return d.row(v, "Amazon") >= 0 })
	if row := v.State().Rows.At(d.row(v, "Amazon")); row.Risk != "" {
		t.Errorf("%+v", row)
	}
	v.Undo()
	d.until("counted", func() bool { return v.State().Rows.At(d.row(v, "Amazon")).Risk == "Weak password" })
	// Elsewhere than in the check only the worst is told, and no hint.
	if detail := d.show(v, "Amazon"); detail.State().Back != "" {
		t.Error("a way back to where nobody was")
	}
}

func TestBreachesNeedAYes(t *testing.T) {
	d, v := checkedDesk(t)
	s := v.Security()
	kept := func() session.Settings { return d.pc.Settings() }
	s.SetServer("breaches example")
	s.KeepServer()
	if s.State().Breach.Hint.Tone != ToneError || kept().BreachServer != "" {
		t.Error("that is no address")
	}
	s.SetServer(" 127.0.0.1:1 ")
	s.KeepServer()
	d.until("kept", func() bool { return kept().BreachServer == "https://127.0.0.1:1" })
	s.SetBreaches(true)
	if v.State().Ask.Confirm == "" || s.State().Breach.On || kept().CheckBreaches {
		t.Error("on without a question")
	}
	v.Answer(false)
	if s.State().Breach.On {
		t.Error("on after a no")
	}
	s.SetBreaches(true)
	v.Answer(true)
	d.until("trouble", func() bool { return kept().CheckBreaches && s.State().Breach.Tone == ToneWarning })
	checkWords(t, "breaches", s.State().Breach.Status, s.State().Breach.Body)
	s.SetBreaches(false)
	d.until("off", func() bool { return !kept().CheckBreaches && s.State().Breach.Status == "" })
	s.SetServer(breach.Public)
	s.KeepServer()
	d.until("the public one", func() bool { return kept().BreachServer == "" && s.State().Breach.Server == "" })
}
