// Package sqlite keeps one account's vaults in one SQLite file. It is given sealed values only and has no key.
//
//	integrity.mac = HMAC(anchor, generation, digest)     digest covers account row, log head, local values, pins, pending versions
//	vault.pin     = a signed commit, verified             its root covers every other version
//
// Every change is one transaction, which also raises the generation and writes the MAC: a crash leaves the state before or after
// a change, and a change made with another program shows.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/coffer-vault/coffer/internal/sqlite"
	"github.com/coffer-vault/coffer/vault"
)

//go:embed migrations/*.sql
var migrations embed.FS

var (
	// ErrNoAccount is returned for a file in which no account was created, or whose creation did not complete.
	ErrNoAccount = errors.New("the vault file has no account")
	// ErrExists is returned by Create for a file that has an account.
	ErrExists = errors.New("the vault file exists")
)

// MAC authenticates bytes under the anchor key: HMAC-SHA-256.
type MAC func([]byte) [32]byte

// Store is a vault file. It may be used by several goroutines and, with others of its kind, by several processes.
type Store struct {
	write *sql.DB // takes the write lock at BEGIN
	read  *sql.DB

	mu  sync.Mutex
	mac MAC // nil until anchored
	// atLeast is the newest generation that the device remembers; what is written comes after it.
	atLeast uint64
	inUse   []uint32 // see UseKeys
}

var _ vault.Store = (*Store)(nil)

// leastSize is the header of a database, in bytes. A file without any was begun and not written.
const leastSize = 100

// Open opens an existing vault file for reading. Anchor has to follow before anything is written.
// Errors: ErrNoAccount, fs.ErrNotExist, vault.ErrNotAFile, vault.ErrNetwork, vault.ErrNewerSchema, and those of vault.Store.
func Open(ctx context.Context, path string) (*Store, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("open vault file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("open vault file: %w", vault.ErrNotAFile) // a pipe would be waited for
	}
	if size := info.Size(); size > 0 && size < leastSize {
		return nil, fmt.Errorf("open vault file: %w: %d bytes", vault.ErrCorrupt, size) // SQLite would begin anew
	}
	s, err := open(ctx, path)
	if err != nil {
		return nil, err
	}
	if _, err := s.Account(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Contents is what a new vault file begins with.
type Contents struct {
	Account vault.Account
	Vaults  []vault.SealedVaultKey
	Log     []vault.LogEntry
	Locals  map[string][]byte // nil: those that are there stay
}

// Create makes a vault file and anchors it. Whoever is interrupted can call it again: until it returns nil there is no account
// in the file. Errors: ErrExists, and those of vault.Store.
func Create(ctx context.Context, path string, c Contents, mac MAC) (*Store, error) {
	s, err := open(ctx, path)
	if err != nil {
		return nil, err
	}
	if err := s.create(ctx, c, mac); err != nil {
		s.Close()
		return nil, fmt.Errorf("create vault file: %w", err)
	}
	s.mac = mac
	return s, nil
}

// onNetwork is replaced by tests.
var onNetwork = sqlite.OnNetwork

func open(ctx context.Context, path string) (*Store, error) {
	if remote, err := onNetwork(path); err == nil && remote {
		return nil, fmt.Errorf("open vault file: %w", vault.ErrNetwork)
	}
	write, err := sqlite.Open(ctx, path, sqlite.Options{Immediate: true})
	if err != nil {
		return nil, fmt.Errorf("open vault file: %w", classify(err))
	}
	write.SetMaxOpenConns(1)
	files, err := fs.Sub(migrations, "migrations")
	if err == nil {
		err = isOurs(ctx, write)
	}
	if err == nil {
		err = sqlite.Migrate(ctx, write, files)
	}
	if err != nil {
		write.Close()
		return nil, fmt.Errorf("open vault file: %w", classify(err))
	}
	read, err := sqlite.Open(ctx, path, sqlite.Options{})
	if err != nil {
		write.Close()
		return nil, fmt.Errorf("open vault file: %w", classify(err))
	}
	return &Store{write: write, read: read}, nil
}

// isOurs refuses a database that has tables and not one of our versions: it is another program's, and gets no tables of ours.
func isOurs(ctx context.Context, db *sql.DB) error {
	version, err := sqlite.Version(ctx, db)
	if err != nil || version != 0 {
		return err
	}
	var tables int
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master`).Scan(&tables); err != nil || tables == 0 {
		return err
	}
	return fmt.Errorf("%w: a database of another program, or without its version", vault.ErrCorrupt)
}

// closePatience bounds how long Close waits for transactions that are being rolled back.
const closePatience = 5 * time.Second

// Close ends the use of the file. It returns when the last connection is closed: a transaction whose context has ended is rolled back by
// a goroutine of its own, and until then SQLite keeps the write-ahead log beside the file. Who then moves or copies the file has all of it.
func (s *Store) Close() error {
	err := errors.Join(s.read.Close(), s.write.Close())
	last := time.Now().Add(closePatience)
	for s.read.Stats().OpenConnections+s.write.Stats().OpenConnections > 0 && time.Now().Before(last) {
		time.Sleep(time.Millisecond)
	}
	return err
}

// View implements vault.Store.
func (s *Store) View(ctx context.Context, f func(vault.Reader) error) error {
	return s.opened(ctx, func(t *transaction) error {
		t.mac, _ = s.anchored()
		return f(t)
	})
}

// opened is view for what is opened with the keys in use: vault.ErrRekeyed once others have taken their place.
func (s *Store) opened(ctx context.Context, f func(*transaction) error) error {
	return s.view(ctx, func(t *transaction) error {
		if err := s.checkKeys(t); err != nil {
			return err
		}
		return f(t)
	})
}

func (s *Store) view(ctx context.Context, f func(*transaction) error) error {
	tx, err := s.read.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("read vault file: %w", classify(err))
	}
	defer tx.Rollback()
	return ended(ctx, f(&transaction{ctx: ctx, tx: tx}))
}

// Update implements vault.Store.
func (s *Store) Update(ctx context.Context, f func(vault.Tx) error) error {
	return s.update(ctx, func(t *transaction) error { return f(t) })
}

func (s *Store) update(ctx context.Context, f func(*transaction) error) error {
	mac, atLeast := s.anchored()
	if mac == nil {
		return vault.ErrNotAnchored
	}
	return s.transact(ctx, func(t *transaction) error {
		if err := t.open(mac, atLeast); err != nil {
			return err
		}
		if err := s.checkKeys(t); err != nil {
			return err
		}
		if err := f(t); err != nil {
			return err
		}
		if !t.changed {
			return nil
		}
		return t.sign(mac)
	})
}

// anchored returns what changes are signed with; nil before Anchor.
func (s *Store) anchored() (mac MAC, atLeast uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mac, s.atLeast
}

// transact runs f between BEGIN IMMEDIATE and COMMIT.
func (s *Store) transact(ctx context.Context, f func(*transaction) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("write vault file: %w", classify(err))
	}
	defer tx.Rollback()
	if err := f(&transaction{ctx: ctx, tx: tx, pending: new(buckets)}); err != nil {
		return ended(ctx, err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("write vault file: %w", ended(ctx, err))
	}
	return nil
}

// ended is classify, but names the end of a context where database/sql only says that the transaction, or a statement of it, is gone.
func ended(ctx context.Context, err error) error {
	gone := err != nil && (errors.Is(err, sql.ErrTxDone) || strings.Contains(err.Error(), "sql: statement is closed"))
	if gone && ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return classify(err)
}

// classify adds the error that vault.Store promises to one of SQLite's.
func classify(err error) error {
	for _, class := range []struct {
		is     func(error) bool
		become error
	}{
		{sqlite.IsFull, vault.ErrFull},
		{sqlite.IsReadOnly, vault.ErrReadOnly},
		{isPermission, vault.ErrReadOnly},
		{sqlite.IsIO, vault.ErrDisk},
		{sqlite.IsCannotOpen, vault.ErrCannotOpen},
		{sqlite.IsBusy, vault.ErrBusy},
		{sqlite.IsCorrupt, vault.ErrCorrupt},
		{sqlite.IsNotADatabase, vault.ErrCorrupt},
		{isWrongValue, vault.ErrCorrupt},
		{sqlite.IsWrongSchema, vault.ErrCorrupt},
		{isNewerSchema, vault.ErrNewerSchema},
	} {
		if err != nil && class.is(err) && !errors.Is(err, class.become) {
			return fmt.Errorf("%w: %w", class.become, err)
		}
	}
	return err
}

// isPermission recognises a file that may not be written, and one on a disk that is read-only, before SQLite has opened it.
func isPermission(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}

// isWrongValue recognises a column that holds what this program never writes there. database/sql has no error value for it.
func isWrongValue(err error) bool { return strings.Contains(err.Error(), "sql: Scan error on column") }

func isNewerSchema(err error) bool { return errors.Is(err, sqlite.ErrNewerSchema) }
