package session

import (
	"time"

	"github.com/coffer-vault/coffer/internal/policy"
)

// Policy is what the administrator of this PC has decided.
func (m *Manager) Policy() policy.Policy { return m.cfg.Policy }

// Policy is what the administrator of this PC has decided.
func (u *Unlocked) Policy() policy.Policy { return u.m.cfg.Policy }

// Organization is the name of the one that this PC belongs to; empty for none.
func (m *Manager) Organization() string { return m.cfg.Enrolment.Name }

// governed is what holds of the user's choices under the policy.
func (m *Manager) governed(s Settings) Settings {
	p := m.cfg.Policy
	if p.AutoLockCeiling > 0 {
		s.LockAfter = min(s.LockAfter, max(p.AutoLockCeiling, minLockAfter))
	}
	s.ImportBrowsers = s.ImportBrowsers && p.BrowserImport != policy.No
	if p.Server != "" {
		s.Server = "https://api." + p.Server
	}
	return s
}

// own is what the user has chosen, of settings that were changed under the policy: where they are still what the policy made of the
// kept ones, those stay. They hold again when the policy goes.
func (m *Manager) own(s Settings) Settings {
	kept := m.kept()
	held := m.governed(kept)
	unchanged(&s.LockAfter, held.LockAfter, kept.LockAfter)
	unchanged(&s.ImportBrowsers, held.ImportBrowsers, kept.ImportBrowsers)
	unchanged(&s.Server, held.Server, kept.Server)
	return s
}

func unchanged[T time.Duration | bool | string](value *T, held, kept T) {
	if *value == held {
		*value = kept
	}
}
