package ui

import (
	"strings"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// settingsView is the dialog with the settings, the account, its devices, and updates.
type settingsView struct {
	w     *Window
	model *screen.Settings
	modal *widget.Modal
	ask   question

	problem                      *notice
	theme                        *widget.Segmented
	language, lockAfter, clearOf *widget.Select
	hotKey                       *widget.Select // nil where there are no hot keys
	hotKeyProblem                *notice
	toggles                      []*widget.Switch
	devices                      *fyne.Container
	devicesShown                 int
	manageDevices                *widget.OpenRow
	devicesProblem               *notice
	kit                          *kitSection
	syncUp                       *widget.Text
	update                       *updateSection
}

const settingsWidth = 620

func newSettingsView(w *Window, model *screen.Settings) *settingsView {
	v := &settingsView{w: w, model: model, problem: newNotice(0), hotKeyProblem: newNotice(8), devicesProblem: newNotice(0), devices: widget.Column(0), devicesShown: -1}
	s := model.State()
	v.update = newUpdateSection(w, model.Update())
	v.kit = newKitSection(w, model)
	v.syncUp = widget.NewText("", theme.Secondary).Shortened()
	v.manageDevices = v.lead(assets.IconSettings, w.text("ui.settings.manageDevices"), w.text("ui.settings.devicesDetail"), screen.SettingsDevices)
	body := widget.Column(gap, v.problem.box,
		v.section("ui.settings.general", v.general(s)),
		v.section("ui.settings.updates", v.update.box),
		v.section("ui.settings.account", v.account(s)),
		v.section("ui.settings.devices", widget.Column(8, v.devices, v.devicesProblem.box)),
		v.section("ui.settings.keys", shortcutsCard(s.Shortcuts)),
	)
	v.modal = widget.NewModal(w.text("screen.action.settings"), body).Wide(settingsWidth)
	v.modal.OnDismiss = model.Done
	v.modal.First = v.theme
	model.OnChange(v.render)
	v.render(s)
	v.update.render(model.Update().State())
	if o := v.update.first(); o != nil {
		v.modal.First = o // what is ready to be installed is what one came for
	}
	return v
}

func (v *settingsView) section(title string, content fyne.CanvasObject) fyne.CanvasObject {
	return widget.Column(8, widget.NewText(v.w.text(title), theme.Strong.Of(theme.SemiBold)), content)
}

// setting is a row: what it is, and the control at its end.
func setting(name string, control fyne.CanvasObject) fyne.CanvasObject {
	return widget.CardRow(widget.Row(12, widget.Grow(widget.NewText(name, theme.Body).Shortened()), control))
}

// managed is a row with what is said about it below, where somebody else has the say.
func managed(row fyne.CanvasObject, said string) fyne.CanvasObject {
	if said == "" {
		return row
	}
	return widget.Column(0, row, widget.Pad(widget.NewText(said, theme.Secondary).Shortened(), 0, widget.CardMargin, 10, widget.CardMargin))
}

// selectWidth is that of the fields to choose from, unless one needs more: they are all alike.
const selectWidth = 190

func (v *settingsView) general(s screen.SettingsState) fyne.CanvasObject {
	names, selected := labels(s.Themes)
	v.theme = widget.NewSegmented(names, selected, func(i int) { v.model.SetTheme(s.Themes[i].ID) })
	v.theme.SetName(v.w.text("ui.settings.theme"))
	pick := func(name string, set func(string), choices func(screen.SettingsState) []screen.Choice) *widget.Select {
		o, at := options(choices(s), assets.NoIcon)
		picked := widget.NewSelect("", o, at, func(i int) { set(choices(v.model.State())[i].ID) })
		picked.SetName(v.w.text(name))
		return picked
	}
	v.language = pick("ui.settings.language", v.model.SetLanguage, func(s screen.SettingsState) []screen.Choice { return s.Languages })
	v.lockAfter = pick("ui.settings.lockAfter", v.model.SetLockAfter, func(s screen.SettingsState) []screen.Choice { return s.LockAfter })
	v.clearOf = pick("ui.settings.clearAfter", v.model.SetClearAfter, func(s screen.SettingsState) []screen.Choice { return s.ClearAfter })
	width := max(selectWidth, v.language.MinSize().Width, v.lockAfter.MinSize().Width, v.clearOf.MinSize().Width)
	if len(s.HotKeys) > 0 {
		v.hotKey = pick("ui.settings.hotKey", v.model.SetHotKey, func(s screen.SettingsState) []screen.Choice { return s.HotKeys })
		width = max(width, v.hotKey.MinSize().Width)
	}
	rows := []fyne.CanvasObject{
		setting(v.w.text("ui.settings.theme"), v.theme),
		setting(v.w.text("ui.settings.language"), widget.Width(width, v.language)),
		managed(setting(v.w.text("ui.settings.lockAfter"), widget.Width(width, v.lockAfter)), s.LockLimit),
		setting(v.w.text("ui.settings.clearAfter"), widget.Width(width, v.clearOf)),
	}
	if v.hotKey != nil {
		rows = append(rows, widget.Column(0, setting(v.w.text("ui.settings.hotKey"), widget.Width(width, v.hotKey)), widget.Pad(v.hotKeyProblem.box, 0, widget.CardMargin, 0, widget.CardMargin)))
	}
	for _, t := range s.Toggles {
		toggle := widget.NewSwitch(t.Label, t.On, func(on bool) { v.model.SetToggle(t.ID, on) })
		toggle.SetEnabled(t.Managed == "")
		v.toggles = append(v.toggles, toggle)
		rows = append(rows, managed(widget.CardRow(toggle), t.Managed))
	}
	return widget.NewCard(rows...)
}

func (v *settingsView) account(s screen.SettingsState) fyne.CanvasObject {
	who := widget.Column(2, widget.NewText(s.Email, theme.Strong).Shortened(), widget.NewText(s.Server+"  ·  "+s.Device, theme.Secondary).Shortened(), v.syncUp)
	export := v.text("ui.settings.exportDetail")
	if s.NoExport != "" {
		export = s.NoExport
	}
	exports := v.lead(assets.IconUpload, v.text("ui.settings.export"), export, screen.SettingsExport)
	exports.SetEnabled(s.NoExport == "")
	return widget.NewCard(
		widget.CardRow(who),
		widget.CardRow(v.kit.box),
		v.lead(assets.IconKeyRound, v.text("ui.settings.manageAccount"), strings.TrimRight(v.text("screen.account.home.body"), ".。"), screen.SettingsAccount),
		v.lead(assets.IconHistory, v.text("ui.settings.backups"), v.text("ui.settings.backupsDetail"), screen.SettingsBackups),
		v.lead(assets.IconDownload, v.text("ui.import"), v.text("ui.settings.importDetail"), screen.SettingsImport),
		exports,
		widget.NewOpenRow(assets.IconLogOut, theme.ColorMuted, s.Forget, v.text("ui.settings.forgetDetail"), v.model.Forget),
	)
}

// lead is a way to a dialog of its own.
func (v *settingsView) lead(icon assets.IconName, title, detail, to string) *widget.OpenRow {
	return widget.NewOpenRow(icon, theme.ColorMuted, title, detail, func() { v.model.Lead(to) })
}

func (v *settingsView) text(key string) string { return v.w.text(key) }

func (v *settingsView) render(s screen.SettingsState) {
	v.problem.set(s.Problem)
	_, at := labels(s.Themes)
	v.theme.SetSelected(at)
	v.language.SetOptions(options(s.Languages, assets.NoIcon))
	v.lockAfter.SetOptions(options(s.LockAfter, assets.NoIcon))
	v.clearOf.SetOptions(options(s.ClearAfter, assets.NoIcon))
	if v.hotKey != nil {
		v.hotKey.SetOptions(options(s.HotKeys, assets.NoIcon))
		v.hotKeyProblem.set(s.HotKey)
	}
	for i, t := range s.Toggles {
		v.toggles[i].SetOn(t.On)
	}
	v.syncUp.SetText(s.SyncUp)
	v.kit.render(s.Kit)
	v.renderDevices(s)
	v.modal.Refresh()
	v.ask.render(v.w, s.Ask, v.model.Answer)
}

func (v *settingsView) renderUpdate(s screen.UpdateState) {
	v.update.render(s)
	v.modal.Refresh()
}

func (v *settingsView) renderDevices(s screen.SettingsState) {
	v.devicesProblem.set(s.DevicesProblem)
	if v.devicesShown == len(s.Devices) {
		return
	}
	v.devicesShown = len(s.Devices)
	var rows []fyne.CanvasObject
	for _, d := range s.Devices {
		text := widget.Column(1, widget.NewText(d.Name, theme.Strong).Shortened(), widget.NewText(d.Detail, theme.Secondary).Shortened())
		rows = append(rows, widget.CardRow(widget.Row(12, widget.NewIcon(d.Icon, theme.ColorMuted, widget.IconSide), widget.Grow(text))))
	}
	if s.DevicesLoading {
		rows = append(rows, widget.CardRow(widget.NewText(v.w.text("ui.loading"), theme.Secondary)))
	}
	v.devices.Objects = []fyne.CanvasObject{widget.NewCard(append(rows, v.manageDevices)...)}
}

// keysWidth is that of the longest key in any language.
const keysWidth = 168

// shortcutsCard is the help for the keyboard.
func shortcutsCard(shortcuts []screen.ShortcutRow) fyne.CanvasObject {
	rows := widget.Column(7)
	for _, s := range shortcuts {
		rows.Add(widget.Row(12, widget.Width(keysWidth, widget.NewText(s.Key, theme.Secondary.Of(theme.Medium))), widget.Grow(widget.NewText(s.Text, theme.Body).Shortened())))
	}
	return widget.NewCard(widget.CardRow(rows))
}

// kitSection saves the emergency kit again or prints it, which needs the master password: it holds the Secret Key.
type kitSection struct {
	box      *fyne.Container
	password *widget.Entry
	save     *widget.Button
	print    *widget.Button
	kept     *widget.Text
	notice   *notice
}

func newKitSection(w *Window, model *screen.Settings) *kitSection {
	k := &kitSection{password: widget.NewPasswordEntry(w.text("ui.settings.kit")), kept: widget.NewText("", theme.Secondary).Shortened(), notice: newNotice(8)}
	k.password.SetPlaceholder(w.text("screen.welcome.password.field"))
	send := func(to func(secret.Bytes)) func() {
		return func() {
			to(secret.New(k.password.Bytes()))
			k.password.Clear()
		}
	}
	save := send(model.SaveKit)
	k.password.OnSubmitted = func(string) { save() }
	k.save = widget.NewButton("", assets.IconDownload, widget.Secondary, save)
	k.print = widget.NewButton("", assets.IconPrinter, widget.Secondary, send(model.PrintKit))
	k.password.With(widget.Row(8, k.save, k.print))
	k.box = widget.Column(6, k.password, k.kept, k.notice.box)
	return k
}

func (k *kitSection) render(s screen.KitState) {
	k.save.SetText(s.Save)
	k.save.SetBusy(s.Busy)
	k.print.SetText(s.Print)
	k.kept.SetText(s.Kept)
	k.kept.Hidden = s.Kept == ""
	k.notice.set(s.Problem)
}

// updateSection says what is installed and what is ready to be.
type updateSection struct {
	box              *fyne.Container
	installed        *widget.Text
	checked          *widget.Paragraph
	state            *widget.Paragraph // what there is to say, as long as it is no trouble
	trouble, warning *notice
	check, restart   *widget.Button
	progressBox      *fyne.Container
	progress         *widget.Progress
	progressText     *widget.Text
}

func newUpdateSection(w *Window, model *screen.Update) *updateSection {
	u := &updateSection{
		installed: widget.NewText("", theme.Strong).Shortened(), checked: widget.NewParagraph("", theme.Secondary),
		state: widget.NewParagraph("", theme.Secondary), trouble: newNotice(10), warning: newNotice(10), progress: widget.NewProgress(), progressText: widget.NewText("", theme.Secondary).Shortened(),
	}
	u.check = widget.NewButton("", assets.IconRefreshCw, widget.Secondary, model.Poll)
	u.restart = widget.NewButton("", assets.IconRotateCcw, widget.Primary, model.Restart)
	u.progressBox = widget.Pad(widget.Column(6, u.progressText, u.progress), 10, 0, 0, 0)
	head := widget.Row(8, widget.Grow(widget.Column(2, u.installed, u.checked, u.state)), u.restart, u.check)
	card := widget.NewCard(widget.CardRow(widget.Column(0, head, u.progressBox, u.trouble.box, u.warning.box)))
	u.box = widget.Column(0, card)
	return u
}

// first is the button that installs, while there is something to install.
func (u *updateSection) first() fyne.Focusable {
	if u.restart.Hidden {
		return nil
	}
	return u.restart
}

func (u *updateSection) render(s screen.UpdateState) {
	u.installed.SetText(s.Installed)
	u.checked.SetText(s.LastCheck)
	u.checked.Hidden = s.LastCheck == ""
	trouble := s.Status
	if s.Status.Tone == screen.ToneQuiet || s.Status.Tone == screen.ToneGood {
		trouble = screen.Message{}
	}
	u.trouble.set(trouble)
	u.state.Hidden = s.Status.What == "" || !trouble.IsZero()
	u.state.SetText(strings.TrimSpace(s.Status.What + " " + details(s.Status)))
	u.warning.set(s.Warning)
	label(u.check, s.Check)
	u.check.SetBusy(s.Busy)
	label(u.restart, s.Banner.Restart)
	u.restart.SetBusy(s.Busy)
	u.progress.Set(s.Progress.Fraction())
	u.progressText.SetText(s.Progress.Text)
	u.progressBox.Hidden = s.Progress.Text == ""
}
