package cloud

import (
	"errors"
	"fmt"
	"sync"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/chain"
)

const (
	// cachedLogs bounds the verified account logs in memory. A log is some hundred bytes per entry, most have a few entries.
	cachedLogs  = 1000
	maxLogBytes = 64 << 20
)

// logCache keeps verified account logs, so that a push does not check every signature of the log again.
type logCache struct {
	mu   sync.Mutex
	logs map[id.ID]*cachedLog
}

type cachedLog struct {
	mu  sync.Mutex
	log *chain.Log
}

func newLogCache() *logCache { return &logCache{logs: map[id.ID]*cachedLog{}} }

// with gives do the account's log as the transaction sees it, to append to. What do refuses leaves no trace: to read and verify a long
// log again costs a second of the one writer's time, which anybody could ask for again and again. If the transaction fails after do,
// the next caller notices that memory and database differ. Errors: ErrSessionEnded for an account that is gone.
func (c *logCache) with(tx Tx, account id.ID, do func(*chain.Log) error) error {
	return c.locked(tx, account, func(entry *cachedLog) error {
		log := entry.log.Clone()
		if err := do(log); err != nil {
			return err
		}
		entry.log = log
		return nil
	})
}

// read is with for a do that appends nothing.
func (c *logCache) read(tx Tx, account id.ID, do func(*chain.Log) error) error {
	return c.locked(tx, account, func(entry *cachedLog) error { return do(entry.log) })
}

func (c *logCache) locked(tx Tx, account id.ID, do func(*cachedLog) error) error {
	entry := c.entry(account)
	entry.mu.Lock()
	defer entry.mu.Unlock()
	if err := entry.catchUp(tx, account); err != nil {
		return err
	}
	return do(entry)
}

func (c *logCache) entry(account id.ID) *cachedLog {
	c.mu.Lock()
	defer c.mu.Unlock()
	if entry := c.logs[account]; entry != nil {
		return entry
	}
	// Any victim will do: a log that is needed again is read again.
	for victim := range c.logs {
		if len(c.logs) < cachedLogs {
			break
		}
		delete(c.logs, victim)
	}
	entry := &cachedLog{}
	c.logs[account] = entry
	return entry
}

func (c *cachedLog) catchUp(tx Tx, account id.ID) error {
	length, hash, err := tx.LogHead(account)
	if errors.Is(err, ErrNone) {
		return ErrSessionEnded // the account was deleted since the request was let in
	} else if err != nil {
		return fmt.Errorf("read account log: %w", err)
	}
	if c.log != nil && c.is(length, hash) {
		return nil
	}
	entries, err := tx.LogEntries(account, -1, maxLogBytes)
	if err != nil {
		return fmt.Errorf("read account log: %w", err)
	}
	c.log = nil
	log, err := chain.ReadLog(account, entries)
	if err != nil {
		return fmt.Errorf("stored account log: %w", err)
	}
	c.log = log
	if !c.is(length, hash) {
		c.log = nil
		return fmt.Errorf("stored account log of %d entries is cut short", length)
	}
	return nil
}

func (c *cachedLog) is(length uint64, head chain.Hash) bool {
	_, hash := c.log.Head()
	return uint64(c.log.Len()) == length && hash == head
}
