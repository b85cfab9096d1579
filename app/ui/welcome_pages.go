package ui

import (
	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// The questions. A field keeps what is typed into it: the state is not written back into it while it is used.

// choosePage has the recoveries that were begun here above the rest: who comes back for one is not to look for it. The first thing that
// one would do is the primary button.
func (v *welcomeView) choosePage() welcomePage {
	var page welcomePage
	var first *widget.Button
	add := func(label string, primary bool, above float32, pressed func()) {
		kind := widget.Secondary
		if primary {
			kind = widget.Primary
		}
		b := widget.NewButton(label, assets.NoIcon, kind, pressed).Tall()
		if primary {
			first = b
		}
		page.fields = append(page.fields, widget.Pad(b, above, 0, 0, 0))
	}
	for _, offer := range v.model.State().Recoveries {
		waits := newNotice(22)
		waits.set(offer.Message)
		page.fields = append(page.fields, waits.box)
		add(offer.Label, offer.Ready && first == nil, 10, func() { v.model.GoOn(offer) })
	}
	add(v.w.text("screen.welcome.choose.create"), first == nil, 22, v.model.Create)
	add(v.w.text("screen.welcome.choose.signIn"), false, 10, v.model.SignIn)
	page.first = func() fyne.Focusable { return first }
	page.render = func(screen.WelcomeState) {}
	return page
}

// serverField is the way to a server of one's own: folded away, since few need it.
type serverField struct {
	box    *fyne.Container
	toggle *widget.Button
	entry  *widget.Entry
	open   bool
}

func (v *welcomeView) newServerField() *serverField {
	f := &serverField{toggle: widget.NewButton("", assets.IconChevronRight, widget.Ghost, v.model.ToggleServer), entry: widget.NewEntry("").Tall()}
	f.entry.SetText(v.model.State().Server)
	f.entry.SetPlaceholder("https://vault.example.com")
	f.entry.OnChanged = v.model.SetServer
	f.box = widget.Column(4, widget.Pad(widget.Row(0, f.toggle, widget.Spacer()), 0, 0, 0, ghostInset), f.entry)
	return f
}

func (f *serverField) render(w *Window, s screen.WelcomeState) {
	f.toggle.SetText(s.ServerLabel)
	icon := assets.IconChevronRight
	if s.ServerOpen {
		icon = assets.IconChevronDown
	}
	f.toggle.SetIcon(icon)
	f.entry.Hidden = !s.ServerOpen
	if s.ServerOpen && !f.open {
		w.focus(f.entry.Input())
	}
	f.open = s.ServerOpen
}

func (v *welcomeView) newEmailField() *widget.Entry {
	e := widget.NewEntry(v.w.text("screen.welcome.email.field")).Tall()
	e.SetPlaceholder("anna@example.com")
	e.SetText(v.model.State().Email)
	e.OnChanged = v.model.SetEmail
	return e
}

func (v *welcomeView) emailPage() welcomePage {
	email, server := v.newEmailField(), v.newServerField()
	return welcomePage{
		fields: []fyne.CanvasObject{widget.Pad(email, 18, 0, 6, 0), server.box},
		first:  email.Input,
		mend:   map[screen.Mend]*widget.Entry{screen.MendServer: server.entry},
		render: func(s screen.WelcomeState) { server.render(v.w, s) },
	}
}

func (v *welcomeView) signInPage() welcomePage {
	email, server := v.newEmailField(), v.newServerField()
	password := v.newPasswordField("screen.welcome.password.field", v.model.SetPassword)
	key := widget.NewEntry(v.w.text("ui.secretKey")).Tall()
	key.SetPlaceholder("C1-")
	key.OnChanged = v.model.SetSecretKey
	return welcomePage{
		fields: []fyne.CanvasObject{widget.Pad(email, 18, 0, gap, 0), password, widget.Pad(key, gap, 0, 6, 0), v.otherWays(), server.box},
		first:  email.Input,
		mend:   map[screen.Mend]*widget.Entry{screen.MendServer: server.entry, screen.MendPassword: password, screen.MendSecretKey: key},
		render: func(s screen.WelcomeState) {
			if key.Text() != s.SecretKey {
				key.SetText(s.SecretKey)
			}
			hint(key, s.KeyHint)
			server.render(v.w, s)
		},
	}
}

// otherWays are those without the Secret Key, and without the password.
func (v *welcomeView) otherWays() fyne.CanvasObject {
	lost := widget.NewButton(v.w.text("screen.welcome.recover"), assets.IconLifeBuoy, widget.Ghost, v.model.Recover)
	return widget.Column(2, atLeft(v.newPair()), atLeft(lost))
}

func (v *welcomeView) newPair() *widget.Button {
	return widget.NewButton(v.w.text("screen.welcome.pair"), assets.IconSmartphone, widget.Ghost, v.model.Pair)
}

// atLeft has the words of a ghost button begin where the fields do.
func atLeft(b fyne.CanvasObject) fyne.CanvasObject {
	return widget.Pad(widget.Row(0, b, widget.Spacer()), 0, 0, 0, ghostInset)
}

// newPasswordField hands on every change; the model takes ownership.
func (v *welcomeView) newPasswordField(label string, set func(secret.Bytes)) *widget.Entry {
	e := widget.NewPasswordEntry(v.w.text(label)).Tall()
	e.OnChanged = func(string) { set(secret.New(e.Bytes())) }
	return e
}

func (v *welcomeView) codePage() welcomePage {
	code := widget.NewCodeEntry("", 4, 4)
	code.SetName(v.w.text("screen.welcome.code.field"))
	code.OnChanged = v.model.SetCode
	expiry := widget.NewText("", theme.Secondary).Aligned(fyne.TextAlignCenter).Shortened()
	resend := widget.NewButton("", assets.NoIcon, widget.Ghost, func() {
		v.model.Resend()
		v.focus() // the button has to be waited for
	})
	mail, pair := newMailLine(fyne.TextAlignCenter), widget.Center(v.newPair())
	return welcomePage{
		fields: []fyne.CanvasObject{widget.Pad(widget.Center(code), 22, 0, 10, 0), expiry, mail.box, widget.Center(resend), pair},
		first:  func() fyne.Focusable { return code },
		render: func(s screen.WelcomeState) {
			if s.Code.Text == "" && code.Code() != "" {
				code.Clear() // another code is on its way
			}
			if !s.Busy && s.Problem.Tone == screen.ToneError {
				code.Refused() // what is typed next is another one
			}
			expiry.SetText(s.Code.Expiry)
			expiry.SetRole(theme.Secondary)
			if s.Code.Expired {
				expiry.SetRole(theme.Secondary.In(theme.ColorError))
			}
			mail.set(s.Code.Mail)
			pair.Hidden = !s.Code.OffersPair
			resend.SetText(s.Code.Resend)
			resend.SetEnabled(s.Code.CanResend)
		},
	}
}

func (v *welcomeView) passwordPage() welcomePage {
	first := v.newPasswordField("screen.welcome.password.field", v.model.SetPassword)
	second := v.newPasswordField("screen.welcome.password.repeat", v.model.SetRepeat)
	strength := newMeter()
	rules := widget.Column(5)
	for range v.model.State().Password.Rules {
		rules.Add(widget.NewRequirement(""))
	}
	return welcomePage{
		fields: []fyne.CanvasObject{widget.Pad(first, 18, 0, 8, 0), strength.box, widget.Pad(second, gap, 0, 14, 0), rules},
		first:  first.Input,
		mend:   map[screen.Mend]*widget.Entry{screen.MendRepeat: second},
		render: func(s screen.WelcomeState) {
			strength.set(s.Password.Meter)
			for i, rule := range s.Password.Rules {
				line := rules.Objects[i].(*widget.Requirement)
				line.SetText(rule.Text)
				line.SetMet(rule.Met)
			}
			first.SetEnabled(!s.Password.Frozen)
			second.SetEnabled(!s.Password.Frozen)
		},
	}
}

func (v *welcomeView) kitPage() welcomePage {
	kit := newKitPart(v.model.SaveKit, v.model.PrintKit, v.model.ConfirmKit)
	return welcomePage{
		fields: []fyne.CanvasObject{widget.Pad(kit.box, 20, 0, 0, 0)},
		first:  func() fyne.Focusable { return kit.save },
		render: func(s screen.WelcomeState) {
			v.steps.render(s) // the way on is to be focused, and so enabled first
			kit.render(s.Kit, s.Confirm, v.steps.onward)
		},
	}
}

func (v *welcomeView) firstSyncPage() welcomePage {
	bar, text := widget.NewProgress(), widget.NewText("", theme.Secondary).Shortened()
	return welcomePage{
		fields: []fyne.CanvasObject{widget.Pad(text, 18, 0, 10, 0), bar},
		first:  func() fyne.Focusable { return nil },
		render: func(s screen.WelcomeState) {
			bar.Set(s.Progress.Fraction())
			text.SetText(s.Progress.Text)
			text.Hidden, bar.Hidden = !s.Busy, !s.Busy
		},
	}
}
