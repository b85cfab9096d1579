package screen

import (
	"strings"
	"time"

	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/audit"
)

// findingIcons are the signs of the findings.
var findingIcons = map[vault.Finding]assets.IconName{
	vault.FindingBreached: assets.IconShieldX, vault.FindingWeak: assets.IconTriangleAlert, vault.FindingReused: assets.IconCopyCheck,
	vault.FindingInsecure: assets.IconLockOpen, vault.FindingExpired: assets.IconCalendar, vault.FindingOld: assets.IconClock,
	vault.FindingNoCode: assets.IconTimer, ignoredFindings: assets.IconCheck,
}

// manyLeft is how many items have to be left for the screen to say so: a few are examined before anybody has read it.
const manyLeft = 50

func (s *Security) view() SecurityState {
	r := s.result()
	state := SecurityState{Title: s.text("screen.security.title"), Problem: s.problem, Breach: s.breachCard()}
	if !s.problem.IsZero() {
		state.Again = s.text("screen.security.again")
	}
	if r.Left > manyLeft {
		state.Progress = Progress{Done: r.Done, Total: r.Done + r.Left, Text: s.text("screen.security.progress", "done", r.Done, "total", r.Done+r.Left)}
	}
	if s.check == nil || r.Counts == nil {
		state.Headline = s.text("screen.security.checking")
		if !s.problem.IsZero() {
			state.Headline = s.text("screen.security.stopped")
		}
		return state
	}
	s.overall(&state, r)
	for _, f := range audit.All() {
		tile := s.tile(f, r.Counts[f])
		switch {
		case !audit.IsProblem(f):
			state.Hints = append(state.Hints, tile)
		case tile.Selected || r.Counts[f] > 0 || s.looksFor(f):
			state.Problems = append(state.Problems, tile)
		}
	}
	if r.Ignored > 0 || s.vault.place.Finding == ignoredFindings {
		state.Hints = append(state.Hints, s.tile(ignoredFindings, r.Ignored))
	}
	state.HintsFor = s.text("screen.security.hints")
	if f := s.vault.place.Finding; f != "" {
		state.Advice = Message{What: s.text("screen.security.finding." + string(f)), Next: s.text("screen.security.advice." + string(f))}
	}
	return state
}

// looksFor tells whether a finding is worth a tile where there is none: what is not looked for is not told to be in order, and few have
// items that expire.
func (s *Security) looksFor(f vault.Finding) bool {
	switch f {
	case vault.FindingBreached:
		return s.check.Breaches().On
	case vault.FindingExpired:
		return false
	}
	return true
}

// overall is the figure and the sentence beside it.
func (s *Security) overall(state *SecurityState, r audit.Result) {
	state.Share, state.Tone = r.Share(), ToneGood
	state.ShareText = s.text("screen.security.share", "n", int(100*r.Share()))
	switch {
	case r.Passwords == 0 && r.Problems == 0:
		state.Headline, state.Body, state.ShareText = s.text("screen.security.none"), s.text("screen.security.noneBody"), ""
		return
	case r.Problems == 0:
		state.Headline, state.Body = s.text("screen.security.good"), s.env.Words.Count("screen.security.goodBody", r.Passwords)
		return
	case r.Share() < .5:
		state.Tone = ToneWarning
	}
	state.Headline = s.env.Words.Count("screen.security.toMend", r.Problems)
	state.Body = s.env.Words.Count("screen.security.inOrder", r.Passwords, "good", s.text("screen.number", "n", r.Good))
}

func (s *Security) tile(f vault.Finding, count int) FindingTile {
	t := FindingTile{Finding: f, Icon: findingIcons[f], Count: s.text("screen.number", "n", count), Label: s.text("screen.security.finding." + string(f)),
		Selected: s.vault.place.Kind == PlaceSecurity && s.vault.place.Finding == f}
	switch {
	case count == 0:
		t.Tone = ToneGood
	case f == vault.FindingBreached:
		t.Tone = ToneError
	case audit.IsProblem(f):
		t.Tone = ToneWarning
	}
	if count == 0 && (f == ignoredFindings || !audit.IsProblem(f)) {
		t.Tone = ToneQuiet
	}
	return t
}

func (s *Security) breachCard() BreachCard {
	on := s.vault.present().CheckBreaches
	card := BreachCard{Label: s.text("screen.security.breach.switch"), On: on, Server: s.server, Hint: s.hint,
		Body: s.text("screen.security.breach.body", "server", hostOf(s.address()))}
	if !on {
		card.Body = s.text("screen.security.breach.bodyOff", "server", hostOf(s.address()))
	}
	if !on || s.check == nil {
		return card
	}
	switch b := s.check.Breaches(); {
	case b.Err != nil && b.Offline():
		card.Status, card.Tone = s.text("screen.security.breach.offline", "server", hostOf(s.address())), ToneWarning
	case b.Err != nil:
		card.Status, card.Tone = s.text("screen.security.breach.strange", "server", hostOf(s.address())), ToneWarning
	case b.Left > 0:
		card.Status = s.env.Words.Count("screen.security.breach.left", b.Left)
	case b.On:
		card.Status, card.Tone = s.text("screen.security.breach.done"), ToneGood
	}
	return card
}

// why says in a few words what is to be said of an item.
func why(words *assets.Catalog, e audit.Entry) string {
	findings := e.Findings.Problems()
	if findings == 0 {
		findings = e.Findings
	}
	if findings == 0 {
		findings = e.Ignored
	}
	var parts []string
	for _, f := range findings.List() {
		parts = append(parts, words.Text("screen.security.why."+string(f)))
	}
	return strings.Join(parts, "  ·  ")
}

// examined puts into a row what the check says of its item.
func (r Rows) examined(row *ItemRow) {
	if r.check == nil {
		return
	}
	e := r.check(row.ID)
	if risky := e.Findings.Worst(); risky == vault.FindingBreached || risky == vault.FindingWeak {
		row.Risk = r.words.Text("screen.security.why." + string(risky))
	}
	if r.why {
		if text := why(r.words, e); text != "" {
			row.Subtitle = text
		}
	}
}

// bannerOf are the banners of the findings.
var bannerOf = map[vault.Finding]BannerKind{
	vault.FindingBreached: BannerBreached, vault.FindingWeak: BannerWeak, vault.FindingReused: BannerReused, vault.FindingOld: BannerOld,
	vault.FindingInsecure: BannerInsecure, vault.FindingExpired: BannerExpired, vault.FindingNoCode: BannerNoCode,
}

// alwaysTold are the findings that are told wherever the item is shown, the worst of them; the rest is told in the security check.
var alwaysTold = []vault.Finding{vault.FindingBreached, vault.FindingWeak, vault.FindingReused}

// findingBanners say what the check found of the item, and what to do about it.
func (d *Detail) findingBanners() []Banner {
	if d.item.TrashedAt != 0 || d.item.ArchivedAt != 0 && !d.meters.weak(string(passwordField)) {
		return nil
	}
	e := d.entry()
	var banners []Banner
	if !d.config.InCheck {
		for _, f := range alwaysTold {
			if e.Findings.Has(f) {
				return []Banner{d.findingBanner(f, e)}
			}
		}
		return nil
	}
	for _, f := range e.Findings.List() {
		banners = append(banners, d.findingBanner(f, e))
	}
	for _, f := range e.Ignored.List() {
		banners = append(banners, Banner{Kind: bannerOf[f], Finding: f, Ignored: true, Tone: ToneQuiet, Title: d.text("screen.security.finding." + string(f)),
			Body: d.text("screen.security.ignoredBody"), Ignore: d.text("screen.security.unignore")})
	}
	return banners
}

// entry is what the check found. Whether the password is weak the meter knows, and at once.
func (d *Detail) entry() audit.Entry {
	var e audit.Entry
	if d.config.Findings != nil {
		e = d.config.Findings(d.id)
	}
	return e.WithWeak(d.meters.weak(string(passwordField)), &d.item)
}

func (d *Detail) findingBanner(f vault.Finding, e audit.Entry) Banner {
	b := Banner{Kind: bannerOf[f], Finding: f, Tone: ToneWarning, Title: d.text("screen.detail." + string(f)), Body: d.text("screen.detail." + string(f) + "Body")}
	switch f {
	case vault.FindingBreached:
		b.Tone, b.Body = ToneError, d.env.Words.Count("screen.detail.breachedBody", e.Breaches)
	case vault.FindingReused:
		b.Body = d.reusedBody()
	case vault.FindingOld:
		b.Tone, b.Body = ToneQuiet, d.text("screen.detail.oldBody", "date", d.env.Words.Date(e.Since.In(time.Local)))
	case vault.FindingNoCode:
		b.Tone = ToneQuiet
	}
	if !d.readOnly() {
		b.Action = d.text("screen.detail." + string(f) + "Action")
		if d.config.Ignore != nil {
			b.Ignore = d.text("screen.security.ignore")
		}
	}
	return b
}

// fewTwins is how many other items are named.
const fewTwins = 3

func (d *Detail) reusedBody() string {
	var twins []string
	if d.config.Twins != nil {
		twins = d.config.Twins(d.id)
	}
	if more := len(twins) - fewTwins; more > 0 {
		return d.env.Words.Count("screen.detail.reusedMore", more, "titles", strings.Join(twins[:fewTwins], ", "))
	}
	return d.text("screen.detail.reusedBody", "titles", strings.Join(twins, ", "))
}

// Ignore calls a finding no problem, or takes that back.
func (d *Detail) Ignore(f vault.Finding, ignore bool) {
	if d.loaded && d.State().CanEdit && d.config.Ignore != nil {
		d.config.Ignore(d.id, f, ignore)
	}
}

// changePassword opens the website, where the password has to be changed too, and the editor with the generator.
func (d *Detail) changePassword() {
	if d.loaded && d.State().CanEdit {
		d.OpenSite()
		d.edit(true)
	}
}

// Back leads from an item to the overview of the check.
func (d *Detail) Back() {
	if d.config.Back != nil {
		d.config.Back()
	}
}
