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

// A glance has no transaction: what asked twice would see two states, and what wrote could not be undone.
func glanceAsksOnce(t *testing.T, s cloud.Store) {
	a := Account()
	Update(t, s, func(tx cloud.Tx) error { return tx.InsertAccount(a) })
	read := func(tx cloud.Tx) error { _, err := tx.Account(a.ID); return err }
	if err := s.Glance(t.Context(), read); err != nil {
		t.Errorf("one question: %v", err)
	}
	missing := func(tx cloud.Tx) error { _, err := tx.Account(id.New()); return err }
	if err := s.Glance(t.Context(), missing); !errors.Is(err, cloud.ErrNone) {
		t.Errorf("%v, want ErrNone", err)
	}
	other := Account()
	for name, do := range map[string]func(cloud.Tx) error{
		"two questions":    func(tx cloud.Tx) error { return errors.Join(read(tx), read(tx)) },
		"writing":          func(tx cloud.Tx) error { return tx.InsertAccount(other) },
		"taking a row out": func(tx cloud.Tx) error { _, err := tx.TakeChallenge([]byte("nonce")); return err },
	} {
		if err := s.Glance(t.Context(), do); err == nil || errors.Is(err, cloud.ErrNone) {
			t.Errorf("%s: %v", name, err)
		}
	}
	Update(t, s, func(tx cloud.Tx) error {
		if _, err := tx.Account(other.ID); !errors.Is(err, cloud.ErrNone) {
			t.Errorf("a glance has written: %v", err)
		}
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Glance(ctx, read); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
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

// A vault's head comes with its commit: the one of that vault and of that number.
func headCommit(t *testing.T, s cloud.Store) {
	a := Account()
	var vaults [2]cloud.Vault
	for i := range vaults {
		vaults[i] = cloud.Vault{ID: id.New(), Account: a.ID}
	}
	Update(t, s, func(tx cloud.Tx) error {
		return errors.Join(tx.InsertAccount(a), tx.InsertVault(vaults[0]), tx.InsertVault(vaults[1]))
	})
	commit := func(vault, seq int) chain.Signed {
		text := []byte{byte(vault), byte(seq)}
		return chain.Signed{Commit: text, Changes: text, Signature: text}
	}
	head := chain.Head{Seq: 2, Hash: chain.Hash{1, 2}}
	Update(t, s, func(tx cloud.Tx) error {
		for v := range vaults {
			for seq := 1; seq <= 3; seq++ {
				if err := tx.InsertCommit(vaults[v].ID, uint64(seq), id.New(), id.New(), commit(v, seq)); err != nil {
					return err
				}
			}
		}
		moved := vaults[1]
		moved.At.Head = head
		return tx.MoveHead(moved, 0)
	})
	err := s.View(t.Context(), func(tx cloud.Tx) error {
		at, c, err := tx.HeadCommit(a.ID, vaults[0].ID)
		if err != nil || at.Seq != 0 || c.Commit != nil {
			t.Errorf("of an empty vault: %v %v, %v", at, c, err)
		}
		at, c, err = tx.HeadCommit(a.ID, vaults[1].ID)
		if at != head {
			t.Errorf("head %v, want %v", at, head)
		}
		same(t, c, commit(1, 2))
		if _, _, err := tx.HeadCommit(id.New(), vaults[1].ID); !errors.Is(err, cloud.ErrNone) {
			t.Errorf("another account's vault: %v", err)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// MoveHead is the last line of defence: whatever went before, a head moves from where it was or not at all.
func moveHeadComparesAndSwaps(t *testing.T, s cloud.Store) {
	a, v := Account(), cloud.Vault{ID: id.New()}
	v.Account = a.ID
	Update(t, s, func(tx cloud.Tx) error { return errors.Join(tx.InsertAccount(a), tx.InsertVault(v)) })
	v.At = chain.Position{Head: chain.Head{Seq: 1, Hash: chain.Hash{1}}, LogSeq: 3}
	v.Objects = 2
	Update(t, s, func(tx cloud.Tx) error { return tx.MoveHead(v, 0) })
	again := v
	again.Objects = 3
	if err := s.Update(t.Context(), func(tx cloud.Tx) error { return tx.MoveHead(again, 0) }); !errors.Is(err, cloud.ErrNone) {
		t.Errorf("second move from 0: %v, want ErrNone", err)
	}
	Update(t, s, func(tx cloud.Tx) error {
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
