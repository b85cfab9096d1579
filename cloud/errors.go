package cloud

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coffer-vault/coffer/sync/chain"
)

// Decisions of the server. Package api has the one table that turns them into codes of the protocol.
var (
	ErrInvalid        = errors.New("request is malformed")
	ErrProofFailed    = errors.New("proof failed")
	ErrSessionEnded   = errors.New("no such session")
	ErrCodeExpired    = errors.New("code expired, used up or never sent")
	ErrDeviceRevoked  = errors.New("device is revoked")
	ErrDeviceUnlisted = errors.New("device is not in the account log")
	ErrNotFound       = errors.New("not found")
	ErrTaken          = errors.New("account, address or lookup tag exists already")
	ErrOpReused       = errors.New("operation id was used for other bytes")
	ErrTooLarge       = errors.New("over a limit of the protocol")
	ErrRootMismatch   = errors.New("state root differs")
	ErrBadCommit      = errors.New("commit refused")
	ErrBadEntry       = errors.New("account log entry refused")
)

// Failed tells an error of the database or of this program from a decision about a request, and from a caller who has gone.
func Failed(err error) bool {
	for _, decision := range []error{
		ErrInvalid, ErrProofFailed, ErrSessionEnded, ErrCodeExpired, ErrDeviceRevoked, ErrDeviceUnlisted, ErrNotFound, ErrTaken, ErrOpReused,
		ErrTooLarge, ErrRootMismatch, ErrBadCommit, ErrBadEntry, ErrNone, ErrExists, context.Canceled,
	} {
		if errors.Is(err, decision) {
			return false
		}
	}
	for _, detail := range []any{new(*CodeWrong), new(*HeadMoved), new(*LogMoved), new(*RecoveryWaits), new(*SlowDown), new(*QuotaExceeded)} {
		if errors.As(err, detail) {
			return false
		}
	}
	return err != nil
}

// CodeWrong says how many tries a mailed code has left.
type CodeWrong struct{ TriesLeft int }

func (e *CodeWrong) Error() string { return fmt.Sprintf("wrong code, %d tries left", e.TriesLeft) }

// HeadMoved says that a push does not follow the vault's head, and where that head is.
type HeadMoved struct{ Head chain.Head }

func (e *HeadMoved) Error() string { return fmt.Sprintf("vault's head is at %d", e.Head.Seq) }

// LogMoved says that an entry does not follow the account log's head, and where that head is.
type LogMoved struct{ Seq uint64 }

func (e *LogMoved) Error() string { return fmt.Sprintf("account log's head is at %d", e.Seq) }

// RecoveryWaits says when a recovery's delay is over, Unix ms.
type RecoveryWaits struct{ ReadyAt int64 }

func (e *RecoveryWaits) Error() string { return fmt.Sprintf("recovery waits until %d", e.ReadyAt) }

// SlowDown asks to wait.
type SlowDown struct{ After time.Duration }

func (e *SlowDown) Error() string { return fmt.Sprintf("slow down for %s", e.After) }

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrInvalid}, args...)...)
}
