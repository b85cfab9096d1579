package sqlite

import (
	"context"
	"errors"
	"testing"

	"github.com/coffer-vault/coffer/vault"
)

// rotated is the sample after its keys were changed: another generation, another epoch of vault A, one more entry in the log.
func rotated() Contents {
	c := sample()
	c.Account.Generation, c.Account.SealedAccountKey = 9, []byte("new ak")
	first := c.Vaults[0]
	c.Vaults = append([]vault.SealedVaultKey{first, {Vault: first.Vault, Epoch: first.Epoch + 1, Sealed: []byte("new vk"), Previous: []byte("vk-prev")}}, c.Vaults[1:]...)
	c.Log = append(c.Log, vault.LogEntry{Seq: uint64(len(c.Log)), Entry: []byte("rotation"), Signature: []byte("s")})
	return c
}

func unchanged(values map[string][]byte) (map[string][]byte, error) { return values, nil }

func TestRekey(t *testing.T) {
	s, path := create(t)
	ctx := context.Background()
	update(t, s, func(tx vault.Tx) error { return tx.Put(vaultA, pending(1, "edit")) })
	for _, name := range []string{"kept", "dropped"} {
		if err := s.SetLocal(ctx, name, []byte(name+" under the old key")); err != nil {
			t.Fatal(err)
		}
	}
	reseal := func(values map[string][]byte) (map[string][]byte, error) {
		if len(values) != 2 || string(values["kept"]) != "kept under the old key" {
			t.Errorf("%q", values)
		}
		return map[string][]byte{"kept": []byte("kept under the new key"), "made": []byte("with the new keys")}, nil
	}
	want := rotated()
	for range 2 { // the same again changes nothing
		if err := s.Rekey(ctx, want, reseal); err != nil {
			t.Fatal(err)
		}
		s = reopen(t, s, path)
		reseal = unchanged
	}
	account, err1 := s.Account(ctx)
	vaults, err2 := s.Vaults(ctx)
	log, err3 := s.Log(ctx)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	equal(t, "account", account, want.Account)
	equal(t, "vaults", vaults, want.Vaults)
	equal(t, "log", log, want.Log)
	for name, want := range map[string]string{"kept": "kept under the new key", "made": "with the new keys"} {
		if value, _, _ := s.Local(ctx, name); string(value) != want {
			t.Errorf("%s: %q", name, value)
		}
	}
	if _, found, _ := s.Local(ctx, "dropped"); found {
		t.Error("a value that was to be removed is there")
	}
	if o, found := object(t, s, vaultA, pending(1, "edit").ID); !found || o.Pending == nil {
		t.Error("the edit is gone")
	}
}

func TestRekeyIsAllOrNothing(t *testing.T) {
	s, path := create(t)
	ctx := context.Background()
	if err := s.SetLocal(ctx, "value", []byte("old")); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("does not open")
	if err := s.Rekey(ctx, rotated(), func(map[string][]byte) (map[string][]byte, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	s = reopen(t, s, path)
	account, err := s.Account(ctx)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "account", account, sample().Account)
}

// What another program has sealed under the keys that it put in the place of ours would look tampered with.
func TestWhatAnotherProgramHasSealedAnewIsNotRead(t *testing.T) {
	s, path := create(t)
	ctx := context.Background()
	if err := s.SetLocal(ctx, "value", []byte("sealed")); err != nil {
		t.Fatal(err)
	}
	ours, err := Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	read := func() (fromRow, local error) {
		_, fromRow = ours.Account(ctx)
		_, _, local = ours.Local(ctx, "value")
		return fromRow, local
	}
	ours.UseKeys(sample().Account.Generation)
	if row, local := read(); row != nil || local != nil {
		t.Errorf("before: %v, %v", row, local)
	}
	if err := s.Rekey(ctx, rotated(), unchanged); err != nil {
		t.Fatal(err)
	}
	if row, local := read(); !errors.Is(row, vault.ErrRekeyed) || !errors.Is(local, vault.ErrRekeyed) {
		t.Errorf("after: %v, %v", row, local)
	}
}

// Every key of every epoch is covered by the integrity record.
func TestTamperedEpochsShow(t *testing.T) {
	for _, statement := range []string{
		`UPDATE earlier_key SET sealed_key = x'00'`,
		`DELETE FROM earlier_key`,
		`UPDATE vault SET sealed_previous = x'00' WHERE sealed_previous IS NOT NULL`,
		`UPDATE vault SET sealed_previous = NULL`,
	} {
		s, path := create(t)
		if err := s.Rekey(context.Background(), rotated(), unchanged); err != nil {
			t.Fatal(err)
		}
		s.Close()
		tamper(t, path, statement)
		again, err := Open(context.Background(), path)
		if err != nil {
			t.Fatal(err)
		}
		if err := again.Anchor(context.Background(), anchor, 0); !errors.Is(err, vault.ErrTampered) {
			t.Errorf("%s: %v", statement, err)
		}
		again.Close()
	}
}
