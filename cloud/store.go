package cloud

import (
	"context"
	"errors"
)

// Errors of a Store that its users decide by; every other error means that the database failed.
var (
	// ErrNone is returned by every Tx method that looks for one row and finds none.
	ErrNone = errors.New("no such row")
	// ErrExists is returned by every Insert method whose key or unique column is there already.
	ErrExists = errors.New("row exists")
)

// Store keeps what the server knows, in transactions. What it is given to do may run more than once, where others were in its way: only
// the last run counts, so that each sets anew whatever it sets.
type Store interface {
	// Update runs do in a serialisable transaction and commits if do returns nil. What a commit writes (PutRow, PutNode, PutEnvelope, AddBytes,
	// InsertCommit, MoveHead) may be sent later: before the next question is asked, whose error it then has, or before the commit.
	Update(ctx context.Context, do func(Tx) error) error
	// View runs do on a snapshot; writing in it fails.
	View(ctx context.Context, do func(Tx) error) error
	// Glance runs do, which asks one question, on what is committed: it needs no transaction, and so three answers of the database less. A
	// second question in it fails, and so does writing.
	Glance(ctx context.Context, do func(Tx) error) error
	// Scrub overwrites what was deleted and is still in the database's own log, as far as the engine has a way to.
	Scrub(ctx context.Context) error
}

// Tx is a transaction, alive until the function it was given to returns. Each part is declared where its rules are.
type Tx interface {
	signupRows
	signinRows
	accountRows
	deviceRows
	sessionRows
	pairingRows
	recoveryRows
	emailRows
	vaultRows
	attachmentRows
	quotaRows
	treeRows
	mailRows
	deliveryRows
	computerRows
	heldRows
	janitorRows
}
