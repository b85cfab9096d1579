package ui

import (
	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// unlockView asks for the master password.
type unlockView struct {
	w     *Window
	model *screen.Unlock
	page  fyne.CanvasObject

	title, account *widget.Text
	accounts       *widget.Select
	accountsBox    *fyne.Container
	password       *widget.Entry
	secretKey      *widget.Entry
	keyBox         *fyne.Container
	unlock, again  *widget.Button
	lost           *widget.Button
	lostBox        *fyne.Container
	another        *widget.Button
	remove         *widget.Button
	others         *widget.Text
	lockOthers     *widget.Button
	othersBox      *fyne.Container
	ask            question
	reload         *widget.Button
	reloadBox      *fyne.Container
	notice         *notice
	news           screen.Message // of the shell, while there is nothing more pressing
	busy           bool
}

func newUnlockView(w *Window, model *screen.Unlock, news screen.Message) *unlockView {
	v := &unlockView{w: w, model: model, news: news, notice: newNotice(gap)}
	v.title = widget.NewText("", theme.PageTitle).Aligned(fyne.TextAlignCenter).Shortened()
	v.account = widget.NewText("", theme.Secondary).Aligned(fyne.TextAlignCenter).Shortened()
	v.accounts = widget.NewSelect("", nil, -1, func(i int) {
		v.password.Clear()
		v.model.Choose(v.model.State().Accounts[i].ID)
		if w.Shell.Unlock() == v.model { // else it was open, and its vault is shown by now
			v.focus()
		}
	})
	v.accounts.SetName(w.text("ui.settings.account"))
	v.password = widget.NewPasswordEntry("").Tall()
	v.password.SetPlaceholder(w.text("screen.welcome.password.field"))
	v.password.SetIcon(assets.IconLock)
	v.password.OnSubmitted = func(string) { v.submit() }
	v.secretKey = widget.NewEntry(w.text("ui.secretKey")).Tall()
	v.secretKey.OnChanged = model.SetSecretKey
	v.secretKey.OnSubmitted = func(string) { v.submit() }
	v.unlock = widget.NewButton("", assets.NoIcon, widget.Primary, v.submit).Tall()
	v.again = widget.NewButton("", assets.NoIcon, widget.Secondary, v.submit).Tall()
	v.reload = widget.NewButton("", assets.IconRefreshCw, widget.Primary, func() { model.Reload(secret.New(v.password.Bytes())) }).Tall()
	v.lost = widget.NewButton("", assets.NoIcon, widget.Ghost, model.Recover)
	v.lostBox = widget.Pad(widget.Center(v.lost), 6, 0, 0, 0)
	v.another = widget.NewButton("", assets.NoIcon, widget.Ghost, model.Another)
	v.remove = widget.NewButton("", assets.NoIcon, widget.Quiet, model.Remove)
	v.others = widget.NewText("", theme.Secondary.In(theme.ColorMuted)).Shortened()
	v.lockOthers = widget.NewButton("", assets.IconLock, widget.Ghost, model.LockOthers)
	v.page = widget.Page(widget.UnlockWidth, v.card(), widget.Assurance(assets.IconShieldCheck, model.State().Promise))
	model.OnChange(v.render)
	v.render(model.State())
	return v
}

func (v *unlockView) card() fyne.CanvasObject {
	v.keyBox = widget.Pad(v.secretKey, gap, 0, 0, 0)
	v.reloadBox = widget.Column(8, v.reload, v.again)
	v.accountsBox = widget.Pad(v.accounts, 14, 0, 0, 0)
	v.othersBox = widget.Pad(widget.Row(8, widget.Grow(v.others), v.lockOthers), 6, 0, 0, 0)
	return widget.Column(0,
		widget.Center(widget.NewLogo(54)),
		widget.Pad(v.title, 16, 0, 3, 0),
		v.account, v.accountsBox,
		widget.Pad(v.password, 22, 0, 0, 0),
		v.keyBox, v.notice.box,
		widget.Pad(widget.Stack(v.unlock, v.reloadBox), 16, 0, 0, 0),
		v.othersBox,
		v.lostBox,
		widget.Pad(widget.Center(v.another), 6, 0, 0, 0),
		widget.Center(v.remove),
	)
}

func (v *unlockView) render(s screen.UnlockState) {
	v.title.SetText(s.Title)
	v.account.SetText(s.Account + "  ·  " + s.Server)
	several := len(s.Accounts) > 1
	v.accountsBox.Hidden, v.account.Hidden = !several, several
	v.accounts.SetOptions(accountOptions(s.Accounts))
	v.others.SetText(s.Others)
	label(v.lockOthers, s.LockAll)
	v.othersBox.Hidden = s.Others == ""
	v.remove.SetText(s.Remove)
	v.ask.render(v.w, s.Ask, v.model.Answer)
	if v.secretKey.Text() != s.SecretKey {
		v.secretKey.SetText(s.SecretKey)
	}
	v.keyBox.Hidden = !s.NeedSecretKey
	hint(v.secretKey, s.KeyHint)
	v.unlock.SetText(s.Button)
	v.unlock.SetBusy(s.Busy)
	v.again.SetText(s.Button)
	v.reload.SetText(s.Reload)
	// Where the file has to be mended, that is what leads on, and not another try.
	v.reloadBox.Hidden = s.Reload == "" || s.Busy
	v.unlock.Hidden = !v.reloadBox.Hidden
	v.lost.SetText(s.Recover)
	v.lostBox.Hidden = s.Recover == ""
	v.another.SetText(s.Another)
	problem := s.Problem
	if problem.IsZero() {
		problem = v.news
	}
	if problem.IsZero() {
		problem = s.Recovery.Message
	}
	v.notice.set(problem)
	v.settle(s)
	v.w.relayout()
}

// accountOptions are accounts with a sign that tells which are open, and the one that is offered.
func accountOptions(choices []screen.AccountChoice) (o []widget.Option, selected int) {
	for i, c := range choices {
		o = append(o, widget.Option{Label: c.Label, Icon: c.Icon})
		if c.Selected {
			selected = i
		}
	}
	return o, selected
}

// settle puts the keyboard back where it is needed after an attempt.
func (v *unlockView) settle(s screen.UnlockState) {
	ended := v.busy && !s.Busy
	v.busy = s.Busy
	switch {
	case !ended:
	case s.NeedSecretKey && s.SecretKey == "":
		v.w.focus(v.secretKey.Input())
	default:
		v.password.SelectAll()
		v.focus()
	}
}

func (v *unlockView) submit() { v.model.Submit(secret.New(v.password.Bytes())) }

func (v *unlockView) content() fyne.CanvasObject { return v.page }
func (v *unlockView) focus()                     { v.w.focus(v.password.Input()) }

func (v *unlockView) act(action screen.Action) {
	if action == screen.ActionAccounts && !v.accountsBox.Hidden {
		v.w.focus(v.accounts)
		v.accounts.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	}
}

func (v *unlockView) key(event *fyne.KeyEvent) {
	if isEnter(event) {
		v.submit()
	}
}

func (v *unlockView) refresh(s screen.ShellState) {
	v.news = s.Notice
	v.render(v.model.State())
}
