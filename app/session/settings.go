package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/coffer-vault/coffer/internal/atomicfile"
)

// Settings are the choices of this OS user on this PC. They hold no secret, since the unlock screen needs them.
type Settings struct {
	Theme          string        `json:"theme"`    // "system", "light", "dark"
	Language       string        `json:"language"` // BCP 47; "" follows the system
	LockAfter      time.Duration `json:"lock_after"`
	ClipboardAfter time.Duration `json:"clipboard_after"`
	ReducedMotion  bool          `json:"reduced_motion"`
	StartAtLogin   bool          `json:"start_at_login"`
	ImportBrowsers bool          `json:"import_browsers"` // on an account's first sign-in on a PC
	Server         string        `json:"server"`          // the origin that new accounts use; "" for the built-in one
	CheckBreaches  bool          `json:"check_breaches"`  // passwords are looked up at BreachServer
	BreachServer   string        `json:"breach_server"`   // "" for the public one
	KeepInTray     bool          `json:"keep_in_tray"`    // closing the window leaves the icon, and the program
	HideSecrets    bool          `json:"hide_secrets"`    // keep the window out of screenshots and shared screens
	HotKey         string        `json:"hot_key"`         // of the quick access; "" for the usual one, "off" for none
}

// DefaultSettings is what a new user has.
func DefaultSettings() Settings {
	return Settings{Theme: "system", LockAfter: 10 * time.Minute, ClipboardAfter: 30 * time.Second, ImportBrowsers: true, KeepInTray: true, HideSecrets: true}
}

// Bounds of the settings that guard secrets: a damaged file must not switch the guard off.
const (
	minLockAfter, maxLockAfter           = time.Minute, 24 * time.Hour
	minClipboardAfter, maxClipboardAfter = 5 * time.Second, 5 * time.Minute
)

// Settings reads the settings, as far as the policy leaves them to the user. A file that is missing or damaged gives the defaults.
func (m *Manager) Settings() Settings { return m.governed(m.kept()) }

// kept are the user's own choices.
func (m *Manager) kept() Settings {
	s := DefaultSettings()
	data, err := os.ReadFile(m.settingsPath())
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		m.cfg.Log.Warn("settings not readable, using defaults", "error", err)
		return DefaultSettings()
	}
	s.LockAfter = min(max(s.LockAfter, minLockAfter), maxLockAfter)
	s.ClipboardAfter = min(max(s.ClipboardAfter, minClipboardAfter), maxClipboardAfter)
	return s
}

// SaveSettings writes the settings. Whether passwords are looked up holds from now on, also if that fails. Where the policy has the say,
// the file keeps what the user had chosen.
func (m *Manager) SaveSettings(s Settings) error {
	m.askBreaches(s)
	if err := m.cfg.Paths.Create(); err != nil {
		return fmt.Errorf("save settings: %w", err)
	}
	data, err := json.MarshalIndent(m.own(s), "", "  ")
	if err != nil {
		return fmt.Errorf("save settings: %w", err)
	}
	if err := atomicfile.WriteFile(m.settingsPath(), data, 0o600); err != nil {
		return fmt.Errorf("save settings: %w", err)
	}
	return nil
}

func (m *Manager) settingsPath() string { return filepath.Join(m.cfg.Paths.Home, "settings.json") }
