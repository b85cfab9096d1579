package session

import "context"

// Refresh picks up what other programs, cofferctl say, wrote into the vaults that are open, and has it sent. It is cheap where none
// did. Call it when the window gets the focus.
func (m *Manager) Refresh(ctx context.Context) {
	m.mu.Lock()
	open := make([]*Unlocked, 0, len(m.unlocked))
	for _, u := range m.unlocked {
		open = append(open, u)
	}
	m.mu.Unlock()
	for _, u := range open {
		if !u.begin() {
			continue
		}
		if err := u.vault.Refresh(ctx); err != nil && ctx.Err() == nil {
			m.cfg.Log.Warn("what other programs wrote is not shown yet", "error", err)
		}
		u.work.Done()
	}
}
