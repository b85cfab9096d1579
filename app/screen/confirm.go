package screen

import (
	"context"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/assets"
)

// Confirm shows the state that the server gave to a device that was enrolled with the kit, and asks whether it is the newest.
type Confirm struct {
	Sheet
	enrolment session.Enrolment
	confirmed func()
	reject    func()
}

// NewConfirm reads the state; confirmed follows a yes, reject removes the account from this PC again.
func NewConfirm(env *Env, u *session.Unlocked, confirmed, reject func()) *Confirm {
	c := &Confirm{confirmed: confirmed, reject: reject}
	c.unlocked = u
	c.start(env, "confirm", reject)
	c.show(sheetPage{name: "loading", wait: true, stay: true})
	Run(c.run, u.Enrolment, func(e session.Enrolment, err error) {
		if err != nil {
			c.fail(err)
			return
		}
		c.enrolment = e
		c.statePage()
	})
	return c
}

func (c *Confirm) statePage() {
	c.show(sheetPage{name: "state", rows: c.rows, back: c.rejectPage, submit: func() { c.do(c.unlocked.ConfirmEnrolment, c.confirmed) }})
}

func (c *Confirm) rows() []SheetRow {
	e := c.enrolment
	changed := c.text("screen.confirm.never")
	if !e.Changed.IsZero() {
		changed = c.text("screen.confirm.changed", "time", c.env.Words.DateTime(e.Changed.Local()), "device", e.ChangedBy)
	}
	generation := c.text("screen.confirm.unchanged")
	if e.Generation > 1 {
		generation = c.env.Words.Count("screen.confirm.generation", int(e.Generation)-1)
	}
	rows := []SheetRow{
		{ID: "changed", Icon: assets.IconClock, Title: c.text("screen.confirm.row.changed"), Detail: changed},
		{ID: "generation", Icon: assets.IconKey, Title: c.text("screen.confirm.row.generation"), Detail: generation},
	}
	for _, d := range e.Devices {
		row := deviceRow(c.env.Words, d)
		if d.This {
			row.Detail = c.text("screen.devices.row.this")
		}
		rows = append(rows, SheetRow{ID: d.ID.String(), Icon: row.Icon, Title: row.Name, Detail: row.Detail})
	}
	return rows
}

func (c *Confirm) rejectPage() {
	c.show(sheetPage{name: "reject", back: c.statePage, danger: true, submit: c.reject})
}

// Adopt takes over keys that another device has changed.
type Adopt struct {
	Sheet
	done func()
}

// NewAdopt asks for the master password that is in force now.
func NewAdopt(env *Env, u *session.Unlocked, close func(), done func()) *Adopt {
	a := &Adopt{done: done}
	a.unlocked = u
	a.start(env, "adopt", close)
	a.ask(false)
	return a
}

// ask has a second field where the new Secret Key did not come from the other device.
func (a *Adopt) ask(withKey bool) {
	page := sheetPage{name: "password", fields: []SheetField{a.passwordField()}, format: map[string]func(string) string{"key": formatSecretKey}}
	if withKey {
		page.name = "secretKey"
		page.fields = append(page.fields, SheetField{ID: "key", Label: a.text("ui.secretKey"), Placeholder: "C1-"})
	} else {
		page.links = []string{"withKey"}
		page.act = func(string, string) { a.ask(true) }
	}
	page.submit = func() {
		password, key := a.password(fieldPassword), ""
		if withKey {
			key = a.texts["key"]
		}
		a.do(func(ctx context.Context) error {
			defer password.Wipe()
			return a.unlocked.AdoptKeys(ctx, password, key)
		}, a.done)
	}
	a.show(page)
}

// Follow goes where a link leads.
func (s *Sheet) Follow(link string) { s.Act("", link) }
