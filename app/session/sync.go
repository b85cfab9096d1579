package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/sync/wire"
	"github.com/coffer-vault/coffer/vault"
)

// How often the loop looks without being asked: events make it prompt, this makes it certain.
const (
	idleInterval = 5 * time.Minute
	firstRetry   = 2 * time.Second
	lastRetry    = 30 * time.Second
	rememberEach = time.Minute
)

// start runs the sync loop and listens to the server until Lock.
func (u *Unlocked) start() {
	if u.m.cfg.Driven {
		return
	}
	stop := u.vault.Subscribe(func(vault.Change) { u.wake() })
	u.work.Add(3)
	go func() {
		defer u.work.Done()
		u.carryLoop()
	}()
	go func() {
		defer u.work.Done()
		defer stop()
		u.syncLoop()
	}()
	go func() {
		defer u.work.Done()
		u.listen()
	}()
}

// wake asks for a sync soon.
func (u *Unlocked) wake() {
	select {
	case u.kick <- struct{}{}:
	default: // one is due already
	}
}

func (u *Unlocked) syncLoop() {
	retry := firstRetry
	remembered := u.m.cfg.Now()
	u.nextBackup = remembered.Add(backupAfter)
	for {
		wait := idleInterval
		switch err := u.syncOnce(u.ctx, nil); {
		case u.ctx.Err() != nil:
			return
		case err != nil:
			wait = pauseAfter(err, retry)
			retry = min(2*retry, lastRetry)
		default:
			retry = firstRetry
		}
		if now := u.m.cfg.Now(); now.Sub(remembered) >= rememberEach {
			remembered = now
			u.rememberNow(u.ctx)
		}
		u.backUpIfDue()
		wait = min(wait, max(u.nextBackup.Sub(u.m.cfg.Now()), firstRetry))
		select {
		case <-u.ctx.Done():
			return
		case <-u.kick:
		case <-u.m.cfg.After(wait):
		}
	}
}

func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }

// pauseAfter is how long to wait after an error: as long as a server that has too much to do says, though not for ever.
func pauseAfter(err error, retry time.Duration) time.Duration {
	var slow *SlowDownError
	if errors.As(err, &slow) {
		return max(jitter(retry), min(slow.RetryAfter, idleInterval))
	}
	return jitter(retry)
}

// listen keeps the stream of events open; every event, and every new connection, is a reason to look. Where looking fails the stream is
// opened again: what was not seen has no second event. A network that lets no stream through is asked instead, again and again.
func (u *Unlocked) listen() {
	retry := firstRetry
	for u.ctx.Err() == nil {
		began, heard := u.m.cfg.Now(), false
		err := u.session.Events(u.ctx, func() error { heard = true; return u.look(u.ctx) }, u.noticeEvent)
		if !heard {
			err = errors.Join(err, u.look(u.ctx))
		}
		if u.m.cfg.Now().Sub(began) > lastRetry {
			retry = firstRetry
		}
		u.m.cfg.Log.Debug("event stream ended", "error", err)
		select {
		case <-u.ctx.Done():
		case <-u.m.cfg.After(jitter(retry)):
			retry = min(2*retry, lastRetry)
		}
	}
}

// Sync brings the vault in step with the server now. Errors: ErrOffline, *engine.Violation, ErrDeviceRevoked, ErrLocked, and those of
// the vault's file.
func (u *Unlocked) Sync(ctx context.Context) error {
	return u.firstSync(ctx, nil)
}

// firstSync is Sync with a count of the objects that a new device loads.
func (u *Unlocked) firstSync(ctx context.Context, progress func(done, total int)) error {
	if !u.begin() {
		return ErrLocked
	}
	defer u.work.Done()
	return u.syncOnce(ctx, progress)
}

// Verify checks that every item opens, and every synced row of the file against the signed state, without the server;
// engine.ErrLocalState if one was changed.
func (u *Unlocked) Verify(ctx context.Context) error {
	if !u.begin() {
		return ErrLocked
	}
	defer u.work.Done()
	u.syncMu.Lock()
	defer u.syncMu.Unlock()
	if err := u.vault.Checked(ctx); err != nil {
		return err
	}
	return u.engine.Verify(ctx)
}

func (u *Unlocked) syncOnce(ctx context.Context, progress func(done, total int)) error {
	u.syncMu.Lock()
	defer u.syncMu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(u.ctx, cancel)()
	if u.board.get().Err != nil && isFinal(u.board.get().Err) {
		return u.board.get().Err
	}
	u.board.change(func(s *Status) { s.State = Syncing })
	var report engine.Report
	err := u.vault.Checked(ctx) // what is damaged in the file is fetched by this sync, and not by the next
	if err == nil {
		_, err = u.vault.Pin(ctx) // vault.ErrRekeyed before the server is asked: what it says of the keys would be misread
	}
	if err == nil {
		err = u.goOnWithChange(ctx)
	}
	if err == nil {
		report, err = u.engine.Sync(ctx, u.loading(progress))
	}
	if err == nil {
		err = u.checkVouched(ctx)
	}
	if err == nil {
		err = u.resealSome(ctx)
	}
	err = fromServer(err)
	u.roster.note(u.own.account.Log)
	u.settle(report, err)
	return err
}

// loading tells of a first sync in the status too: one that was interrupted goes on after an unlock, where nobody waits for it.
func (u *Unlocked) loading(progress func(done, total int)) func(done, total int) {
	return func(done, total int) {
		u.board.change(func(s *Status) { s.Loaded, s.ToLoad = done, total })
		if progress != nil {
			progress(done, total)
		}
	}
}

// settle writes the outcome of a sync to the status.
func (u *Unlocked) settle(report engine.Report, err error) {
	u.noteEvidence(err)
	pending := u.pending()
	u.board.change(func(s *Status) {
		s.Pending, s.Err, s.Loaded, s.ToLoad = pending, err, 0, 0
		s.ClockOff = -u.session.Client().Ahead()
		switch {
		case err == nil:
			s.State, s.LastSync = Synced, u.m.cfg.Now()
		case errors.Is(err, ErrOffline), errors.Is(err, context.Canceled):
			s.State = Offline
		default:
			s.State = Problem
		}
	})
	if err == nil && !u.pruned {
		u.pruned = true
		u.m.pruneCopies(u.own.bundle.Account, u.session.Client().Ahead())
	}
	if err == nil {
		u.transfers.synced()
	}
	u.m.cfg.Log.Info("sync", "pulled", report.Pulled, "pushed", report.Pushed, "merged", report.Merged, "withheld", report.Withheld, "error", err)
}

// pending counts the edits that the server does not have; a thousand stands for more.
func (u *Unlocked) pending() int {
	edits, err := u.vault.Pending(u.ctx, wire.MaxChanges, wire.MaxCommitBytes)
	if err != nil {
		return 0
	}
	return len(edits)
}

// isFinal tells whether trying again cannot help: the server broke the protocol, or this device was removed or signed out.
func isFinal(err error) bool {
	var v *engine.Violation
	return errors.As(err, &v) || errors.Is(err, ErrDeviceRevoked) || errors.Is(err, ErrSignedOut) ||
		errors.Is(err, engine.ErrLocalState) || errors.Is(err, vault.ErrRekeyed)
}

// keepTokens stores the session's tokens, sealed.
func (u *Unlocked) keepTokens(tokens wire.Session) error {
	plain, err := json.Marshal(tokens)
	if err != nil {
		return fmt.Errorf("keep session: %w", err)
	}
	defer clear(plain)
	u.keys.RLock() // until it is written: other keys must not take their place between
	defer u.keys.RUnlock()
	sealed, err := u.own.seal(localSession, plain)
	if err != nil {
		return err
	}
	u.refresh.Store(&tokens.RefreshToken)
	return u.store.UpdateAccount(context.Background(), func(a *vault.Account) { a.SealedSession = sealed })
}

// keptTokens reads them back; an account without a session gets zero ones and will prove.
func (u *Unlocked) keptTokens(ctx context.Context) (*wire.Session, error) {
	header, err := u.store.Account(ctx)
	if err != nil {
		return nil, err
	}
	tokens := new(wire.Session)
	if header.SealedSession == nil {
		return tokens, nil
	}
	plain, err := u.own.unseal(localSession, header.SealedSession)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", vault.ErrTampered, err)
	}
	defer plain.Wipe()
	if err := json.Unmarshal(plain.Reveal(), tokens); err != nil {
		return nil, fmt.Errorf("%w: %w", vault.ErrTampered, err)
	}
	return tokens, nil
}
