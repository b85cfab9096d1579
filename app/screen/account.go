package screen

import (
	"context"
	"errors"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/assets"
)

// Account changes what protects the account: password, address, Secret Key and recovery code; and ends sessions, or the account.
type Account struct {
	Sheet
	config AccountConfig
	email  *session.EmailChange
}

// AccountConfig is what the account screen works with.
type AccountConfig struct {
	Unlocked *session.Unlocked
	Close    func()
	Said     func(text string) // a toast once it is closed
	Deleted  func()            // the account is gone from the server
}

// The rows of the first page.
const (
	accountPassword = "password"
	accountEmail    = "email"
	accountKit      = "kit"
	accountRotate   = "rotate"
	accountSignOut  = "signOut"
	accountDelete   = "delete"
)

// NewAccount shows what can be changed.
func NewAccount(env *Env, config AccountConfig) *Account {
	a := &Account{config: config}
	a.unlocked = config.Unlocked
	a.start(env, "account", config.Close)
	a.home()
	return a
}

func (a *Account) home() {
	pages := map[string]func(){
		accountPassword: a.passwordPage, accountEmail: a.emailPage, accountKit: a.newKitPage, accountRotate: a.rotatePage,
		accountSignOut: a.signOutPage, accountDelete: a.deletePage,
	}
	a.show(sheetPage{name: "home", rows: a.rows, open: func(row string) { pages[row]() }})
}

func (a *Account) rows() []SheetRow {
	row := func(id string, icon assets.IconName, detail string) SheetRow {
		title := a.text("screen.account.row." + id)
		return SheetRow{ID: id, Icon: icon, Title: title, Detail: detail, Open: title}
	}
	kit := a.text("screen.account.row.kit.detail")
	if a.unlocked.Status().Notices.KitDue {
		kit = a.text("screen.account.row.kit.due")
	}
	return []SheetRow{
		row(accountPassword, assets.IconKey, a.text("screen.account.row.password.detail")),
		row(accountEmail, assets.IconMail, a.unlocked.Account().Email),
		row(accountKit, assets.IconFileKey, kit),
		row(accountRotate, assets.IconRefreshCw, a.text("screen.account.row.rotate.detail")),
		row(accountSignOut, assets.IconLogOut, a.text("screen.account.row.signOut.detail")),
		row(accountDelete, assets.IconTrash2, a.text("screen.account.row.delete.detail")),
	}
}

func (a *Account) passwordPage() {
	current := a.passwordField()
	current.Label = a.text("screen.sheet.currentPassword") // beside the new one
	a.show(sheetPage{
		name: "password", chooses: true, fields: append([]SheetField{current}, a.newPasswordFields()...), back: a.home,
		submit: func() {
			old, fresh := a.password(fieldPassword), a.password(fieldNew)
			a.do(func(ctx context.Context) error {
				defer old.Wipe()
				defer fresh.Wipe()
				return a.unlocked.Change(ctx, session.Change{Password: old, NewPassword: fresh})
			}, a.done("screen.account.password.done"))
		},
	})
}

// done closes the sheet and says what has happened.
func (a *Account) done(key string) func() {
	return func() {
		text := a.text(key)
		a.config.Close()
		a.config.Said(text)
	}
}

func (a *Account) newKitPage() {
	a.show(sheetPage{name: "newKit", fields: []SheetField{a.passwordField()}, back: a.home, submit: func() {
		a.change(session.Change{NewSecretKey: true})
	}})
}

func (a *Account) rotatePage() {
	a.show(sheetPage{name: "rotate", fields: []SheetField{a.passwordField()}, back: a.home, danger: true, submit: func() {
		a.change(session.Change{Rotate: true})
	}})
}

// change makes a change that brings another kit, which is to be saved then.
func (a *Account) change(c session.Change) {
	c.Password = a.password(fieldPassword)
	a.do(func(ctx context.Context) error {
		defer c.Password.Wipe()
		return a.unlocked.Change(ctx, c)
	}, func() { a.show(a.kitPage("kit", a.done("screen.account.kit.done"))) })
}

func (a *Account) emailPage() {
	email := SheetField{ID: "email", Label: a.text("screen.account.email.field"), Placeholder: "anna@example.com"}
	a.show(sheetPage{name: "email", args: []any{"email", a.unlocked.Account().Email}, fields: []SheetField{email, a.passwordField()}, back: a.home, submit: func() {
		address := a.texts["email"]
		if !plausibleEmail(address) {
			a.problem = Message{Tone: ToneError, What: a.text("screen.welcome.badEmail")}
			a.changed()
			return
		}
		password := a.password(fieldPassword)
		a.do(func(ctx context.Context) (err error) {
			defer password.Wipe()
			a.email, err = a.unlocked.BeginEmailChange(ctx, password, address)
			return err
		}, a.emailCodesPage)
	}})
}

func (a *Account) emailCodesPage() {
	delete(a.texts, "old")
	delete(a.texts, "new")
	old, fresh := a.unlocked.Account().Email, a.texts["email"]
	a.show(sheetPage{
		name: "emailCodes", back: a.emailPage, format: map[string]func(string) string{"old": formatCode, "new": formatCode},
		fields: []SheetField{
			{ID: "old", Label: a.text("screen.account.emailCodes.field", "email", old), Placeholder: "XXXX-XXXX", Kind: FieldMailedCode},
			{ID: "new", Label: a.text("screen.account.emailCodes.field", "email", fresh), Placeholder: "XXXX-XXXX", Kind: FieldMailedCode},
		},
		links: []string{"resend"}, act: func(string, string) { a.resendCodes() },
		submit: func() {
			codeOld, codeNew := a.texts["old"], a.texts["new"]
			a.do(func(ctx context.Context) error { return a.email.Finish(ctx, codeOld, codeNew) }, a.done("screen.account.emailCodes.done"))
		},
	})
	mailOld, mailNew := a.email.Mails()
	a.watchMails(map[string]mailQuestion{"old": mailOld, "new": mailNew})
}

// resendCodes has two other codes mailed. Where too much time has gone by the password is asked for again.
func (a *Account) resendCodes() {
	var late bool
	a.do(func(ctx context.Context) error {
		err := a.email.Resend(ctx)
		if late = errors.Is(err, session.ErrCodeExpired); late {
			return nil
		}
		return err
	}, func() {
		if late {
			a.emailPage()
			a.fail(session.ErrCodeExpired)
			return
		}
		a.emailCodesPage()
	})
}

func (a *Account) signOutPage() {
	a.show(sheetPage{name: "signOut", back: a.home, submit: func() {
		a.do(a.unlocked.SignOutOthers, a.done("screen.account.signOut.done"))
	}})
}

func (a *Account) deletePage() {
	a.show(sheetPage{name: "delete", args: []any{"email", a.unlocked.Account().Email}, fields: []SheetField{a.passwordField()}, back: a.home, danger: true, submit: func() {
		password := a.password(fieldPassword)
		a.do(func(ctx context.Context) error {
			defer password.Wipe()
			return a.unlocked.DeleteAccount(ctx, password)
		}, a.config.Deleted)
	}})
}
