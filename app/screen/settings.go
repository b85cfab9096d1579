package screen

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/policy"
)

// SettingsState is the settings of this user on this PC, the account, and updates (whose model is Settings.Update).
type SettingsState struct {
	Themes     []Choice
	Languages  []Choice
	LockAfter  []Choice
	ClearAfter []Choice
	Toggles    []Toggle
	LockLimit  string   // says that the organization limits LockAfter; empty if it does not
	NoExport   string   // why there is no export; empty if there is
	HotKeys    []Choice // of the quick access; empty where there are none
	HotKey     Message  // why the chosen one does not work

	Email, Server, Device string
	Devices               []DeviceRow
	DevicesLoading        bool
	DevicesProblem        Message

	Kit    KitState
	SyncUp string // "Everything is synced.", or what waits

	Forget  string // label of the button that removes the account from this PC
	Ask     Question
	Busy    bool
	Problem Message

	Shortcuts []ShortcutRow
}

// Toggle is a setting that is on or off.
type Toggle struct {
	ID, Label string
	On        bool
	Managed   string // why it cannot be switched; empty if it can
}

// ShortcutRow is a line of the help.
type ShortcutRow struct {
	Key, Text string
}

// The toggles of the settings.
const (
	ToggleReducedMotion = "reducedMotion"
	ToggleStartAtLogin  = "startAtLogin"
	ToggleImport        = "import"
	ToggleKeepInTray    = "keepInTray"
	ToggleHideSecrets   = "hideSecrets"
)

// Settings changes the settings; every change is kept at once.
type Settings struct {
	model[SettingsState]
	config SettingsConfig

	values  session.Settings
	devices []session.Device
	loading bool
	devErr  error
	kit     kitSaver
	ask     bool
	busy    bool
	problem Message
	// forgetAutostart drops the answer of the system whether the program starts at login.
	forgetAutostart func()
	tray            bool // there was one when the settings were opened

	leads map[string]func() // to what is named below

	keeping, keepAgain bool
	startAtLogin       atomic.Bool // as it was chosen last
	telling            asking      // the system about it
}

// SettingsConfig is what the settings are about and where changes go.
type SettingsConfig struct {
	Unlocked  *session.Unlocked
	Values    session.Settings
	Apply     func(session.Settings) // uses them at once
	Keep      func(context.Context, session.Settings) error
	CanShow   func(language string) bool // whether there are fonts for its texts
	Autostart func(on bool) error
	// Autostarts asks the system whether the program starts at login: the person may have changed that elsewhere.
	Autostarts func() (bool, error)
	// CheckPassword returns nil for the right master password.
	CheckPassword func(context.Context, *session.Unlocked, secret.Bytes) error
	Forget        func() // removes the account from this PC; nothing of the vault is open afterwards
	Update        *Update
	Desktop       Desktop
	MacOS         bool // how shortcuts are written
	Done          func()

	hotKey *hotKey
}

// The choices of the two times that guard secrets, within the bounds of package session.
var (
	lockTimes  = []time.Duration{time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 4 * time.Hour}
	clearTimes = []time.Duration{10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute}
	themes     = []string{"system", "light", "dark"}
)

// NewSettings shows the settings and asks the server for the account's devices.
func NewSettings(env *Env, config SettingsConfig) *Settings {
	s := &Settings{config: config, values: config.Values, loading: true}
	s.begin(env, s.view)
	s.tray = config.Desktop.Tray != nil && config.Desktop.Tray()
	config.hotKey.changed = func() {
		if !s.run.Stopped() {
			s.changed()
		}
	}
	s.kit.begin(env, s.run, s.changed)
	s.kit.then = s.kitSaved
	Run(s.run, config.Unlocked.Devices, func(devices []session.Device, err error) {
		s.devices, s.devErr, s.loading = devices, err, false
		s.changed()
	})
	s.forgetAutostart = Run(s.run, func(context.Context) (bool, error) { return config.Autostarts() }, func(on bool, err error) {
		if err == nil && on != s.values.StartAtLogin {
			s.set(func(v *session.Settings) { v.StartAtLogin = on })
		}
	})
	return s
}

// Update is the model of the part about updates.
func (s *Settings) Update() *Update { return s.config.Update }

// What the settings lead to.
const (
	SettingsAccount = "account"
	SettingsDevices = "devices"
	SettingsBackups = "backups"
	SettingsImport  = "import"
	SettingsExport  = "export"
)

// Lead closes the settings and shows what they lead to.
func (s *Settings) Lead(to string) {
	lead := s.leads[to]
	s.config.Done()
	lead()
}

// Done closes the settings.
func (s *Settings) Done() { s.config.Done() }

// SetTheme, SetLanguage, SetLockAfter and SetClearAfter take one of the choices of the state.
func (s *Settings) SetTheme(choice string) {
	s.set(func(v *session.Settings) { v.Theme = choice })
}

// SetLanguage takes one of State.Languages. One whose letters nothing on this PC can draw changes nothing.
func (s *Settings) SetLanguage(choice string) {
	if !s.config.CanShow(choice) {
		s.changed()
		return
	}
	s.set(func(v *session.Settings) { v.Language = choice })
}

// SetLockAfter takes one of State.LockAfter.
func (s *Settings) SetLockAfter(choice string) {
	if d, err := time.ParseDuration(choice); err == nil && slices.Contains(s.lockTimes(), d) {
		s.set(func(v *session.Settings) { v.LockAfter = d })
	}
}

// SetClearAfter takes one of State.ClearAfter.
func (s *Settings) SetClearAfter(choice string) {
	if d, err := time.ParseDuration(choice); err == nil && slices.Contains(clearTimes, d) {
		s.set(func(v *session.Settings) { v.ClipboardAfter = d })
	}
}

// SetHotKey takes one of State.HotKeys.
func (s *Settings) SetHotKey(choice string) {
	s.set(func(v *session.Settings) { v.HotKey = choice })
}

// SetToggle switches one of State.Toggles.
func (s *Settings) SetToggle(toggle string, on bool) {
	switch toggle {
	case ToggleReducedMotion:
		s.set(func(v *session.Settings) { v.ReducedMotion = on })
	case ToggleImport:
		if s.config.Unlocked.Policy().BrowserImport == policy.No {
			s.changed()
			return
		}
		s.set(func(v *session.Settings) { v.ImportBrowsers = on })
	case ToggleKeepInTray:
		s.set(func(v *session.Settings) { v.KeepInTray = on })
	case ToggleHideSecrets:
		s.set(func(v *session.Settings) { v.HideSecrets = on })
	case ToggleStartAtLogin:
		s.forgetAutostart() // what the system said before
		s.startAtLogin.Store(on)
		s.setAutostart()
	}
}

// setAutostart tells the system, one time after the other: what was chosen last is what stays, also if the settings are closed meanwhile.
func (s *Settings) setAutostart() {
	if !s.telling.begin() {
		return
	}
	Run(s.run, func(context.Context) (on bool, err error) {
		for {
			on = s.startAtLogin.Load()
			if err = s.config.Autostart(on); on == s.startAtLogin.Load() {
				return on, err
			}
		}
	}, func(on bool, err error) {
		switch again := s.telling.end(); {
		case again && on != s.startAtLogin.Load():
			s.setAutostart()
		case err != nil:
			s.problem = explain(s.env.Words, err)
			s.changed()
		default:
			s.set(func(v *session.Settings) { v.StartAtLogin = on })
		}
	})
}

// set applies a change at once and keeps it. If that fails, it holds until the program ends, and the person is told.
func (s *Settings) set(change func(*session.Settings)) {
	change(&s.values)
	s.problem = Message{}
	s.config.Apply(s.values)
	s.keep()
	s.changed()
}

// keep writes the settings, one time after the other: what was chosen last is what stays.
func (s *Settings) keep() {
	if s.keeping {
		s.keepAgain = true
		return
	}
	s.keeping, s.keepAgain = true, false
	values := s.values
	Run(s.run, func(ctx context.Context) (struct{}, error) { return struct{}{}, s.config.Keep(ctx, values) }, func(_ struct{}, err error) {
		s.keeping = false
		if err != nil {
			s.problem = explain(s.env.Words, err)
			s.changed()
		}
		if s.keepAgain {
			s.keep()
		}
	})
}

// SaveKit saves the emergency kit again. It holds the Secret Key, so the master password is asked for; it takes ownership of it.
func (s *Settings) SaveKit(password secret.Bytes) {
	s.kit.save(s.config.Unlocked, s.allowed(password))
}

// PrintKit prints the emergency kit, for who knows the master password; it takes ownership of it.
func (s *Settings) PrintKit(password secret.Bytes) {
	s.kit.print(s.config.Unlocked, s.allowed(password))
}

// allowed checks the master password, and wipes it.
func (s *Settings) allowed(password secret.Bytes) func(context.Context) error {
	return func(ctx context.Context) error {
		defer password.Wipe()
		return s.config.CheckPassword(ctx, s.config.Unlocked, password)
	}
}

// kitSaved ends the reminder: the kit has the recovery code now, and this PC forgets it.
func (s *Settings) kitSaved() {
	Run(s.run, func(ctx context.Context) (struct{}, error) { return struct{}{}, s.config.Unlocked.KitSaved(ctx) }, func(_ struct{}, err error) {
		if err != nil {
			s.problem = explain(s.env.Words, err)
			s.changed()
		}
	})
}

// Forget asks before the account is removed from this PC, and says what would be lost by it.
func (s *Settings) Forget() {
	s.ask = true
	s.changed()
}

// Answer is what the person says to State.Ask.
func (s *Settings) Answer(yes bool) {
	s.ask = false
	if yes {
		s.busy = true
		s.config.Forget()
		return
	}
	s.changed()
}

func (s *Settings) view() SettingsState {
	account := s.config.Unlocked.Account()
	state := SettingsState{
		Themes: s.choices(themes, "screen.settings.theme.", s.values.Theme), Languages: s.languages(),
		LockAfter: s.times(s.lockTimes(), s.values.LockAfter), ClearAfter: s.times(clearTimes, s.values.ClipboardAfter),
		Toggles: s.toggles(), LockLimit: s.managed(s.config.Unlocked.Policy().AutoLockCeiling > 0),
		NoExport: s.managed(s.config.Unlocked.Policy().ExportAllowed == policy.No),
		Email:    account.Email, Server: hostOf(account.Origin), Device: s.config.Unlocked.Device(),
		DevicesLoading: s.loading, DevicesProblem: explain(s.env.Words, s.devErr), Kit: s.kit.state(),
		Forget: s.text("screen.settings.forget"), Busy: s.busy, Problem: s.problem,
	}
	if s.config.Desktop.WatchHotKey != nil {
		state.HotKeys = s.config.hotKey.choices(s.env.Words, s.config.MacOS, s.values.HotKey)
		state.HotKey = explain(s.env.Words, s.config.hotKey.err)
	}
	for _, d := range s.devices {
		state.Devices = append(state.Devices, deviceRow(s.env.Words, d))
	}
	pending := s.config.Unlocked.Status().Pending
	state.SyncUp = s.text("screen.settings.allSynced")
	if pending > 0 {
		state.SyncUp = s.env.Words.Count("screen.settings.pending", pending)
	}
	if s.ask {
		state.Ask = s.question(pending)
	}
	state.Shortcuts = shortcutRows(s.env.Words, s.config.MacOS)
	return state
}

// toggles leaves out what this desktop cannot do.
func (s *Settings) toggles() []Toggle {
	toggles := []Toggle{
		s.toggle(ToggleReducedMotion, s.values.ReducedMotion),
		s.toggle(ToggleStartAtLogin, s.values.StartAtLogin),
		s.toggle(ToggleImport, s.values.ImportBrowsers),
	}
	if s.tray {
		toggles = append(toggles, s.toggle(ToggleKeepInTray, s.values.KeepInTray))
	}
	if s.config.Desktop.HideSecrets {
		toggles = append(toggles, s.toggle(ToggleHideSecrets, s.values.HideSecrets))
	}
	return toggles
}

func (s *Settings) toggle(name string, on bool) Toggle {
	managed := name == ToggleImport && s.config.Unlocked.Policy().BrowserImport == policy.No
	return Toggle{ID: name, Label: s.text("screen.settings." + name), On: on, Managed: s.managed(managed)}
}

// managed is what stands beside a setting that is not the person's alone.
func (s *Settings) managed(yes bool) string {
	if !yes {
		return ""
	}
	return s.text("screen.settings.managed")
}

// lockTimes are those that the organization allows, and the longest that it does.
func (s *Settings) lockTimes() []time.Duration {
	ceiling := s.config.Unlocked.Policy().AutoLockCeiling
	if ceiling == 0 || ceiling > lockTimes[len(lockTimes)-1] {
		return lockTimes
	}
	allowed := slices.DeleteFunc(slices.Clone(lockTimes), func(d time.Duration) bool { return d >= ceiling })
	return append(allowed, ceiling)
}

func (s *Settings) question(pending int) Question {
	q := Question{Title: s.text("screen.settings.ask.title"), Body: s.text("screen.settings.ask.body"),
		Confirm: s.text("screen.settings.ask.confirm"), Cancel: s.text("screen.cancel"), Danger: true}
	if pending > 0 {
		q.Body = s.env.Words.Count("screen.settings.ask.pending", pending) + " " + q.Body
	}
	return q
}

func (s *Settings) choices(ids []string, prefix, selected string) []Choice {
	var choices []Choice
	for _, c := range ids {
		choices = append(choices, Choice{ID: c, Label: s.text(prefix + c), Selected: c == selected})
	}
	return choices
}

func (s *Settings) times(times []time.Duration, selected time.Duration) []Choice {
	var choices []Choice
	for _, d := range times {
		c := Choice{ID: d.String(), Selected: d == selected}
		switch {
		case d < time.Minute:
			c.Label = s.env.Words.Count("screen.settings.seconds", int(d/time.Second))
		case d < time.Hour, d%time.Hour != 0:
			c.Label = s.env.Words.Count("screen.settings.minutes", int(d/time.Minute))
		default:
			c.Label = s.env.Words.Count("screen.settings.hours", int(d/time.Hour))
		}
		choices = append(choices, c)
	}
	return choices
}

func (s *Settings) languages() []Choice {
	choices := []Choice{{Label: s.text("screen.settings.systemLanguage"), Selected: s.values.Language == ""}}
	for _, l := range assets.Languages() {
		label := l.Name
		if !s.config.CanShow(l.Code) {
			label = s.text("screen.settings.noFont." + l.Code) // its own name could not be drawn either
		}
		choices = append(choices, Choice{ID: l.Code, Label: label, Selected: l.Code == s.values.Language})
	}
	return choices
}
