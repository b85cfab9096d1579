package chain

import (
	"errors"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
)

// thief is a second device of the world that writes until it is revoked, and with the server's help beyond.
type thief struct {
	id  id.ID
	key signing.PrivateKey
}

func (w *world) addThief(t testing.TB) thief {
	t.Helper()
	d := thief{id.New(), signing.Generate()}
	w.enter(t, DeviceAdd{Device: d.id, Key: d.key.Public()})
	return d
}

// write builds a commit of a device at the world's place, claims the entry logSeq, and does not move the world.
func (w *world) write(t testing.TB, device id.ID, key signing.PrivateKey, logSeq uint64) Signed {
	t.Helper()
	hash, ok := w.log.HashAt(logSeq)
	if !ok {
		t.Fatal("no such entry")
	}
	epoch, _ := w.log.EpochAt(w.vault, logSeq)
	c := Commit{Vault: w.vault, Seq: w.at.Seq + 1, Parent: w.at.Hash, Epoch: epoch.Epoch, LogSeq: logSeq, LogHash: hash, Op: id.New(), Device: device}
	list, err := EncodeChanges([]Change{put(id.New(), 0, "x")})
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Sign(key, list)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (w *world) accept(t testing.TB, s Signed) {
	t.Helper()
	v, err := Verify(s, w.vault, w.at, w.log)
	if err != nil {
		t.Fatal(err)
	}
	w.at = v.Position()
}

func (w *world) revoke(t testing.TB, device id.ID) {
	t.Helper()
	w.enter(t, DeviceRevoke{Device: device, Last: []VaultHead{{w.vault, w.at.Seq, w.at.Hash}}})
}

// The server works together with a revoked device: its commits claim the place in the log where it was live.
func TestWhatARevocationEnds(t *testing.T) {
	w := newWorld(t)
	thief := w.addThief(t) // entry 4
	before := w.at
	early := w.write(t, thief.id, thief.key, 4)
	w.accept(t, early)
	last := w.at
	w.accept(t, w.write(t, w.device, w.key, 4))
	w.revoke(t, thief.id) // entry 5, at seq 2

	t.Run("what it wrote before stays", func(t *testing.T) {
		if _, err := Verify(early, w.vault, before, w.log); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("a commit after the revocation that claims to be from before it", func(t *testing.T) {
		if _, err := Verify(w.write(t, thief.id, thief.key, 4), w.vault, w.at, w.log); !errors.Is(err, ErrWriter) {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("alone too, as the head of a first sync", func(t *testing.T) {
		if _, err := VerifyAlone(w.write(t, thief.id, thief.key, 4), w.vault, w.log); !errors.Is(err, ErrWriter) {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("another commit in place of the last accepted", func(t *testing.T) {
		at := w.at
		w.at = last
		defer func() { w.at = at }()
		for _, by := range []struct {
			device id.ID
			key    signing.PrivateKey
		}{{thief.id, thief.key}, {w.device, w.key}} {
			if _, err := Verify(w.write(t, by.device, by.key, 4), w.vault, last, w.log); !errors.Is(err, ErrRevoked) {
				t.Fatalf("got %v", err)
			}
		}
	})
	t.Run("the others go on", func(t *testing.T) {
		w.accept(t, w.write(t, w.device, w.key, 5))
	})
	if w.log.Floor(w.vault) != (Head{2, last2(t, w)}) {
		t.Errorf("the floor is %v", w.log.Floor(w.vault))
	}
}

// last2 is the hash that the revocation names.
func last2(t testing.TB, w *world) Hash {
	t.Helper()
	body, err := ParseBody(w.log.Entries(4)[0])
	if err != nil {
		t.Fatal(err)
	}
	return body.(*DeviceRevoke).Last[0].Hash
}

// With an empty vault nothing of the device is accepted, whatever it claims.
func TestRevokedBeforeTheFirstCommit(t *testing.T) {
	w := newWorld(t)
	thief := w.addThief(t)
	w.revoke(t, thief.id)
	if _, err := Verify(w.write(t, thief.id, thief.key, 4), w.vault, w.at, w.log); !errors.Is(err, ErrWriter) {
		t.Fatalf("got %v", err)
	}
	if w.log.Floor(w.vault) != (Head{}) {
		t.Error("a floor under an empty vault")
	}
}

func TestDeviceRevokeListsEveryVault(t *testing.T) {
	a, b := id.ID{1}, id.ID{2}
	for _, c := range []struct {
		name string
		last []VaultHead
		ok   bool
	}{
		{"both", []VaultHead{{Vault: a}, {b, 3, Hash{3}}}, true},
		{"none", nil, false},
		{"one left out", []VaultHead{{Vault: a}}, false},
		{"out of order", []VaultHead{{b, 3, Hash{3}}, {Vault: a}}, false},
		{"one twice", []VaultHead{{Vault: a}, {Vault: a}}, false},
		{"an unknown one", []VaultHead{{Vault: a}, {Vault: b}, {Vault: id.ID{3}}}, false},
		{"a seq without a hash", []VaultHead{{Vault: a}, {b, 3, Hash{}}}, false},
		{"a hash without a seq", []VaultHead{{Vault: a}, {b, 0, Hash{3}}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.log.epochs = map[id.ID][]epochEntry{}
			w.enter(t, VaultEpoch{Vault: a, Epoch: 1})
			w.enter(t, VaultEpoch{Vault: b, Epoch: 1})
			thief := w.addThief(t)
			err := w.log.Append(w.entry(t, DeviceRevoke{Device: thief.id, Last: c.last}))
			if (err == nil) != c.ok || err != nil && !errors.Is(err, ErrEntryBody) {
				t.Fatal(err)
			}
		})
	}
}

// The user of a device went on from another history: what a revocation named on the one that was given up must not stop the vault.
// The head that the user confirmed ends what the revoked device may have written.
func TestServerRestoreMovesWhatARevocationNames(t *testing.T) {
	w := newWorld(t)
	thief := w.addThief(t)
	for range 3 {
		w.accept(t, w.write(t, thief.id, thief.key, 4))
	}
	w.revoke(t, thief.id)
	w.rotate(t)
	old := w.at
	w.at = Position{}
	other := w.write(t, w.device, w.key, 4)
	w.enter(t, ServerRestore{Vault: w.vault, Device: w.device, GivenUp: old.Seq, GivenUpHash: old.Hash, Adopted: 1, AdoptedHash: other.Hash()})
	w.accept(t, other)
	if got := w.log.Floor(w.vault); got != w.at.Head {
		t.Errorf("the floor is %v", got)
	}
	if _, err := Verify(w.write(t, thief.id, thief.key, 4), w.vault, w.at, w.log); !errors.Is(err, ErrWriter) {
		t.Fatalf("beyond the adopted head: %v", err)
	}
	w.accept(t, w.write(t, w.device, w.key, 4))
	w.accept(t, w.write(t, w.device, w.key, 6)) // where the given-up history had the named commit
}

func TestACommitHasTheEpochOfItsPlace(t *testing.T) {
	w := newWorld(t)
	w.enter(t, VaultEpoch{Vault: w.vault, Epoch: 2, SealedKey: Hash{4}, Previous: Hash{5}}) // entry 4
	for _, c := range []struct {
		name   string
		epoch  uint32
		logSeq uint64
		want   error
	}{
		{"newest", 2, 4, nil},
		{"of its place, before the rotation was known", 1, 3, nil},
		{"an old key, though the new one was known", 1, 4, ErrEpoch},
		{"a key that is not there yet", 2, 3, ErrEpoch},
		{"of no epoch", 0, 4, ErrEpoch},
		{"before the vault has a key", 1, 2, ErrEpoch},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.tree = NewTree(w.vault)
			s := w.commit(t, []Change{put(id.New(), 0, "x")}, func(commit *Commit) {
				commit.Epoch, commit.LogSeq = c.epoch, c.logSeq
				commit.LogHash, _ = w.log.HashAt(c.logSeq)
			})
			if _, err := Verify(s, w.vault, w.at, w.log); !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
		})
	}
}
