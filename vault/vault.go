// Package vault is the domain of the password vault: items and folders, their history, how versions of them merge, and the unlocked
// vault over a local store.
//
//	Item ──encode──▶ canonical CBOR ──crypto/keys──▶ envelope ──Store──▶ disk
//	  ▲                                                  │
//	  └──────────────── opened on demand ◀───────────────┘
//
// What a reviewer can check:
//
//   - The Store sees sealed values only; passwords are in memory only while an Item is.
//   - Nothing that was typed is lost: Merge keeps both sides of a conflict, Save merges with what changed since the item was read,
//     a row that does not open is kept, and a save that returned is on disk.
//   - Device clocks inform people and decide nothing.
//   - Nothing here knows of a server: package sync/engine drives the methods in pull.go and push.go.
package vault

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// Config is what a Vault is opened with.
type Config struct {
	Store   Store
	Account id.ID
	Vault   id.ID
	Device  id.ID
	Epoch   uint32
	Key     secret.Bytes     // the vault key of that epoch, the newest; Open copies it
	Earlier []EpochKey       // keys of the epochs before, copied too
	Former  []EpochKey       // keys of another history, which open what Adopt finds here; copied too
	Now     func() time.Time // nil means time.Now
	Chunks  ChunkStore       // of attachments; nil: none can be attached or fetched

	// Snapshot lets Open begin with the sealed index that the store keeps, and has one kept (docs/adr/0011). It is for an anchored
	// store alone.
	Snapshot bool
	// Background is how long after a change the index is written by itself, and lets Open return before what it took from there is
	// held against the objects. 0: the index is written by Close, and Open does all of it.
	Background time.Duration
}

// Vault is an unlocked vault. Its methods may be called by several goroutines at once. After Close they do nothing: those that
// can fail return ErrClosed.
type Vault struct {
	cfg    Config
	keys   atomic.Pointer[epochKeys]
	frozen atomic.Bool

	// life ends with Close; running counts the calls that use keys or store.
	life    context.Context
	end     context.CancelFunc
	running sync.WaitGroup

	// writing makes changes one at a time, so that the index follows the store.
	writing  sync.Mutex
	stirred  chan struct{} // asks for the sealed index to be written
	wordless chan struct{} // asks for the words of the index to be gathered
	typing   chan struct{} // asks for them at once
	checked  chan struct{} // closed once what Open took from the sealed index is held against the objects
	checkErr error         // why that failed; read after checked

	mu          sync.RWMutex
	closed      bool
	index       *index
	uploaded    map[id.ID]bool // attachments of which the server has every chunk, as far as is known
	fileNews    atomic.Uint64
	changed     uint64         // Reader.Changed of the state that index shows; written under writing too
	unwritten   segments       // that the sealed index does not have as they are
	used        map[id.ID]bool // since the vault was unlocked
	subscribers map[int]func(Change)
	nextID      int
}

// Change names the objects that changed: items, folders and marks. All says that any may have: another process wrote.
type Change struct {
	Objects []id.ID
	All     bool
}

// Open unlocks a vault: it opens every object once, on all processors, and keeps the summaries; those of objects that did not change
// since it was closed it may take from the sealed index (Config.Snapshot). progress, which may be nil, is called from other goroutines,
// one at a time. What does not open is listed as unreadable and never makes Open fail.
// Errors: those of the Store, the context's, and ErrClosed for a missing key.
func Open(ctx context.Context, cfg Config, progress func(done, total int)) (*Vault, error) {
	if cfg.Key.IsZero() {
		return nil, fmt.Errorf("open vault: %w", ErrClosed)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Chunks == nil {
		cfg.Chunks = noChunks{}
	}
	v := &Vault{
		cfg: cfg, subscribers: make(map[int]func(Change)), used: make(map[id.ID]bool),
		stirred: make(chan struct{}, 1), wordless: make(chan struct{}, 1), typing: make(chan struct{}, 1), checked: make(chan struct{}),
	}
	v.keys.Store(newEpochKeys(cfg))
	v.cfg.Key, v.cfg.Earlier, v.cfg.Former = secret.Bytes{}, nil, nil
	v.life, v.end = context.WithCancel(context.Background())
	if err := v.load(ctx, progress); err != nil {
		v.Close()
		return nil, fmt.Errorf("open vault: %w", err)
	}
	v.keepSnapshot()
	v.keepWords()
	return v, nil
}

// ID is the vault's id.
func (v *Vault) ID() id.ID { return v.cfg.Vault }

// Close locks the vault: it stops what is running, except for a save that has begun, waits for that, writes the sealed index as far as
// that changed, then wipes the keys and drops the index. The store stays open. It must not be called from a function that a running call of the vault calls, such as a
// progress; a subscriber may.
func (v *Vault) Close() {
	v.mu.Lock()
	v.closed = true
	last := v.collectUnwritten()
	v.index = nil
	v.subscribers = nil
	v.mu.Unlock()
	v.end()
	v.running.Wait()
	v.writeLastSnapshot(last)
	v.keys.Load().wipe()
}

// begin enters a call that uses keys or store; the caller has to call leave. ErrClosed after Close.
func (v *Vault) begin() (leave func(), err error) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.closed {
		return nil, ErrClosed
	}
	v.running.Add(1)
	return v.running.Done, nil
}

// untilClosed returns a context that Close ends too, for work that may take long.
func (v *Vault) untilClosed(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(v.life, func() { cancel(ErrClosed) })
	return ctx, func() { stop(); cancel(nil) }
}

// Subscribe has f called after every change, from the goroutine that made it; f must return soon. It may call the vault.
func (v *Vault) Subscribe(f func(Change)) (unsubscribe func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	n := v.nextID
	v.nextID++
	if !v.closed {
		v.subscribers[n] = f
	}
	return func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		delete(v.subscribers, n)
	}
}

func (v *Vault) notify(c Change) {
	if !c.All && len(c.Objects) == 0 {
		return
	}
	v.mu.RLock()
	calls := slices.Collect(maps.Values(v.subscribers))
	v.mu.RUnlock()
	for _, call := range calls {
		call(c)
	}
}

// nowMillis is the time by this device's clock; it informs people.
func (v *Vault) nowMillis() int64 { return v.cfg.Now().UnixMilli() }
