package screen

import (
	"context"
	"slices"
	"strings"

	"github.com/coffer-vault/coffer/app/breach"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/audit"
)

// SecurityState is the security check as a whole. The list beside it has the items of the tile that is chosen, or all of them.
type SecurityState struct {
	Title     string
	Share     float64 // of the passwords that are in good order, 0 to 1
	ShareText string  // "94%"; empty while nothing is known
	Tone      Tone
	Headline  string // "117 of 125 passwords are in good order"
	Body      string
	Progress  Progress // Total is 0 once all is examined
	Problem   Message
	Again     string // label of what goes on after Problem

	Problems []FindingTile
	Hints    []FindingTile
	HintsFor string  // heading of the hints; empty if there are none
	Advice   Message // on the tile that is chosen
	Breach   BreachCard
}

// FindingTile is a kind of finding with the number of its items. Security.Choose takes its finding.
type FindingTile struct {
	Finding  vault.Finding
	Icon     assets.IconName
	Tone     Tone
	Count    string
	Label    string
	Selected bool
}

// BreachCard is the look-up of passwords in known breaches, which is off unless somebody switches it on.
type BreachCard struct {
	Label  string // of the switch
	On     bool
	Body   string // what leaves the computer
	Status string // how far it is
	Tone   Tone   // of Status
	Server string // as it was typed
	Hint   Message
}

// ignoredFindings stands in a place for everything that was called no problem.
const ignoredFindings vault.Finding = "ignored"

// Security is the overview of the security check, and what the rest of the window knows of it.
type Security struct {
	model[SecurityState]
	vault    *Vault
	check    *session.Checkup // nil until it has begun
	starting bool
	problem  Message
	server   string
	hint     Message
}

func newSecurity(v *Vault) *Security {
	s := &Security{vault: v, server: v.present().BreachServer}
	s.begin(v.env, s.view)
	Run(s.run, func(context.Context) (bool, error) { return v.vault.Counts().All <= unasked, nil }, func(few bool, _ error) {
		if few {
			s.start()
		}
	})
	return s
}

// unasked is up to how many items the check begins by itself. A larger vault keeps a processor busy for more than some seconds, so it is
// checked once the person comes to see the result.
const unasked = 20_000

// start begins the check, once.
func (s *Security) start() {
	if !s.starting {
		s.starting = true
		Run(s.run, func(context.Context) (*session.Checkup, error) { return s.vault.config.Unlocked.Checkup() }, s.started)
	}
}

func (s *Security) started(check *session.Checkup, err error) {
	if err != nil {
		s.problem = explain(s.env.Words, err)
		s.changed()
		return
	}
	s.check = check
	s.vault.release = append(s.vault.release, check.OnChange(func() { s.vault.post(s.examined) }))
	s.examined()
}

// Leave forgets what was found.
func (s *Security) Leave() {
	s.check = nil
	s.model.Leave()
}

// examined shows what is new.
func (s *Security) examined() {
	s.problem = explain(s.env.Words, s.check.Err())
	s.changed()
	v := s.vault
	if v.place.Kind == PlaceSecurity {
		v.refresh()
	}
	if v.detail != nil {
		v.detail.changed()
	}
	v.changed()
}

// of is what is to be said of an item; nothing until it is examined.
func (s *Security) of(item id.ID) audit.Entry {
	if s.check == nil {
		return audit.Entry{}
	}
	return s.check.Of(item)
}

// twins are the titles of the other items with the password of an item.
func (s *Security) twins(item id.ID) []string {
	if s.check == nil {
		return nil
	}
	var titles []string
	for _, twin := range s.check.Twins(item) {
		if summary, ok := s.vault.vault.Summary(twin); ok {
			titles = append(titles, titleOf(s.env.Words, summary.Title))
		}
	}
	slices.Sort(titles)
	return titles
}

func (s *Security) result() audit.Result {
	if s.check == nil {
		return audit.Result{}
	}
	return s.check.Result()
}

// countText is how many items have a problem: nothing while that is not known, and for none.
func (s *Security) countText() string {
	if n := s.result().Problems; n > 0 {
		return s.text("screen.number", "n", n)
	}
	return ""
}

// pick leaves those rows that a place of the check is about, the worst first where the person did not search. Any goroutine may call it.
func pickFindings(check *session.Checkup, rows []*vault.Summary, f vault.Finding, searched bool) []*vault.Summary {
	if check == nil {
		return nil
	}
	ranks := map[id.ID]int{}
	picked := slices.DeleteFunc(slices.Clone(rows), func(s *vault.Summary) bool {
		e := check.Of(s.ID)
		ranks[s.ID] = e.Findings.Rank()
		switch f {
		case "":
			return e.Findings.Problems() == 0
		case ignoredFindings:
			return e.Ignored == 0
		}
		return !e.Findings.Has(f)
	})
	if !searched {
		slices.SortStableFunc(picked, func(a, b *vault.Summary) int { return ranks[a.ID] - ranks[b.ID] })
	}
	return picked
}

// Choose has the list show the items with a finding; the same again, all of them.
func (s *Security) Choose(f vault.Finding) {
	place := Place{Kind: PlaceSecurity, Finding: f}
	if s.vault.place == place {
		place.Finding = ""
	}
	s.vault.Go(place)
}

// Again goes on after a failure.
func (s *Security) Again() {
	if s.check != nil {
		s.check.Again()
	}
}

// SetBreaches switches the look-up on, once the person has read what leaves the computer, or off at once.
func (s *Security) SetBreaches(on bool) {
	if !on {
		s.vault.changeSettings(func(v *session.Settings) { v.CheckBreaches = false })
		s.changed()
		return
	}
	v := s.vault
	v.ask = Question{Title: s.text("screen.security.breach.ask.title"), Body: s.text("screen.security.breach.ask.body", "server", hostOf(s.address())),
		Confirm: s.text("screen.security.breach.ask.confirm"), Cancel: s.text("screen.cancel")}
	v.confirm = func() {
		v.changeSettings(func(v *session.Settings) { v.CheckBreaches = true })
		s.changed()
	}
	v.changed()
	s.changed() // the switch stays off until then
}

// address is the server that is asked.
func (s *Security) address() string {
	if kept := s.vault.present().BreachServer; kept != "" {
		return kept
	}
	return breach.Public
}

// SetServer takes the address of another server, as it is typed.
func (s *Security) SetServer(typed string) {
	s.server, s.hint = typed, Message{}
	s.changed()
}

// KeepServer uses the address that was typed; an empty one is the public server.
func (s *Security) KeepServer() {
	address := ""
	if typed := strings.TrimSpace(s.server); typed != "" {
		client, err := breach.New(withScheme(typed), nil)
		if err != nil {
			s.hint = sentence{key: "breachServer", tone: ToneError}.message(s.env.Words)
			s.changed()
			return
		}
		if address = client.Server(); address == breach.Public {
			address = ""
		}
	}
	s.server, s.hint = address, Message{}
	s.vault.changeSettings(func(v *session.Settings) { v.BreachServer = address })
	s.changed()
}

// withScheme completes an address that was typed without.
func withScheme(typed string) string {
	if !strings.Contains(typed, "://") {
		return "https://" + typed
	}
	return typed
}

// ignore notes that a finding is no problem, or one after all, and says so.
func (v *Vault) ignore(item id.ID, f vault.Finding, ignore bool) {
	set := func(ignore bool) func(context.Context) error {
		return func(ctx context.Context) error { return v.vault.Ignore(ctx, f, ignore, item) }
	}
	key := "screen.security.ignored"
	if !ignore {
		key = "screen.security.unignored"
	}
	v.do(set(ignore), func() { v.say(v.text(key), set(!ignore)) })
}

// present are the settings of this PC; those of a window of its own, as in tests, are the usual ones.
func (v *Vault) present() session.Settings {
	if v.config.Settings == nil {
		return session.DefaultSettings()
	}
	return v.config.Settings()
}

func (v *Vault) changeSettings(change func(*session.Settings)) {
	values := v.present()
	change(&values)
	v.config.ChangeSettings(values, func(err error) { v.fail(explain(v.env.Words, err)) })
}

// backToCheck leads from an item to the overview, where the list is that of the check; nil elsewhere.
func (v *Vault) backToCheck() func() {
	if v.place.Kind != PlaceSecurity {
		return nil
	}
	return func() { v.Go(v.place) }
}
