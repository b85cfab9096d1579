package screen

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/internal/testpc"
)

func settingsDesk(t *testing.T) (*desk, *Vault, *Settings) {
	t.Helper()
	d, v, _ := openDesk(t)
	v.OpenSettings()
	s := v.Settings()
	d.until("devices", func() bool { return !s.State().DevicesLoading })
	return d, v, s
}

func selected(choices []Choice) string {
	for _, c := range choices {
		if c.Selected {
			return c.Label
		}
	}
	return ""
}

func TestSettingsShowWhatHolds(t *testing.T) {
	_, _, settings := settingsDesk(t)
	s := settings.State()
	if s.Email != anna || s.Device != "Anna's PC" || selected(s.Themes) != "System" || selected(s.LockAfter) != "10 minutes" || selected(s.ClearAfter) != "30 seconds" {
		t.Errorf("%+v", s)
	}
	if len(s.Devices) != 1 || s.Devices[0].Name != "Anna's PC" || !strings.HasPrefix(s.Devices[0].Detail, "Linux · last seen on ") || !s.DevicesProblem.IsZero() {
		t.Errorf("devices %+v", s.Devices)
	}
	for _, choices := range [][]Choice{s.Themes, s.Languages, s.LockAfter, s.ClearAfter} {
		for _, c := range choices {
			checkWords(t, "settings", c.Label)
		}
	}
	for _, toggle := range s.Toggles {
		checkWords(t, "settings", toggle.Label)
	}
	for _, c := range commands() {
		if text := english(t).Text("screen.action." + string(c.action)); c.group != "" && !slices.ContainsFunc(s.Shortcuts, func(r ShortcutRow) bool { return r.Text == text }) {
			t.Errorf("%q is missing in the help", text)
		}
	}
	checkWords(t, "settings", s.Forget, s.SyncUp, s.Kit.Save)
}

func TestSettingsHoldAtOnceAndAreKept(t *testing.T) {
	d, v, settings := settingsDesk(t)
	settings.SetTheme("dark")
	settings.SetLockAfter("5m0s")
	settings.SetClearAfter("10s")
	settings.SetLockAfter("1ns") // not one of the choices
	settings.SetToggle(ToggleReducedMotion, true)
	settings.SetToggle(ToggleImport, false)
	settings.SetToggle(ToggleStartAtLogin, true)
	d.until("autostart", func() bool { return settings.State().Toggles[1].On })
	if s := d.shell.State(); s.Theme != "dark" || !s.ReducedMotion {
		t.Errorf("%+v", s)
	}
	if len(d.autoruns) != 1 || !d.autoruns[0] {
		t.Errorf("autostart %v", d.autoruns)
	}
	d.add("Mail", "anna", "hunter2")
	d.show(v, "Mail").CopyPassword()
	d.until("copy", func() bool { return d.clipboard.holds() != "" })
	if d.clipboard.after != 10*time.Second {
		t.Errorf("cleared after %v", d.clipboard.after)
	}
	d.until("kept", func() bool {
		kept := d.pc.Settings()
		if kept.Theme == "dark" && kept.LockAfter == 5*time.Minute && kept.ClipboardAfter == 10*time.Second && kept.ReducedMotion && kept.StartAtLogin && !kept.ImportBrowsers {
			return true
		}
		d.queue.Post(func() {})
		return false
	})
	settings.Done()
	if v.State().Dialog != DialogNone {
		t.Error("the settings stay")
	}
}

// Who has switched the start at login off in the system's own settings sees that here.
func TestStartAtLoginIsWhatTheSystemSays(t *testing.T) {
	d, v, settings := settingsDesk(t)
	d.mu.Lock()
	d.autostarts = true
	d.mu.Unlock()
	settings.Done()
	v.OpenSettings()
	d.until("the answer", func() bool { return v.Settings().State().Toggles[1].On })
	if len(d.autoruns) > 0 {
		t.Error("asking has changed it")
	}
}

// Two quick presses of the switch: the system is told one after the other, and the last one counts however long the first takes.
func TestStartAtLoginIsWhatWasChosenLast(t *testing.T) {
	d, _, settings := settingsDesk(t)
	told, goOn := make(chan bool, 4), make(chan struct{})
	settings.config.Autostart = func(on bool) error {
		told <- on
		if on {
			<-goOn
		}
		return nil
	}
	settings.SetToggle(ToggleStartAtLogin, true)
	if !<-told {
		t.Fatal("switched off first")
	}
	settings.SetToggle(ToggleStartAtLogin, false)
	if len(told) > 0 {
		t.Error("told of both at once")
	}
	close(goOn)
	d.until("told", func() bool { return len(told) == 1 && !settings.telling.running })
	if on := <-told; on || settings.State().Toggles[1].On {
		t.Errorf("it starts at login: %t", on)
	}
}

func TestSettingsThatCannotBeKeptSaySo(t *testing.T) {
	d, _, settings := settingsDesk(t)
	if err := os.Mkdir(d.pc.Paths.Home+"/settings.json", 0o700); err != nil { // in the way
		t.Fatal(err)
	}
	settings.SetTheme("dark")
	d.until("problem", func() bool { return !settings.State().Problem.IsZero() })
	if d.shell.State().Theme != "dark" {
		t.Error("it does not hold until the end of the program")
	}
}

func TestDevicesNeedTheServer(t *testing.T) {
	d, v, server := openDesk(t)
	server.Stop()
	v.OpenSettings()
	d.until("answer", func() bool { return !v.Settings().State().DevicesLoading })
	if p := v.Settings().State().DevicesProblem; p.What != "The server cannot be reached." {
		t.Errorf("%+v", p)
	}
}

func TestKitAgainNeedsThePassword(t *testing.T) {
	d, _, settings := settingsDesk(t)
	settings.SaveKit(testpc.Typed("wrong"))
	d.until("refusal", func() bool { return !settings.State().Kit.Busy })
	if p := settings.State().Kit.Problem; p.What != "That is not the master password." || len(d.saved) != 0 {
		t.Errorf("%+v, %d files", p, len(d.saved))
	}
	settings.SaveKit(testpc.Typed(testpc.Password))
	d.until("kit", func() bool { return settings.State().Kit.Kept != "" })
	if len(d.saved) != 1 {
		t.Error("no kit")
	}
}

func TestForgetWarnsAndRemoves(t *testing.T) {
	d, v, server := openDesk(t)
	testpc.Sync(t, d.shell.unlocked)
	server.Stop()
	d.add("Mail", "anna", "hunter2")
	d.until("pending", func() bool { return d.shell.unlocked.Status().Pending == 1 })
	v.OpenSettings()
	settings := v.Settings()
	settings.Forget()
	if q := settings.State().Ask; !strings.HasPrefix(q.Body, "One change on this PC is not synced yet and would be lost.") || !q.Danger {
		t.Errorf("%+v", q)
	}
	settings.Answer(false)
	if !settings.State().Ask.IsZero() || d.shell.State().Page != PageVault {
		t.Fatal("no is not no")
	}
	settings.Forget()
	settings.Answer(true)
	d.until("welcome", func() bool { return d.shell.State().Page == PageWelcome })
	if n := len(d.pc.Accounts()); n != 0 {
		t.Errorf("%d accounts are left", n)
	}
	if n := len(d.pc.Keyring.Entries()); n != 0 {
		t.Errorf("%d keyring entries are left", n)
	}
	d.until("words", func() bool { return !d.shell.Welcome().State().Problem.IsZero() })
	if p := d.shell.Welcome().State().Problem; p.Tone != ToneGood || p.What != anna+" is removed from this PC." {
		t.Errorf("%+v", p)
	}
}

func TestADeletedAccountIsSaidToBe(t *testing.T) {
	const gone = "The account " + anna + " is deleted."
	deleteIt := func(v *Vault) {
		v.OpenAccount()
		sheet := v.Sheet()
		sheet.Open(accountDelete)
		sheet.SetPassword(fieldPassword, testpc.Typed(testpc.Password))
		sheet.Submit()
	}
	t.Run("the only one", func(t *testing.T) {
		d, v, _ := openDesk(t)
		deleteIt(v)
		d.until("words", func() bool { return d.shell.Welcome() != nil && !d.shell.Welcome().State().Problem.IsZero() })
		if p := d.shell.Welcome().State().Problem; p != (Message{Tone: ToneGood, What: gone}) {
			t.Errorf("%+v", p)
		}
		d.shell.Welcome().Create()
		if p := d.shell.Welcome().State().Problem; !p.IsZero() {
			t.Errorf("it is still said: %+v", p)
		}
	})
	t.Run("beside one that is locked", func(t *testing.T) {
		d, v, _ := twoAccounts(t)
		d.shell.lockOthers()
		deleteIt(v)
		d.until("words", func() bool { return !d.shell.State().Notice.IsZero() })
		if s := d.shell.State(); s.Page != PageUnlock || s.Notice != (Message{Tone: ToneGood, What: gone}) {
			t.Errorf("%+v", s)
		}
	})
	t.Run("beside one that is open", func(t *testing.T) {
		d, v, _ := twoAccounts(t)
		deleteIt(v)
		d.until("words", func() bool { return d.shell.Vault() != nil && d.shell.Vault().State().Toast.Text == gone })
	})
}
