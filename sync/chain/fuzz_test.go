package chain

import (
	"bytes"
	"testing"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
)

// The targets here sign whatever they are given, so that what is behind a signature is reached: a writer, an identity or a sender
// that lies is the strongest adversary that the parsers have.

func fixedKey(t testing.TB, n byte) signing.PrivateKey {
	t.Helper()
	key, err := signing.FromSeed(secret.New(bytes.Repeat([]byte{n}, signing.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// fixedWorld is newWorld with the same keys in every run, and a second device: an input that was kept goes on meaning the same.
func fixedWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, account: id.ID{1}, vault: id.ID{2}, device: id.ID{3}, identity: fixedKey(t, 1), key: fixedKey(t, 2)}
	w.log = NewLog(w.account)
	w.enter(t, Genesis{Identity: w.identity.Public(), Receive: ReceiveKey{1}, SealedIdentity: Hash{1}})
	w.enter(t, Credentials{Generation: 1, Profile: "P2", Login: fixedKey(t, 3).Public(), Sealings: []Sealing{{SealingPassword, Hash{2}}}})
	w.enter(t, DeviceAdd{Device: w.device, Key: w.key.Public(), Name: "laptop", Platform: "linux"})
	w.enter(t, VaultEpoch{Vault: w.vault, Epoch: 1, SealedKey: Hash{3}})
	w.enter(t, DeviceAdd{Device: id.ID{4}, Key: fixedKey(t, 4).Public(), Name: "PC B", Platform: "linux"})
	w.tree = NewTree(w.vault)
	return w
}

// fixedChanges is a list of one put.
func fixedChanges(t testing.TB) []byte {
	t.Helper()
	list, err := EncodeChanges([]Change{put(id.ID{5}, 0, "x")})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// FuzzCommit: what verifies is the one spelling of what it says, and by the device that signed.
func FuzzCommit(f *testing.F) {
	w := fixedWorld(f)
	s := w.commit(f, []Change{put(id.ID{5}, 0, "x")}, func(c *Commit) { c.Op, c.Heads = id.ID{6}, []VaultHead{{id.ID{7}, 1, Hash{8}}} })
	f.Add(s.Commit, s.Changes, false)
	f.Add(s.Commit, s.Changes[:len(s.Changes)-1], true)
	f.Add(s.Commit[:len(s.Commit)-1], []byte{0x80}, true)
	f.Fuzz(func(t *testing.T, commit, changes []byte, named bool) {
		got := Signed{Commit: commit, Changes: changes}
		// Else the hash of the change list would keep most lists from being read.
		if c, err := ParseCommit(commit); err == nil && named {
			if got, err = c.Sign(w.key, changes); err != nil {
				t.Fatal(err)
			}
		}
		got.Signature = w.key.Sign(signing.Commit, got.Commit)
		v, err := Verify(got, w.vault, w.at, w.log)
		if err != nil {
			return
		}
		again, err := canonical.Marshal(v.Commit)
		if err != nil || !bytes.Equal(again, got.Commit) || v.Commit.Device != w.device || v.Commit.Seq != 1 || v.Commit.Vault != w.vault {
			t.Fatalf("%x was read as %+v, %v", got.Commit, v.Commit, err)
		}
	})
}

// FuzzChangeList: what is read has one spelling, and what is made of it can be taken back.
func FuzzChangeList(f *testing.F) {
	f.Add(fixedChanges(f))
	f.Add([]byte{0x80})
	f.Add([]byte{0x9a, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, list []byte) {
		changes, err := ParseChanges(list)
		if err != nil {
			return
		}
		if again, err := EncodeChanges(changes); err != nil || !bytes.Equal(again, list) {
			t.Fatalf("%x becomes %x, %v", list, again, err)
		}
		tree := NewTree(id.ID{2})
		tree.Set(Row{Object: id.ID{5}, Revision: 1, State: Live, EnvHash: Hash{1}})
		before := tree.Root()
		undo, err := tree.Apply(changes)
		if err == nil {
			tree.Root()
			undo()
		}
		if tree.Root() != before || tree.Len() != 1 {
			t.Fatalf("%x leaves a trace", list)
		}
	})
}

// fuzzBodies are one of each type, in a place where it is valid or nearly so.
func fuzzBodies(f *testing.F, w *world) []Body {
	f.Helper()
	heads := []VaultHead{{w.vault, 1, Hash{1}}}
	credentials := w.credentials(recovery(9, 9))
	return []Body{
		w.log.Genesis(), credentials, DeviceAdd{Device: id.ID{8}, Key: fixedKey(f, 8).Public(), Name: "PC C", Platform: "windows"},
		DeviceRevoke{Device: w.device, Last: heads}, VaultEpoch{Vault: w.vault, Epoch: 2, SealedKey: Hash{4}, Previous: Hash{5}},
		w.log.NewIdentity(fixedKey(f, 6), ReceiveKey{2}, Hash{6}), EmailChange{Email: EmailHash(w.account, "ada@example.org")},
		ServerRestore{Vault: w.vault, Device: w.device, GivenUp: 2, GivenUpHash: Hash{1}, Adopted: 1, AdoptedHash: Hash{2}},
		DeviceRename{Device: w.device, Name: "PC A"},
	}
}

// FuzzLogEntry: kind 0 takes content as the whole entry, any other as the body of an entry of that type at the right place. A log
// that takes an entry reads back as itself.
func FuzzLogEntry(f *testing.F) {
	w := fixedWorld(f)
	for _, body := range fuzzBodies(f, w) {
		raw, err := canonical.Marshal(body)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(body.entryType()), raw)
		f.Add(uint8(0), w.entry(f, body).Entry)
	}
	seq, head := w.log.Head()
	f.Fuzz(func(t *testing.T, kind uint8, content []byte) {
		raw := content
		if kind != 0 {
			var err error
			raw, err = canonical.Marshal(entry{Version: version, Account: w.account, Seq: seq + 1, Prev: head, Type: EntryType(kind), Body: content})
			if err != nil {
				return // not CBOR at all
			}
		}
		log, s := w.log.Clone(), SignedEntry{raw, w.identity.Sign(signing.AccountLog, raw)}
		if log.Append(s) != nil {
			if now, hash := log.Head(); now != seq || hash != head {
				t.Fatal("a refused entry moved the head")
			}
			return
		}
		again, err := ReadLog(w.account, log.Entries(-1))
		if err != nil || again.Identity() != log.Identity() || len(again.Devices()) != len(log.Devices()) {
			t.Fatalf("%x is taken once and not again: %v", raw, err)
		}
		checkOneSpelling(t, s)
	})
}

func checkOneSpelling(t *testing.T, s SignedEntry) {
	t.Helper()
	body, err := ParseBody(s)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := canonical.Marshal(body); err != nil || !bytes.Contains(s.Entry, again) {
		t.Fatalf("%x has another spelling: %x, %v", s.Entry, again, err)
	}
}

// FuzzSignedWrap: what verifies says what it says in one spelling, and of live devices.
func FuzzSignedWrap(f *testing.F) {
	w := fixedWorld(f)
	second := w.log.Devices()[1].DeviceAdd
	f.Add(w.wrapTo(f, second, nil).Wrap)
	f.Add(w.wrapTo(f, second, func(x *Wrap) { x.Kind = WrapApproval }).Wrap)
	f.Fuzz(func(t *testing.T, wrap []byte) {
		got, err := (SignedWrap{wrap, w.key.Sign(signing.Wrap, wrap)}).VerifyIn(w.log)
		if err != nil {
			return
		}
		again, err := canonical.Marshal(got)
		if err != nil || !bytes.Equal(again, wrap) || got.Sender != w.device {
			t.Fatalf("%x was read as %+v, %v", wrap, got, err)
		}
		got.Info()
	})
}
