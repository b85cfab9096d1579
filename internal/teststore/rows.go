package teststore

import (
	"bytes"
	"crypto/rand"
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
)

func newDevice() cloud.NewDevice {
	d := cloud.NewDevice{ID: id.New(), Key: signing.Generate().Public(), Name: "Phone", Platform: "linux"}
	rand.Read(d.Receive[:])
	return d
}

// must returns a row, or fails the transaction's test.
func must[T any](t *testing.T) func(T, error) T {
	return func(row T, err error) T {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
		return row
	}
}

func wantNone[T any](t *testing.T, what string) func(T, error) {
	return func(_ T, err error) {
		t.Helper()
		if !errors.Is(err, cloud.ErrNone) {
			t.Errorf("%s: %v, want ErrNone", what, err)
		}
	}
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("stored %+v, want %+v", got, want)
	}
}

func accountKeepsEveryField(t *testing.T, s cloud.Store) {
	a := Account()
	a.RecoveryTag, a.RecoveryKey, a.SealedRecovery = []byte("tag"), signing.Generate().Public(), []byte("recovery")
	Update(t, s, func(tx cloud.Tx) error {
		if err := tx.InsertAccount(a); err != nil {
			return err
		}
		same(t, must[cloud.Account](t)(tx.AccountByRecoveryTag(a.RecoveryTag)), a)
		b := Account()
		b.ID, b.Created, b.RecoveryKey, b.SealedRecovery = a.ID, a.Created, signing.Generate().Public(), []byte("other")
		b.RecoveryTag = []byte("other tag")
		b.Generation, b.Profile = 7, "P3"
		if err := tx.UpdateAccount(b); err != nil {
			return err
		}
		same(t, must[cloud.Account](t)(tx.Account(a.ID)), b)
		wantNone[cloud.Account](t, "old recovery tag")(tx.AccountByRecoveryTag(a.RecoveryTag))
		b.ID = id.New()
		wantNone[int](t, "update of nobody")(0, tx.UpdateAccount(b))
		return nil
	})
}

// Accounts without a recovery code do not stand in each other's way, nor are they found by an empty tag.
func noRecoveryTag(t *testing.T, s cloud.Store) {
	a, b := Account(), Account()
	Update(t, s, func(tx cloud.Tx) error {
		wantNone[cloud.Account](t, "empty tag")(tx.AccountByRecoveryTag([]byte{}))
		return errors.Join(tx.InsertAccount(a), tx.InsertAccount(b), tx.UpdateAccount(a))
	})
	a.RecoveryTag, b.RecoveryTag = []byte("tag"), []byte("tag")
	Update(t, s, func(tx cloud.Tx) error { return tx.UpdateAccount(a) })
	if err := s.Update(t.Context(), func(tx cloud.Tx) error { return tx.UpdateAccount(b) }); !errors.Is(err, cloud.ErrExists) {
		t.Errorf("one recovery tag of two accounts: %v, want ErrExists", err)
	}
}

func devicesAndWraps(t *testing.T, s cloud.Store) {
	a, d := Account(), newDevice()
	row := cloud.Device{
		Account: a.ID, ID: d.ID, Key: d.Key, Receive: d.Receive, Name: d.Name, Platform: d.Platform, Status: cloud.DeviceListed, Created: 1, LastSeen: 2,
	}
	Update(t, s, func(tx cloud.Tx) error {
		if err := errors.Join(tx.InsertAccount(a), tx.InsertDevice(row), tx.RenameDevice(a.ID, d.ID, "Old phone")); err != nil {
			return err
		}
		row.Name = "Old phone"
		same(t, must[[]cloud.Device](t)(tx.Devices(a.ID)), []cloud.Device{row})
		wantNone[int](t, "another account's device")(0, tx.RenameDevice(id.New(), d.ID, "x"))
		wantNone[chain.SignedWrap](t, "no wrap")(tx.Wrap(a.ID, d.ID))
		first, newest := chain.SignedWrap{Wrap: []byte{1}, Signature: []byte{2}}, chain.SignedWrap{Wrap: []byte{3}, Signature: []byte{4}}
		if err := errors.Join(tx.PutWrap(a.ID, d.ID, first), tx.PutWrap(a.ID, d.ID, newest)); err != nil {
			return err
		}
		same(t, must[chain.SignedWrap](t)(tx.Wrap(a.ID, d.ID)), newest)
		if err := tx.DeleteDevice(a.ID, d.ID); err != nil {
			return err
		}
		wantNone[int](t, "deleted device")(0, tx.DeleteDevice(a.ID, d.ID))
		return nil
	})
}

func pairingRows(t *testing.T, s cloud.Store) {
	p := cloud.Pairing{
		ID: id.New(), Account: id.New(), Device: newDevice(), Language: "de", Commitment: []byte("c"), Created: 5, Expires: 6, State: wire.PairingWaiting,
		Nonce: []byte{}, R: []byte{}, Wrap: chain.SignedWrap{Wrap: []byte{}, Signature: []byte{}},
	}
	Update(t, s, func(tx cloud.Tx) error {
		if err := tx.InsertPairing(p); err != nil {
			return err
		}
		same(t, must[cloud.Pairing](t)(tx.Pairing(p.ID)), p)
		p.State, p.Approver, p.Nonce, p.R = wire.PairingApproved, id.New(), []byte("n"), []byte("r")
		p.Wrap = chain.SignedWrap{Wrap: []byte("w"), Signature: []byte("s")}
		if err := tx.UpdatePairing(p); err != nil {
			return err
		}
		other := p
		other.ID, other.Account = id.New(), id.New()
		same(t, must[[]cloud.Pairing](t)(tx.Pairings(p.Account)), []cloud.Pairing{p})
		wantNone[cloud.Pairing](t, "unknown pairing")(tx.Pairing(other.ID))
		return nil
	})
	if err := s.Update(t.Context(), func(tx cloud.Tx) error { return tx.InsertPairing(p) }); !errors.Is(err, cloud.ErrExists) {
		t.Errorf("a pairing twice: %v, want ErrExists", err)
	}
}

func recoveryRows(t *testing.T, s cloud.Store) {
	a, b := id.New(), id.New()
	waiting := cloud.Recovery{
		Account: a, NewDevice: newDevice(), Language: "de", Code: cloud.MailedCode{Hash: []byte("h"), TriesLeft: 3, Expires: 9}, Expires: 10,
	}
	underWay := waiting
	underWay.NewDevice, underWay.Started, underWay.ReadyAt, underWay.Expires = newDevice(), 1, 2, 3
	foreign := underWay
	foreign.Account = b
	Update(t, s, func(tx cloud.Tx) error {
		if err := errors.Join(tx.PutRecovery(waiting), tx.PutRecovery(foreign)); err != nil {
			return err
		}
		wantNone[cloud.Recovery](t, "none under way")(tx.RecoveryUnderWay(a))
		if err := tx.PutRecovery(underWay); err != nil {
			return err
		}
		same(t, must[cloud.Recovery](t)(tx.RecoveryUnderWay(a)), underWay)
		waiting.Code.TriesLeft, waiting.ReadyAt = 2, 0
		if err := tx.PutRecovery(waiting); err != nil {
			return err
		}
		same(t, must[cloud.Recovery](t)(tx.Recovery(a, waiting.ID)), waiting)
		if err := tx.DeleteRecoveries(a); err != nil {
			return err
		}
		wantNone[cloud.Recovery](t, "deleted")(tx.Recovery(a, waiting.ID))
		same(t, must[cloud.Recovery](t)(tx.Recovery(b, foreign.ID)), foreign)
		return nil
	})
}

func emailChangeRows(t *testing.T, s cloud.Store) {
	c := cloud.EmailChange{Account: id.New(), Device: id.New(), Email: "a@b", OldHash: []byte("o"), NewHash: []byte("n"), TriesLeft: 5, Expires: 7}
	Update(t, s, func(tx cloud.Tx) error {
		if err := tx.PutEmailChange(c); err != nil {
			return err
		}
		c.Email, c.Device, c.TriesLeft = "c@d", id.New(), 4
		if err := tx.PutEmailChange(c); err != nil {
			return err
		}
		same(t, must[cloud.EmailChange](t)(tx.EmailChange(c.Account)), c)
		if err := tx.DeleteEmailChange(c.Account); err != nil {
			return err
		}
		wantNone[cloud.EmailChange](t, "deleted")(tx.EmailChange(c.Account))
		return nil
	})
}

// Sessions end by device, and everybody else's stay.
func sessionsOfOthers(t *testing.T, s cloud.Store) {
	account, mine, other := id.New(), id.New(), id.New()
	hash := func(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }
	Update(t, s, func(tx cloud.Tx) error {
		for i, d := range []id.ID{mine, other, mine} {
			row := cloud.Session{ID: string(rune('a' + i)), Account: account, Device: d, AccessHash: hash(byte(i)), FamilyHash: hash(byte(i)), RefreshHash: hash(0)}
			if i == 2 {
				row.Account = id.New()
			}
			if err := tx.InsertSession(row); err != nil {
				return err
			}
		}
		if err := tx.DeleteOtherSessions(account, mine); err != nil {
			return err
		}
		wantNone[cloud.Session](t, "other device")(tx.SessionByAccess(hash(1)))
		must[cloud.Session](t)(tx.SessionByAccess(hash(0)))
		if err := tx.DeleteDeviceSessions(account, mine); err != nil {
			return err
		}
		wantNone[cloud.Session](t, "own device")(tx.SessionByAccess(hash(0)))
		must[cloud.Session](t)(tx.SessionByAccess(hash(2)))
		return nil
	})
}

// A token leads to the device that it was given to, in the account that it was given for, or to nobody.
func callerByAccess(t *testing.T, s cloud.Store) {
	a, b := Account(), Account()
	hash := func(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }
	d := newDevice()
	want := cloud.Caller{Account: a.ID, Device: d.ID, Key: d.Key, Status: cloud.DeviceRevoked, SessionID: "mine", Expires: 7}
	insert := func(tx cloud.Tx, id string, account cloud.Account, device cloud.NewDevice, token byte) error {
		return tx.InsertSession(cloud.Session{ID: id, Account: account.ID, Device: device.ID, AccessHash: hash(token), FamilyHash: hash(token), RefreshHash: hash(0), AccessExpires: 7})
	}
	Update(t, s, func(tx cloud.Tx) error {
		row := cloud.Device{
			Account: a.ID, ID: d.ID, Key: d.Key, Receive: d.Receive, Name: d.Name, Platform: d.Platform, Status: cloud.DeviceRevoked, Created: 1, LastSeen: 1,
		}
		return errors.Join(tx.InsertAccount(a), tx.InsertAccount(b), tx.InsertDevice(row),
			insert(tx, "mine", a, d, 1), insert(tx, "of another account", b, d, 2), insert(tx, "of no device", a, newDevice(), 3))
	})
	err := s.Glance(t.Context(), func(tx cloud.Tx) error {
		got, err := tx.CallerByAccess(hash(1))
		same(t, got, want)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	for _, token := range []byte{2, 3, 4} {
		err := s.Glance(t.Context(), func(tx cloud.Tx) error { _, err := tx.CallerByAccess(hash(token)); return err })
		if !errors.Is(err, cloud.ErrNone) {
			t.Errorf("token %d: %v, want ErrNone", token, err)
		}
	}
}

func lastCommitOf(t *testing.T, s cloud.Store) {
	a, v, d, other := Account(), cloud.Vault{ID: id.New()}, id.New(), id.New()
	v.Account = a.ID
	Update(t, s, func(tx cloud.Tx) error {
		if err := errors.Join(tx.InsertAccount(a), tx.InsertVault(v)); err != nil {
			return err
		}
		for seq, by := range []id.ID{d, other, d, other} {
			if err := tx.InsertCommit(v.ID, uint64(seq+1), by, id.New(), chain.Signed{Commit: []byte{1}, Changes: []byte{1}, Signature: []byte{1}}); err != nil {
				return err
			}
		}
		for device, want := range map[id.ID]uint64{d: 3, other: 4, id.New(): 0} {
			if got := must[uint64](t)(tx.LastCommitOf(v.ID, device)); got != want {
				t.Errorf("last commit %d, want %d", got, want)
			}
		}
		return nil
	})
}

// What many objects take is asked about many at a time, and rows below neighbouring nodes are read together: neither more nor less than what
// was asked for.
func manyAtOnce(t *testing.T, s cloud.Store) {
	a, v, other := Account(), cloud.Vault{ID: id.New()}, cloud.Vault{ID: id.New()}
	v.Account, other.Account = a.ID, a.ID
	var objects []id.ID
	Update(t, s, func(tx cloud.Tx) error {
		objects = nil
		err := errors.Join(tx.InsertAccount(a), tx.InsertVault(v), tx.InsertVault(other))
		for i := range 100 {
			e := cloud.Envelope{Object: id.New(), Revision: 1, Sealed: make([]byte, i+1)}
			objects = append(objects, e.Object)
			err = errors.Join(err, tx.PutEnvelope(v.ID, e), tx.PutEnvelope(other.ID, e))
		}
		for _, leaf := range []uint16{0, 255, 256, 511, 512, 65279, 65280, 65535} {
			err = errors.Join(err, tx.PutRow(v.ID, leaf, chain.Row{Object: id.New(), Revision: 1}))
		}
		return err
	})
	err := s.View(t.Context(), func(tx cloud.Tx) error {
		for n, want := range map[int]int64{0: 0, 1: 1, 2: 3, 31: 496, 32: 528, 33: 561, 64: 2080, 65: 2145, 100: 5050} {
			if sum, err := tx.EnvelopeSizes(v.ID, append([]id.ID{id.New()}, objects[:n]...)); err != nil || sum != want {
				t.Errorf("%d objects: %d bytes, %v; want %d", n, sum, err, want)
			}
		}
		for nodes, want := range map[[2]uint8][]uint16{
			{0, 0}: {0, 255}, {1, 1}: {256, 511}, {0, 1}: {0, 255, 256, 511}, {1, 253}: {256, 511, 512}, {254, 254}: {65279}, {255, 255}: {65280, 65535},
		} {
			var leaves []uint16
			for _, r := range must[[]cloud.ObjectRow](t)(tx.NodeRows(v.ID, nodes[0], nodes[1])) {
				leaves = append(leaves, r.Leaf)
			}
			slices.Sort(leaves)
			same(t, leaves, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
