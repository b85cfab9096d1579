package session

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/sync/enrol"
	"github.com/coffer-vault/coffer/sync/remote"
	"github.com/coffer-vault/coffer/sync/wire"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/sqlite"
)

// Unlocked is an account in use. Lock ends it; afterwards every method fails with ErrLocked or does nothing.
type Unlocked struct {
	m       *Manager
	keys    sync.RWMutex // guards own: who reads the keys in it, and writes what is sealed with them, holds it meanwhile
	own     ownAccount
	retired []ownAccount // the keys before a change; whoever still works with them may finish
	store   *sqlite.Store
	vault   *vault.Vault
	session *remote.Session
	engine  *engine.Engine
	board   board
	roster  roster
	refresh atomic.Pointer[[]byte] // the refresh token that this program had last
	denied  error                  // why the server gives no new session, until the next unlock; used in prove alone
	// entering are keys that are being adopted: what the next session is opened with.
	entering  atomic.Pointer[keys.AccountMaster]
	signedOut atomic.Uint64 // place in the log of the sign-out that locked this device last

	transfers *transfers // of attachments

	next       platform.NextKey   // the Secret Key of the change on its way; under keys
	nextMaster keys.AccountMaster // what opens the account after it; under keys

	changing  *enrol.Change     // on its way to the server; under syncMu
	stale     []id.ID           // objects to be sealed again; under syncMu
	resealing bool              // under syncMu
	deleting  bool              // the account may be gone: the answer was lost; under syncMu
	vouched   []chain.VaultHead // what the approving device vouches for; under syncMu

	ctx    context.Context // ends with Lock
	cancel context.CancelFunc
	lock   sync.Once
	mu     sync.Mutex // guards closed, and work against an Add after its Wait
	closed bool
	work   sync.WaitGroup // everything that uses the keys
	kick   chan struct{}  // asks the sync loop to run
	syncMu sync.Mutex     // one sync at a time
	lookMu sync.Mutex     // one question for a recovery at a time
	pruned bool           // old copies of the file were looked at; under syncMu

	checkupMu sync.Mutex
	checkup   *Checkup

	nextBackup time.Time // when to look whether one is due; of syncLoop alone
}

// open takes over the account's keys and its file, and begins to sync. tokens is nil where the file has them, or nobody does.
func (m *Manager) open(ctx context.Context, own ownAccount, store *sqlite.Store, tokens *wire.Session) (*Unlocked, error) {
	return m.openAnd(ctx, own, store, tokens, nil)
}

// openAnd is open with something to be done before anything is synced; its error is returned beside the open account.
func (m *Manager) openAnd(ctx context.Context, own ownAccount, store *sqlite.Store, tokens *wire.Session, first func(*Unlocked) error) (*Unlocked, error) {
	own.device.Platform = m.cfg.Platform // the file does not say it
	u := &Unlocked{m: m, own: own, store: store, kick: make(chan struct{}, 1)}
	u.ctx, u.cancel = context.WithCancel(context.Background())
	store.UseKeys(own.bundle.Generation)
	opened, err := m.openVault(ctx, own, store, nil)
	if err != nil {
		u.cancel()
		return nil, err
	}
	u.vault = opened
	err = u.connect(ctx, tokens)
	if err == nil {
		err = u.loadAccount(ctx)
	}
	if err != nil {
		u.Lock()
		return nil, err
	}
	m.mu.Lock()
	m.unlocked[own.bundle.Account] = u
	m.mu.Unlock()
	if first != nil {
		err = first(u)
	}
	u.start()
	return u, err
}

// connect prepares the session and the engine; it sends nothing.
func (u *Unlocked) connect(ctx context.Context, tokens *wire.Session) error {
	client, err := u.m.client(u.own.origin)
	if err != nil {
		return err
	}
	if tokens != nil {
		if err := u.keepTokens(*tokens); err != nil {
			return err
		}
	} else if tokens, err = u.keptTokens(ctx); err != nil {
		return err
	}
	u.refresh.Store(&tokens.RefreshToken)
	u.session = client.Session(signer(u.own.bundle.Account, u.own.device), *tokens, remote.Hooks{Keep: u.keepTokens, Prove: u.prove})
	u.transfers = newTransfers(u.session, u.vault)
	u.newEngine()
	return nil
}

// newEngine begins to sync with the keys that are in use now.
func (u *Unlocked) newEngine() {
	u.engine = u.m.newEngine(u.own, u.session, u.vault)
	u.engine.Watch(u.watchLog)
	u.engine.Carry(u.transfers.ferry)
}

// indexAfter is how long after a change the sealed index follows: a few edits are written at once.
const indexAfter = 2 * time.Second

func (m *Manager) openVault(ctx context.Context, own ownAccount, store vault.Store, former []vault.EpochKey) (*vault.Vault, error) {
	// A file that is still to be mended vouches for no index.
	_, whole := store.(*sqlite.Store)
	background := indexAfter
	if m.cfg.Driven {
		background = 0
	}
	opened, err := vault.Open(ctx, vault.Config{
		Store: store, Account: own.bundle.Account, Vault: own.account.Vault.ID, Device: own.device.ID,
		Epoch: own.account.Vault.Epoch, Key: own.account.Vault.Key, Earlier: earlierKeys(own.account.Vault), Former: former, Now: m.cfg.Now,
		Chunks: m.files(own.bundle.Account), Snapshot: whole, Background: background,
	}, nil)
	if err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	return opened, nil
}

// earlierKeys are those of the epochs before the newest.
func earlierKeys(v enrol.VaultKey) []vault.EpochKey {
	var earlier []vault.EpochKey
	for i, key := range v.Older {
		earlier = append(earlier, vault.EpochKey{Epoch: uint32(i + 1), Key: key})
	}
	return earlier
}

func (m *Manager) newEngine(own ownAccount, session *remote.Session, opened *vault.Vault) *engine.Engine {
	writer := engine.Writer{Device: own.device.ID, Key: own.device.Key}
	v := own.account.Vault
	return engine.New(session, opened, v.ID, v.Epoch, writer, own.account.Log, m.cfg.Now)
}

// Account is the account in use.
func (u *Unlocked) Account() Account {
	own := u.current()
	return Account{ID: own.bundle.Account, Email: own.email, Origin: own.origin}
}

// current is the account with the keys that are in use. They stay usable until Lock, also where others take their place.
func (u *Unlocked) current() ownAccount {
	u.keys.RLock()
	defer u.keys.RUnlock()
	return u.own
}

// Vault is the account's personal vault.
func (u *Unlocked) Vault() *vault.Vault { return u.vault }

// SecretKey is the text of the Secret Key, for the emergency kit and for signing in on another device.
func (u *Unlocked) SecretKey() string { return u.current().secretKey.Text() }

// Device is the name under which this PC is known to the account.
func (u *Unlocked) Device() string {
	states, _ := u.roster.live()
	for _, d := range states {
		if d.Device == u.own.device.ID {
			return d.Name
		}
	}
	return u.own.device.Name
}

// Status is where sync stands.
func (u *Unlocked) Status() Status { return u.board.get() }

// OnStatus calls f after every change of the status, from another goroutine, until the returned function is called. What it is now Status
// says: of two changes at once either may be told first.
func (u *Unlocked) OnStatus(f func()) (stop func()) { return u.board.watch(f) }

// begin registers work with the keys, so that Lock waits for it; false if the account is locked. The caller defers u.work.Done.
func (u *Unlocked) begin() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.closed {
		u.work.Add(1)
	}
	return !u.closed
}

// lockPatience is how long locking waits for the keyring, which may be waiting for somebody's password. The entry of before
// serves as well: it says that the file had come so far at least.
const lockPatience = 3 * time.Second

// Lock stops all work, remembers how far the file is, wipes the keys and closes the file. It returns when nothing of it is in use
// any more.
func (u *Unlocked) Lock() {
	u.lock.Do(func() {
		u.mu.Lock()
		u.closed = true
		u.mu.Unlock()
		u.cancel()
		u.work.Wait()
		if u.session != nil {
			u.session.Client().CloseIdle() // secret.Scrub cannot clear what lives on
		}
		u.vault.Close() // first: it writes what the sealed index lacks, and that is to be remembered too
		last, cancel := context.WithTimeout(context.Background(), lockPatience)
		defer cancel()
		u.rememberNow(last)
		u.m.mu.Lock()
		delete(u.m.unlocked, u.own.bundle.Account)
		u.m.mu.Unlock()
		for _, own := range append(u.retired, u.own) {
			own.wipe()
		}
		if err := u.store.Close(); err != nil {
			u.m.cfg.Log.Warn("vault file not closed", "error", err)
		}
	})
}
