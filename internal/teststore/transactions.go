package teststore

import (
	"context"
	"errors"
	"testing"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/chain"
)

// Update runs a transaction that has to commit.
func Update(t *testing.T, s cloud.Store, do func(cloud.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), do); err != nil {
		t.Fatal(err)
	}
}

// Account is an account as a sign-up makes it, of nobody else.
func Account() cloud.Account {
	accountID := id.New()
	return cloud.Account{
		ID: accountID, Email: accountID.String() + "@example.org", LookupTag: []byte(accountID.String()), Generation: 1, Profile: "P2",
		LoginKey: signing.Generate().Public(), SealedAccount: []byte("ak"), SealedIdentity: []byte("identity"),
	}
}

func transactions(t *testing.T, s cloud.Store) {
	a := Account()
	refused := errors.New("refused")
	err := s.Update(t.Context(), func(tx cloud.Tx) error {
		if err := tx.InsertAccount(a); err != nil {
			return err
		}
		return refused
	})
	if !errors.Is(err, refused) {
		t.Fatal(err)
	}
	Update(t, s, func(tx cloud.Tx) error {
		if _, err := tx.Account(a.ID); !errors.Is(err, cloud.ErrNone) {
			t.Errorf("after a rollback: %v, want ErrNone", err)
		}
		return tx.InsertAccount(a)
	})
	for _, change := range []func(*cloud.Account){func(b *cloud.Account) { b.ID = a.ID }, func(b *cloud.Account) { b.Email = a.Email }, func(b *cloud.Account) { b.LookupTag = a.LookupTag }} {
		twin := Account()
		change(&twin)
		if err := s.Update(t.Context(), func(tx cloud.Tx) error { return tx.InsertAccount(twin) }); !errors.Is(err, cloud.ErrExists) {
			t.Errorf("twin: %v, want ErrExists", err)
		}
	}
}

// A panic inside a transaction must not keep the one writer's connection.
func panicRollsBack(t *testing.T, s cloud.Store) {
	a := Account()
	func() {
		defer func() { recover() }()
		s.Update(t.Context(), func(tx cloud.Tx) error {
			if err := tx.InsertAccount(a); err != nil {
				t.Error(err)
			}
			panic("defect")
		})
	}()
	Update(t, s, func(tx cloud.Tx) error { return tx.InsertAccount(a) })
}

func viewIsASnapshotAndCannotWrite(t *testing.T, s cloud.Store) {
	a := Account()
	err := s.View(t.Context(), func(view cloud.Tx) error {
		if _, err := view.Account(a.ID); !errors.Is(err, cloud.ErrNone) {
			t.Errorf("empty database: %v", err)
		}
		Update(t, s, func(tx cloud.Tx) error { return tx.InsertAccount(a) })
		if _, err := view.Account(a.ID); !errors.Is(err, cloud.ErrNone) {
			t.Errorf("a view sees what came later: %v", err)
		}
		return view.InsertAccount(Account())
	})
	if err == nil {
		t.Errorf("writing in a view: %v", err)
	}
}

func cancelledTransaction(t *testing.T, s cloud.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	a := Account()
	err := s.Update(ctx, func(tx cloud.Tx) error {
		cancel()
		return tx.InsertAccount(a)
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
	Update(t, s, func(tx cloud.Tx) error { return tx.InsertAccount(a) })
}

// MoveHead is the last line of defence: whatever went before, a head moves from where it was or not at all.
func moveHeadComparesAndSwaps(t *testing.T, s cloud.Store) {
	a, v := Account(), cloud.Vault{ID: id.New()}
	v.Account = a.ID
	Update(t, s, func(tx cloud.Tx) error { return errors.Join(tx.InsertAccount(a), tx.InsertVault(v)) })
	v.At = chain.Position{Head: chain.Head{Seq: 1, Hash: chain.Hash{1}}, LogSeq: 3}
	v.Objects = 2
	Update(t, s, func(tx cloud.Tx) error { return tx.MoveHead(v, 0) })
	Update(t, s, func(tx cloud.Tx) error {
		if err := tx.MoveHead(v, 0); !errors.Is(err, cloud.ErrNone) {
			t.Errorf("second move from 0: %v, want ErrNone", err)
		}
		got, err := tx.Vault(a.ID, v.ID)
		if got != v {
			t.Errorf("vault %+v, want %+v", got, v)
		}
		if _, err := tx.Vault(id.New(), v.ID); !errors.Is(err, cloud.ErrNone) {
			t.Errorf("another account's vault: %v", err)
		}
		return err
	})
}

// What was decided after a statement had failed is no decision, even where the error was thrown away: in SQLite the transaction would go on.
func nothingIsDecidedAfterAFailure(t *testing.T, s cloud.Store) {
	a, b := Account(), Account()
	Update(t, s, func(tx cloud.Tx) error { return tx.InsertAccount(a) })
	err := s.Update(t.Context(), func(tx cloud.Tx) error {
		tx.InsertAccount(a)
		tx.InsertAccount(b)
		return nil
	})
	if err == nil {
		t.Error("a transaction with a failed statement is said to be committed")
	}
	Update(t, s, func(tx cloud.Tx) error {
		if _, err := tx.Account(b.ID); !errors.Is(err, cloud.ErrNone) {
			t.Errorf("half of it is there: %v", err)
		}
		return nil
	})
}
