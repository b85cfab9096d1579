package screen

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// SheetState is one page of what leads through several questions: devices, the account, pairing, recovery. What a page asks and offers is
// data, so that one view draws them all.
type SheetState struct {
	Page        string // tells one page from the next: its fields are built anew
	Title, Body string
	Problem     Message
	Waiting     string // what is waited for that somebody else does; empty for nothing
	Busy        bool
	Progress    *Progress // of what the page waits for; nil where nobody knows
	Failures    int       // rises when an attempt fails: the password is to be typed anew

	Rows     []SheetRow
	Fields   []SheetField
	Digits   string // to be read and typed elsewhere: "123 456"
	QR       string // content of a code to be scanned
	Password PasswordChoice
	Kit      KitState
	Confirm  Confirmation
	Links    []Choice // quiet ways to something else

	Primary   string // label; empty if the page asks nothing
	CanSubmit bool
	Danger    bool
	Secondary string // label of the way back or out; empty if there is none
	Stay      bool   // the page is left by its button alone
}

// SheetRow is a fact, a device, or a way to another page.
type SheetRow struct {
	ID      string
	Icon    assets.IconName
	Title   string
	Detail  string
	Tone    Tone
	Open    string   // label of what a press on the row does; empty for a fact
	Actions []Choice // further buttons
}

// FieldKind says how a field is typed into.
type FieldKind int

// The kinds of field. Passwords are never part of a State.
const (
	FieldText FieldKind = iota
	FieldPassword
	FieldMailedCode // XXXX-XXXX
	FieldDigits     // 123 456
)

// SheetField is one field of a page.
type SheetField struct {
	ID, Label, Placeholder string
	Kind                   FieldKind
	Text                   string // as typed, formatted; empty for passwords
	Hint                   Message
}

// sheetPage is what a sheet shows and does at one moment.
type sheetPage struct {
	name    string // of its texts: screen.<sheet>.<name>.title, .body, .primary
	args    []any  // of its texts
	fields  []SheetField
	format  map[string]func(string) string // of text fields
	rows    func() []SheetRow
	digits  string
	qr      string
	chooses bool // asks for a new master password and its repetition
	kit     bool // shows the emergency kit to be saved, and asks whether it is in a safe place
	links   []string
	danger  bool
	wait    bool // shows that something is waited for

	open   func(row string)
	act    func(row, action string)
	submit func()
	back   func() // nil: the sheet closes
	stay   bool   // there is no way back
}

// PasswordField is the field for the master password in force: a view empties it after an attempt that failed.
const PasswordField = fieldPassword

// The fields that several pages have.
const (
	fieldPassword = "password"
	fieldNew      = "new"
	fieldRepeat   = "repeat"
)

// Sheet is a model of several pages, one after the other.
type Sheet struct {
	model[SheetState]
	name   string
	close  func()
	page   sheetPage
	pages  int
	texts  map[string]string
	hidden map[string]secret.Bytes

	busy     bool
	problem  Message
	failed   int
	progress *Progress
	cancel   func()
	meters   meters
	kit      kitSaver
	sure     bool // the kit is in a safe place

	mails     map[string]*mailWatch // of the codes that the page asks for, by the field
	stopTicks func()                // of the watch; nil without one

	unlocked *session.Unlocked // whose kit; nil before there is one
}

func (s *Sheet) start(env *Env, name string, close func()) {
	s.name, s.close = name, close
	s.texts, s.hidden = map[string]string{}, map[string]secret.Bytes{}
	s.begin(env, s.view)
	s.meters.begin(env, s.run, s.changed)
	s.kit.begin(env, s.run, s.changed)
}

// Leave gives up; what was typed is wiped.
func (s *Sheet) Leave() {
	s.model.Leave()
	s.forget()
}

func (s *Sheet) forget() {
	for _, typed := range s.hidden {
		typed.Wipe()
	}
	clear(s.hidden)
}

// show turns to another page. What was typed into the one before is forgotten, apart from its texts.
func (s *Sheet) show(page sheetPage) {
	s.forget()
	for _, mail := range s.mails {
		mail.end()
	}
	s.mails = nil
	if s.stopTicks != nil {
		s.stopTicks()
		s.stopTicks = nil
	}
	s.page, s.problem, s.sure = page, Message{}, false
	s.pages++
	s.changed()
}

// words of the page; an empty text where there is none.
func (s *Sheet) word(what string) string {
	key := "screen." + s.name + "." + s.page.name + "." + what
	if !s.env.Words.Has(key) {
		return ""
	}
	return s.text(key, s.page.args...)
}

func (s *Sheet) view() SheetState {
	p := s.page
	state := SheetState{
		Page: s.name + "." + p.name, Title: s.word("title"), Body: s.word("body"), Problem: s.problem, Busy: s.busy || p.wait, Failures: s.failed,
		Digits: p.digits, QR: p.qr, Danger: p.danger, Stay: p.stay, Progress: s.progress,
	}
	if p.rows != nil {
		state.Rows = p.rows()
	}
	if len(state.Rows) == 0 {
		state.Waiting = s.word("waiting")
	}
	for _, f := range p.fields {
		if f.Kind != FieldPassword {
			f.Text = s.texts[f.ID]
		}
		if mail := s.mails[f.ID]; mail != nil {
			f.Hint = mail.line()
		}
		state.Fields = append(state.Fields, f)
	}
	for _, link := range p.links {
		state.Links = append(state.Links, Choice{ID: link, Label: s.text("screen." + s.name + "." + link)})
	}
	if p.chooses {
		state.Password = s.passwordChoice()
	}
	if p.kit {
		state.Kit = s.kit.state()
		state.Confirm = Confirmation{Label: s.text("screen.welcome.kit.confirm"), Enabled: s.kit.kept != "", Ticked: s.sure}
	}
	if p.submit != nil {
		state.Primary, state.CanSubmit = s.word("primary"), !s.busy && (!p.kit || s.sure) && (!p.chooses || s.rulesMet())
		if busy := s.word("busy"); s.busy && busy != "" {
			state.Primary = busy
		}
	}
	switch {
	case p.stay:
	case s.word("secondary") != "":
		state.Secondary = s.word("secondary")
	case p.back != nil:
		state.Secondary = s.text("screen.back")
	case p.submit != nil || p.wait:
		state.Secondary = s.text("screen.cancel")
	default:
		state.Secondary = s.text("screen.close")
	}
	return state
}

func (s *Sheet) passwordChoice() PasswordChoice {
	return PasswordChoice{Meter: s.meters.of(fieldNew), Rules: []Rule{
		{Text: s.env.Words.Count("screen.welcome.password.length", minMasterPassword), Met: s.longEnough()},
		{Text: s.text("screen.welcome.password.match"), Met: s.repeated()},
	}}
}

func (s *Sheet) longEnough() bool {
	return utf8.RuneCount(s.hidden[fieldNew].Reveal()) >= minMasterPassword
}

func (s *Sheet) repeated() bool {
	return !s.hidden[fieldNew].IsZero() && s.hidden[fieldNew].Equal(s.hidden[fieldRepeat])
}

func (s *Sheet) rulesMet() bool { return s.longEnough() && s.repeated() }

// SetText takes what is typed into a text field, as its format writes it.
func (s *Sheet) SetText(field, typed string) {
	if format := s.page.format[field]; format != nil {
		typed = format(typed)
	}
	s.texts[field], s.problem = typed, Message{}
	s.changed()
}

// SetPassword takes what is typed into a password field, and its ownership.
func (s *Sheet) SetPassword(field string, typed secret.Bytes) {
	if s.busy || typed.IsZero() && s.hidden[field].IsZero() {
		typed.Wipe()
		return
	}
	s.hidden[field].Wipe()
	s.hidden[field], s.problem = typed, Message{}
	if s.page.chooses && field == fieldNew {
		s.meters.measure(fieldNew, typed)
	}
	s.changed()
}

// Submit answers the page.
func (s *Sheet) Submit() {
	if s.busy || s.page.submit == nil {
		return
	}
	if s.problem = s.missing(); !s.problem.IsZero() {
		s.changed()
		return
	}
	s.page.submit()
}

// missing says what the page still needs.
func (s *Sheet) missing() Message {
	wrong := func(key string) Message { return Message{Tone: ToneError, What: s.text(key)} }
	for _, f := range s.page.fields {
		if f.ID == fieldPassword && s.hidden[f.ID].IsZero() {
			return wrong("screen.unlock.passwordMissing")
		}
		if f.Kind == FieldMailedCode && !codeComplete(s.texts[f.ID]) {
			return wrong("screen.welcome.code.short") // and no try is spent on it
		}
	}
	switch {
	case s.page.chooses && !s.longEnough():
		return Message{Tone: ToneError, What: s.env.Words.Count("screen.welcome.password.short", minMasterPassword)}
	case s.page.chooses && !s.repeated():
		return wrong("screen.welcome.password.differ")
	case s.page.kit && !s.sure:
		return wrong("screen.welcome.kit.unconfirmed")
	}
	return Message{}
}

// Open follows a row, and Act presses one of its buttons.
func (s *Sheet) Open(row string) {
	if !s.busy && s.page.open != nil {
		s.page.open(row)
	}
}

// Act presses a button of a row.
func (s *Sheet) Act(row, action string) {
	if !s.busy && s.page.act != nil {
		s.page.act(row, action)
	}
}

// Back goes to the page before, or closes the sheet; work under way is given up.
func (s *Sheet) Back() {
	if s.page.stay {
		return
	}
	if s.cancel != nil {
		s.cancel()
	}
	s.busy, s.cancel = false, nil
	if s.page.back != nil {
		s.page.back()
		return
	}
	s.close()
}

// SaveKit asks where the emergency kit shall go and writes it there.
func (s *Sheet) SaveKit() {
	if s.page.kit {
		s.kit.save(s.unlocked, nil)
	}
}

// PrintKit asks on which printer, and prints the emergency kit there.
func (s *Sheet) PrintKit() {
	if s.page.kit {
		s.kit.print(s.unlocked, nil)
	}
}

// ConfirmKit is the box that says that the kit is in a safe place.
func (s *Sheet) ConfirmKit(yes bool) {
	s.sure, s.problem = yes && s.kit.kept != "", Message{}
	s.changed()
}

// password is a copy of what was typed, which the work wipes.
func (s *Sheet) password(field string) secret.Bytes { return s.hidden[field].Clone() }

// do works off the UI goroutine, busy until it is done; a failure is explained on the page.
func (s *Sheet) do(work func(context.Context) error, done func()) {
	s.busy, s.problem = true, Message{}
	s.cancel = Run(s.run, func(ctx context.Context) (struct{}, error) { return struct{}{}, work(ctx) }, func(_ struct{}, err error) {
		s.busy, s.cancel = false, nil
		if err != nil {
			s.fail(err)
			return
		}
		done()
	})
	s.changed()
}

// watch works while the page is shown, without making it busy: for what another person does.
func (s *Sheet) watch(work func(context.Context) error, done func(error)) {
	page := s.pages
	s.cancel = Run(s.run, func(ctx context.Context) (struct{}, error) { return struct{}{}, work(ctx) }, func(_ struct{}, err error) {
		if page == s.pages {
			s.cancel = nil
			done(err)
		}
	})
}

// watchMails watches the mails of the codes that the page asks for, by the field, as long as the page is shown.
func (s *Sheet) watchMails(asks map[string]mailQuestion) {
	s.mails = map[string]*mailWatch{}
	for field, ask := range asks {
		s.mails[field] = &mailWatch{}
		s.mails[field].begin(s.env, s.run, ask, s.changed)
	}
	s.stopTicks = s.run.Every(time.Second, func() {
		for _, mail := range s.mails {
			mail.tick()
		}
	})
}

// fail shows why something did not happen. The password in force is asked for anew.
func (s *Sheet) fail(err error) {
	s.problem = explain(s.env.Words, err)
	if errors.Is(err, session.ErrOffline) && !errors.Is(err, session.ErrClock) {
		// Nobody tries again by himself what a person has asked for here.
		s.problem = sentence{key: "notNow", tone: ToneWarning}.message(s.env.Words)
	}
	s.hidden[fieldPassword].Wipe()
	delete(s.hidden, fieldPassword)
	s.failed++
	s.changed()
}

func (s *Sheet) passwordField() SheetField {
	return SheetField{ID: fieldPassword, Label: s.text("screen.welcome.password.field"), Kind: FieldPassword}
}

func (s *Sheet) newPasswordFields() []SheetField {
	return []SheetField{
		{ID: fieldNew, Label: s.text("screen.sheet.newPassword"), Kind: FieldPassword},
		{ID: fieldRepeat, Label: s.text("screen.sheet.repeatPassword"), Kind: FieldPassword},
	}
}

// kitPage is what follows whenever the kit is another one: the old paper is void.
func (s *Sheet) kitPage(name string, done func()) sheetPage {
	s.kit.kept, s.kit.saved = "", false
	return sheetPage{name: name, kit: true, stay: true, submit: func() {
		s.do(s.unlocked.KitSaved, done)
	}}
}
