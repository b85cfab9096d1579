package cloud

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

const cleaningInterval = 10 * time.Minute

type janitorRows interface {
	// DeleteExpired removes sign-ups, challenges, pending devices, pairings, recoveries, changes of address, sessions, counters, wrong
	// proofs, devices that nobody ever listed and what became of mails, as far as they are over, and returns how many rows that were.
	DeleteExpired(now, pairingsBefore, proofsBefore, devicesBefore, daysBefore, mailsBefore int64) (rows int64, err error)
}

// Janitor removes what is over: traces of coming in, and chunks of files of which no object came. What was deleted since the last time,
// accounts among it, is then taken out of the database's own log, too.
type Janitor struct {
	*base
	log *slog.Logger
}

// Run cleans until ctx ends.
func (j *Janitor) Run(ctx context.Context) {
	ticker := time.NewTicker(cleaningInterval)
	defer ticker.Stop()
	for {
		j.round(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (j *Janitor) round(ctx context.Context) {
	if rows, err := j.Clean(ctx); err != nil && ctx.Err() == nil {
		j.log.Error("clean", "err", err)
	} else if rows > 0 {
		j.log.Info("cleaned", "rows", rows)
	}
	if err := j.store.Scrub(ctx); err != nil && ctx.Err() == nil {
		j.log.Warn("what was deleted stays in the database's log until the next cleaning", "err", err)
	}
}

// Clean removes what is over now and returns how many rows that were; an attachment counts as one.
func (j *Janitor) Clean(ctx context.Context) (rows int64, err error) {
	err = j.store.Update(ctx, func(tx Tx) (err error) {
		now := j.time()
		yesterday := now/millis(24*time.Hour) - 1
		// Every session of an unlisted device is over by then; it could come back without a code for ever.
		unseen := now - millis(refreshLifetime)
		rows, err = tx.DeleteExpired(now, now-millis(pairingMemory), now-millis(proofMemory), unseen, yesterday, now-millis(deliveryMemory))
		return err
	})
	for err == nil {
		// One at a time: a file of 100 MiB keeps other writers waiting long enough.
		err = j.store.Update(ctx, func(tx Tx) error { return settleAttachment(tx, j.time()) })
		if errors.Is(err, ErrNone) {
			return rows, nil
		}
		rows++
	}
	return rows, err
}
