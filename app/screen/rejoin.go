package screen

import (
	"context"
	"errors"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/assets"
)

// Rejoin sets this PC up again where the server has lost changes of the account, or has others: sign in as to the account that the server
// shows, see what would be undone, and say yes. A PC that was removed from the account comes back the same way, with another device's
// emergency kit. Everything that is here stays.
type Rejoin struct {
	Sheet
	config RejoinConfig
	at     *session.Rejoin // once password and Secret Key have proved themselves
	seen   session.LogDifference
}

// RejoinConfig says what follows. Opened gets the account as it is open then; the one before is locked.
type RejoinConfig struct {
	Unlocked *session.Unlocked
	Status   session.Status
	Close    func()
	Opened   func(*session.Unlocked)
}

// NewRejoin asks for the master password that the server's account has.
func NewRejoin(env *Env, config RejoinConfig) *Rejoin {
	r := &Rejoin{config: config}
	r.unlocked = config.Unlocked
	r.start(env, "rejoin", config.Close)
	if errors.Is(config.Status.Err, session.ErrDeviceRevoked) {
		r.texts["email"] = r.unlocked.Account().Email
		r.removedPage()
	} else {
		r.ask(false)
	}
	return r
}

// removedPage asks for all that a new device is asked for: whoever removed this one has another Secret Key since, and may have another address.
func (r *Rejoin) removedPage() {
	email := SheetField{ID: "email", Label: r.text("screen.welcome.email.field"), Placeholder: "anna@example.com"}
	r.show(sheetPage{
		name: "removed", fields: []SheetField{email, r.passwordField(), r.secretKeyField()}, format: map[string]func(string) string{"key": formatSecretKey},
		submit: func() {
			if !plausibleEmail(r.texts["email"]) {
				r.problem = Message{Tone: ToneError, What: r.text("screen.welcome.badEmail")}
				r.changed()
				return
			}
			r.prove(r.texts["key"], r.texts["email"])
		},
	})
}

func (r *Rejoin) secretKeyField() SheetField {
	return SheetField{ID: "key", Label: r.text("ui.secretKey"), Placeholder: "C1-"}
}

// Leave gives up; what was typed is wiped.
func (r *Rejoin) Leave() {
	r.Sheet.Leave()
	if r.at != nil {
		r.at.Leave()
		r.at = nil
	}
}

// ask has a second field where the Secret Key was changed, too, since what the server has.
func (r *Rejoin) ask(withKey bool) {
	page := sheetPage{name: "password", fields: []SheetField{r.passwordField()}, format: map[string]func(string) string{"key": formatSecretKey}}
	if withKey {
		page.name = "secretKey"
		page.fields = append(page.fields, r.secretKeyField())
	} else {
		page.links = []string{"withKey"}
		page.act = func(string, string) { r.ask(true) }
	}
	page.submit = func() {
		key := ""
		if withKey {
			key = r.texts["key"]
		}
		r.prove(key, "")
	}
	r.show(page)
	if !withKey {
		r.problem = explain(r.env.Words, r.config.Status.Err) // what happened
		r.changed()
	}
}

func (r *Rejoin) prove(key, email string) {
	password := r.password(fieldPassword)
	var begun *session.Rejoin
	r.do(func(ctx context.Context) (err error) {
		defer password.Wipe()
		begun, err = r.unlocked.BeginRejoin(ctx, password, key, email)
		return err
	}, func() {
		r.at = begun
		if r.at.CodeNeeded() {
			r.codePage()
			return
		}
		r.compare()
	})
}

func (r *Rejoin) codePage() {
	delete(r.texts, "mailed")
	address := r.texts["email"]
	if address == "" {
		address = r.unlocked.Account().Email
	}
	field := SheetField{ID: "mailed", Label: r.text("screen.welcome.code.field"), Placeholder: "XXXX-XXXX", Kind: FieldMailedCode}
	at := r.at
	r.show(sheetPage{
		name: "code", args: []any{"email", address}, fields: []SheetField{field}, format: map[string]func(string) string{"mailed": formatCode},
		links: []string{"resend"}, act: func(string, string) { r.do(at.Resend, r.codePage) },
		submit: func() {
			code := r.texts["mailed"]
			r.do(func(ctx context.Context) error { return at.Verify(ctx, code) }, r.compare)
		},
	})
	r.watchMails(map[string]mailQuestion{"mailed": at.Mail()})
}

// compare shows what a yes would undo. Where that is nothing, the account has only gone on meanwhile.
func (r *Rejoin) compare() {
	at := r.at
	var seen session.LogDifference
	r.do(func(ctx context.Context) (err error) {
		seen, err = at.Compare(ctx)
		return err
	}, func() {
		r.seen = seen
		if errors.Is(r.config.Status.Err, session.ErrDeviceRevoked) && !seen.Decides() {
			r.finish()
			return
		}
		r.show(sheetPage{name: "differs", rows: r.rows, danger: true, submit: r.finish})
	})
}

// rows say what the person decides about.
func (r *Rejoin) rows() []SheetRow {
	var rows []SheetRow
	add := func(side string, events []session.LogEvent) {
		for _, e := range events {
			what, icon := eventWords(e.What)
			rows = append(rows, SheetRow{Icon: icon, Title: r.text("screen.rejoin."+what, "device", e.Device), Detail: r.text("screen.rejoin." + side)})
		}
	}
	add("undone", r.seen.Undone)
	add("done", r.seen.Done)
	for _, d := range r.seen.Again {
		rows = append(rows, SheetRow{Icon: assets.IconTrash2, Title: r.text("screen.rejoin.again", "device", d.Name), Tone: ToneWarning})
	}
	if len(rows) == 0 {
		rows = append(rows, SheetRow{Icon: assets.IconKey, Title: r.text("screen.rejoin.nothing")})
	}
	return rows
}

// eventWords is the text and the icon of a change of the account.
func eventWords(kind session.LogEventKind) (what string, icon assets.IconName) {
	switch kind {
	case session.DeviceCame:
		return "deviceCame", assets.IconLaptop
	case session.DeviceRemoved:
		return "deviceRemoved", assets.IconTrash2
	case session.AddressReplaced:
		return "address", assets.IconMail
	}
	return "keys", assets.IconKey
}

// finish says yes. An account that is open in the end is shown, also where a device could not be removed again: the list of devices
// shows it.
func (r *Rejoin) finish() {
	at, seen := r.at, r.seen
	r.busy, r.problem, r.page.stay = true, Message{}, true
	r.cancel = RunOwned(r.run, func(ctx context.Context) (*session.Unlocked, error) {
		opened, _, err := at.Finish(ctx, seen, nil)
		if opened != nil {
			err = nil
		}
		return opened, err
	}, func(opened *session.Unlocked, err error) {
		r.busy, r.cancel, r.page.stay = false, nil, false
		if err != nil {
			r.fail(err)
			return
		}
		r.config.Opened(opened)
	}, lockLate)
	r.changed()
}
