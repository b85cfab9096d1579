package session

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/coffer-vault/coffer/app/breach"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/audit"
)

// Checkup is the security check of an account that is unlocked. It works in the background from the first Unlocked.Checkup until Lock,
// which forgets all of it.
type Checkup struct {
	*audit.Auditor
	u     *Unlocked
	leaks *leaks
	kick  chan struct{} // there is something to examine
	news  board         // only its watchers are used

	mu  sync.Mutex
	err error
}

// Checkup begins the security check, or returns the one that runs. Errors: ErrLocked.
func (u *Unlocked) Checkup() (*Checkup, error) {
	u.checkupMu.Lock()
	defer u.checkupMu.Unlock()
	if u.checkup != nil {
		return u.checkup, nil
	}
	if !u.begin() {
		return nil, ErrLocked
	}
	c := &Checkup{u: u, leaks: newLeaks(u), kick: make(chan struct{}, 1)}
	c.Auditor = audit.New(u.vault, c.leaks, u.m.cfg.Now)
	c.leaks.answered = func(items []id.ID) { c.examine(vault.Change{Objects: items}) }
	c.leaks.tell = c.tell
	stop := u.vault.Subscribe(c.examine)
	go func() {
		defer u.work.Done()
		c.run()
		stop()
		c.Close()
		c.leaks.close()
	}()
	c.askBreaches()
	c.examine(vault.Change{All: true})
	u.checkup = c
	return c, nil
}

func (c *Checkup) examine(change vault.Change) {
	c.Changed(change)
	c.Again()
}

// Again goes on after a failure.
func (c *Checkup) Again() {
	select {
	case c.kick <- struct{}{}:
	default: // it is about to look
	}
}

func (c *Checkup) run() {
	var asking sync.WaitGroup
	asking.Go(func() { c.leaks.run(c.u.ctx) })
	defer asking.Wait()
	for {
		select {
		case <-c.u.ctx.Done():
			return
		case <-c.kick:
		}
		err := c.Work(c.u.ctx, c.tell)
		if c.u.ctx.Err() != nil {
			return
		}
		c.mu.Lock()
		c.err = err
		c.mu.Unlock()
		if err != nil {
			c.u.m.cfg.Log.Warn("security check stopped", "error", err)
		}
		c.leaks.wake()
		c.tell()
	}
}

// Finish examines what is left now, and returns when all is. Errors: those of audit.Auditor.Work.
func (c *Checkup) Finish(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.u.ctx, cancel)()
	return c.Work(ctx, func() {})
}

// Err is why the check stopped; nil while it goes on.
func (c *Checkup) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// OnChange calls f when there are new results, from another goroutine, until the returned function is called.
func (c *Checkup) OnChange(f func()) (stop func()) { return c.news.watch(f) }

func (c *Checkup) tell() { c.news.change(func(*Status) {}) }

// askBreaches has the passwords looked up where the settings say, or no longer: then what was learned is forgotten.
func (c *Checkup) askBreaches() {
	var client *breach.Client
	if server := c.u.m.breachServer(); server != "" {
		var err error
		if client, err = breach.New(server, c.u.m.cfg.Transport); err != nil {
			c.u.m.cfg.Log.Warn("passwords are not looked up", "error", err)
		}
	}
	if c.leaks.use(client) {
		c.examine(vault.Change{All: true})
	}
}

// breachServer is where passwords are looked up; empty for nowhere.
func (m *Manager) breachServer() string {
	m.mu.Lock()
	saved := m.saved
	m.mu.Unlock()
	if saved == nil {
		read := m.Settings()
		saved = &read
	}
	switch {
	case !saved.CheckBreaches:
		return ""
	case saved.BreachServer == "":
		return breach.Public
	}
	return saved.BreachServer
}

// askBreaches has all accounts follow new settings. A Checkup that begins meanwhile follows these, or is told afterwards.
func (m *Manager) askBreaches(s Settings) {
	m.mu.Lock()
	m.saved = &s
	open := slices.Collect(maps.Values(m.unlocked))
	m.mu.Unlock()
	for _, u := range open {
		u.checkupMu.Lock()
		if u.checkup != nil && u.begin() {
			u.checkup.askBreaches()
			u.work.Done()
		}
		u.checkupMu.Unlock()
	}
}

// Breaches is how far the look-up of the passwords is.
func (c *Checkup) Breaches() BreachState { return c.leaks.state() }

// BreachState is the look-up of passwords at a server.
type BreachState struct {
	On   bool
	Left int   // items whose passwords are still to be looked up
	Err  error // why the last question got no answer; it is asked again by itself
}

// Offline tells whether the server was not reached, rather than wrong.
func (s BreachState) Offline() bool { return errors.Is(s.Err, breach.ErrUnreachable) }
