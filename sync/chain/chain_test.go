package chain

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"

	"pgregory.net/rapid"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
)

func TestSealedKeyHash(t *testing.T) {
	want := sha256.Sum256([]byte("\x00\x00\x00\x14coffer/v1/sealed-key\x00\x00\x00\x08envelope"))
	if got := SealedKeyHash([]byte("envelope")); got != want {
		t.Errorf("%x", got)
	}
}

// world is an account with one device and one vault, and what is needed to write to them.
type world struct {
	t                      testing.TB
	account, vault, device id.ID
	identity, key          signing.PrivateKey
	log                    *Log
	tree                   *Tree
	at                     Position
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, account: id.New(), vault: id.New(), device: id.New(), identity: signing.Generate(), key: signing.Generate()}
	w.log = NewLog(w.account)
	w.enter(t, Genesis{Identity: w.identity.Public(), Receive: ReceiveKey{1}, SealedIdentity: Hash{1}})
	w.enter(t, Credentials{Generation: 1, Profile: "P2", Login: signing.Generate().Public(), Sealings: []Sealing{{SealingPassword, Hash{2}}}})
	w.enter(t, DeviceAdd{Device: w.device, Key: w.key.Public(), Name: "laptop", Platform: "linux"})
	w.enter(t, VaultEpoch{Vault: w.vault, Epoch: 1, SealedKey: Hash{3}})
	w.tree = NewTree(w.vault)
	return w
}

func (w *world) enter(t testing.TB, b Body) {
	t.Helper()
	if err := w.log.Append(w.entry(t, b)); err != nil {
		t.Fatal(err)
	}
}

func (w *world) entry(t testing.TB, b Body) SignedEntry {
	t.Helper()
	e, err := w.log.Next(w.identity, 1_700_000_000_000, b)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// commit builds the commit that makes the changes, after edit had its way with it, and applies it to the tree.
func (w *world) commit(t testing.TB, changes []Change, edit func(*Commit)) Signed {
	t.Helper()
	undo, err := w.tree.Apply(changes)
	if err != nil {
		t.Fatal(err)
	}
	seq, hash := w.log.Head()
	c := Commit{Vault: w.vault, Seq: w.at.Seq + 1, Parent: w.at.Hash, Root: w.tree.Root(), Epoch: 1, LogSeq: seq, LogHash: hash, Op: id.New(), Device: w.device}
	if edit != nil {
		edit(&c)
		undo()
	}
	list, err := EncodeChanges(changes)
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Sign(w.key, list)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func put(object id.ID, old uint64, content string) Change {
	return Change{Object: object, Old: old, New: old + 1, Action: Put, EnvHash: EnvelopeHash([]byte(content))}
}

func TestCommitsFollowEachOther(t *testing.T) {
	w := newWorld(t)
	object := id.New()
	for i := range uint64(5) {
		s := w.commit(t, []Change{put(object, i, fmt.Sprint(i))}, nil)
		v, err := Verify(s, w.vault, w.at, w.log)
		if err != nil {
			t.Fatal(err)
		}
		if v.Commit.Root != w.tree.Root() || v.Hash != s.Hash() {
			t.Fatalf("commit %d does not say what was built", i)
		}
		w.at = v.Position()
	}
}

func TestVerifyRefuses(t *testing.T) {
	stranger, object := signing.Generate(), id.New()
	for _, c := range []struct {
		name  string
		edit  func(*Commit)
		after func(*world, *Signed)
		want  error
	}{
		{"another vault", func(c *Commit) { c.Vault = id.New() }, nil, ErrWrongVault},
		{"seq skipped", func(c *Commit) { c.Seq++ }, nil, ErrNotNext},
		{"another parent", func(c *Commit) { c.Parent = Hash{9} }, nil, ErrNotNext},
		{"log position unknown", func(c *Commit) { c.LogSeq = 99 }, nil, ErrLogPosition},
		{"log hash unknown", func(c *Commit) { c.LogHash = Hash{9} }, nil, ErrLogPosition},
		{"log goes back", func(c *Commit) { c.LogSeq, c.LogHash = 2, Hash{} }, func(w *world, s *Signed) { w.at.LogSeq = 3 }, ErrLogPosition},
		{"device before it was added", func(c *Commit) { c.LogSeq = 1 }, nil, ErrLogPosition},
		{"unknown device", func(c *Commit) { c.Device = id.New() }, nil, ErrWriter},
		{"signature of another key", nil, func(w *world, s *Signed) { s.Signature = stranger.Sign(signing.Commit, s.Commit) }, signing.ErrSignature},
		{"signature for another purpose", nil, func(w *world, s *Signed) { s.Signature = w.key.Sign(signing.Request, s.Commit) }, signing.ErrSignature},
		{"another change list", nil, func(w *world, s *Signed) { s.Changes, _ = EncodeChanges([]Change{put(object, 0, "other")}) }, ErrChangeList},
		{"bytes after the commit", nil, func(w *world, s *Signed) { s.Commit = append(s.Commit, 0) }, ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			s := w.commit(t, []Change{put(object, 0, "x")}, c.edit)
			if c.after != nil {
				c.after(w, &s)
			}
			if _, err := Verify(s, w.vault, w.at, w.log); !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestRevokedDeviceCannotWrite(t *testing.T) {
	w := newWorld(t)
	w.enter(t, DeviceRevoke{Device: w.device, Last: []VaultHead{{Vault: w.vault}}})
	s := w.commit(t, []Change{put(id.New(), 0, "x")}, nil)
	if _, err := Verify(s, w.vault, w.at, w.log); !errors.Is(err, ErrWriter) {
		t.Fatalf("got %v", err)
	}
}

func TestEveryBitOfACommitCounts(t *testing.T) {
	w := newWorld(t)
	s := w.commit(t, []Change{put(id.New(), 0, "x")}, nil)
	for _, part := range []*[]byte{&s.Commit, &s.Changes, &s.Signature} {
		original := bytes.Clone(*part)
		for bit := range len(original) * 8 {
			flipped := bytes.Clone(original)
			flipped[bit/8] ^= 1 << (bit % 8)
			*part = flipped
			if _, err := Verify(s, w.vault, w.at, w.log); err == nil {
				t.Fatalf("bit %d flipped and accepted", bit)
			}
		}
		*part = original
	}
}

func TestChangeListRules(t *testing.T) {
	a, b := id.ID{1}, id.ID{2}
	good := put(a, 0, "x")
	many := make([]Change, MaxChanges+1)
	for i := range many {
		many[i] = put(id.New(), 0, "x")
	}
	for _, c := range []struct {
		name    string
		changes []Change
		ok      bool
	}{
		{"one", []Change{good}, true},
		{"two, unsorted", []Change{put(b, 0, "y"), good}, true},
		{"tombstone", []Change{{Object: a, Old: 1, New: 2, Action: Tombstone}}, true},
		{"none", nil, false},
		{"too many", many, false},
		{"twice the same", []Change{good, good}, false},
		{"revision skipped", []Change{{Object: a, Old: 1, New: 3, Action: Put, EnvHash: Hash{1}}}, false},
		{"revision wraps", []Change{{Object: a, Old: ^uint64(0), New: 0, Action: Put, EnvHash: Hash{1}}}, false},
		{"put of nothing", []Change{{Object: a, New: 1, Action: Put}}, false},
		{"tombstone with content", []Change{{Object: a, New: 1, Action: Tombstone, EnvHash: Hash{1}}}, false},
		{"purge is reserved", []Change{{Object: a, New: 1, Action: 3}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, err := EncodeChanges(c.changes)
			if (err == nil) != c.ok {
				t.Fatalf("encode: %v", err)
			}
			raw, _ := canonical.Marshal(c.changes)
			if c.ok {
				raw = list
			}
			if _, err := ParseChanges(raw); (err == nil) != c.ok {
				t.Fatalf("parse: %v", err)
			}
		})
	}
}

func TestLogRefuses(t *testing.T) {
	device, key := id.New(), signing.Generate().Public()
	add := DeviceAdd{Device: device, Key: key}
	for _, c := range []struct {
		name string
		do   func(w *world) SignedEntry
		want error
	}{
		{"a second genesis", func(w *world) SignedEntry { return w.entry(t, Genesis{Identity: w.identity.Public()}) }, ErrEntryBody},
		{"a generation skipped", func(w *world) SignedEntry {
			return w.entry(t, Credentials{Generation: 3, Sealings: []Sealing{{SealingPassword, Hash{}}}})
		}, ErrEntryBody},
		{"credentials without a sealing", func(w *world) SignedEntry { return w.entry(t, Credentials{Generation: 2}) }, ErrEntryBody},
		{"a device id twice", func(w *world) SignedEntry { return w.entry(t, DeviceAdd{Device: w.device, Key: key}) }, ErrEntryBody},
		{"a device key twice", func(w *world) SignedEntry { return w.entry(t, DeviceAdd{Device: device, Key: w.key.Public()}) }, ErrEntryBody},
		{"an unknown device revoked", func(w *world) SignedEntry { return w.entry(t, DeviceRevoke{Device: device}) }, ErrEntryBody},
		{"a vault epoch twice", func(w *world) SignedEntry { return w.entry(t, VaultEpoch{Vault: w.vault, Epoch: 1}) }, ErrEntryBody},
		{"an entry replayed", func(w *world) SignedEntry { return w.log.Entries(2)[0] }, ErrEntryOrder},
		{"an entry of another account", func(w *world) SignedEntry {
			other := newWorld(t)
			other.identity = w.identity
			return other.entry(t, add)
		}, ErrEntryOrder},
		{"another signer", func(w *world) SignedEntry {
			e := w.entry(t, add)
			e.Signature = w.key.Sign(signing.AccountLog, e.Entry)
			return e
		}, signing.ErrSignature},
		{"an unknown type", func(w *world) SignedEntry { return w.entry(t, reserved{}) }, ErrEntryBody},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			before, hash := w.log.Head()
			if err := w.log.Append(c.do(w)); !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if after, h := w.log.Head(); after != before || h != hash || w.log.Len() != 4 {
				t.Fatal("a refused entry changed the log")
			}
		})
	}
}

type reserved struct{}

func (reserved) entryType() EntryType { return 99 }

func TestServerRestore(t *testing.T) {
	w := newWorld(t)
	good := ServerRestore{Vault: w.vault, Device: w.device, GivenUp: 9, GivenUpHash: Hash{9}, Adopted: 6, AdoptedHash: Hash{6}}
	for name, spoil := range map[string]func(*ServerRestore){
		"unknown vault":           func(r *ServerRestore) { r.Vault = id.New() },
		"unknown device":          func(r *ServerRestore) { r.Device = id.New() },
		"nothing was pinned":      func(r *ServerRestore) { r.GivenUp = 0 },
		"nothing is given up":     func(r *ServerRestore) { r.AdoptedHash = r.GivenUpHash },
		"an empty vault's hash":   func(r *ServerRestore) { r.Adopted = 0 },
		"a head without its hash": func(r *ServerRestore) { r.AdoptedHash = Hash{} },
	} {
		bad := good
		spoil(&bad)
		if err := w.log.Append(w.entry(t, bad)); !errors.Is(err, ErrEntryBody) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.enter(t, good)
	log, err := ReadLog(w.account, w.log.Entries(-1))
	if err != nil {
		t.Fatal(err)
	}
	if all := log.Restored(w.vault); len(all) != 1 || all[0].ServerRestore != good || all[0].Seq != 4 {
		t.Errorf("the log reads %+v", all)
	}
	if len(log.Restored(id.New())) != 0 {
		t.Error("another vault's restore is listed")
	}
}

func TestLogReadsBackAndKnowsItsDevices(t *testing.T) {
	w := newWorld(t)
	second := DeviceAdd{Device: id.New(), Key: signing.Generate().Public(), Name: "PC B"}
	w.enter(t, second)
	w.enter(t, DeviceRevoke{Device: second.Device, Last: []VaultHead{{Vault: w.vault}}})
	log, err := ReadLog(w.account, w.log.Entries(-1))
	if err != nil {
		t.Fatal(err)
	}
	for seq, live := range map[uint64]bool{3: false, 4: true, 5: false, 9: false} {
		if _, ok := log.LiveDevice(second.Device, seq); ok != live {
			t.Errorf("at %d live is %v", seq, ok)
		}
	}
	if n := len(log.Devices()); n != 2 {
		t.Errorf("%d devices", n)
	}
	if _, err := ReadLog(w.account, nil); !errors.Is(err, ErrEntryOrder) {
		t.Errorf("an empty log was read: %v", err)
	}
}

// naiveRoot computes the state root as docs/protocol.md §6 words it, with nothing of this package.
func naiveRoot(vault id.ID, rows []Row) [32]byte {
	leaves := map[int][]Row{}
	for _, r := range rows {
		field := func(b []byte) []byte { return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...) }
		h := sha256.Sum256(bytes.Join([][]byte{field([]byte("coffer/v1/leaf")), field(vault[:]), field(r.Object[:])}, nil))
		n := int(h[0])<<8 | int(h[1])
		leaves[n] = append(leaves[n], r)
	}
	all := []byte("coffer/v1/tree-root" + string(vault[:]))
	for n := range 256 {
		node, used := []byte("coffer/v1/tree-node"), false
		for l := range 256 {
			leaf := leaves[n<<8|l]
			if len(leaf) == 0 {
				node = append(node, make([]byte, 32)...)
				continue
			}
			used = true
			sort.Slice(leaf, func(i, j int) bool { return bytes.Compare(leaf[i].Object[:], leaf[j].Object[:]) < 0 })
			content := []byte("coffer/v1/tree-leaf")
			for _, r := range leaf {
				content = append(content, r.Object[:]...)
				content = binary.BigEndian.AppendUint64(content, r.Revision)
				content = append(append(content, byte(r.State)), r.EnvHash[:]...)
			}
			h := sha256.Sum256(content)
			node = append(node, h[:]...)
		}
		h := [32]byte{}
		if used {
			h = sha256.Sum256(node)
		}
		all = append(all, h[:]...)
	}
	return sha256.Sum256(all)
}

func TestRootIsTheOneOfTheDocument(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		r := rand.New(rand.NewPCG(seed, 1))
		vault, tree, rows := id.ID{byte(seed)}, NewTree(id.ID{byte(seed)}), map[id.ID]Row{}
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			row := Row{Object: id.ID{byte(r.IntN(40))}, Revision: r.Uint64(), State: Live, EnvHash: Hash{byte(r.Uint32())}}
			rows[row.Object] = row
			tree.Set(row)
			if r.IntN(4) == 0 {
				tree.Root()
			}
		}
		table := make([]Row, 0, len(rows))
		for _, row := range rows {
			table = append(table, row)
		}
		if got, want := tree.Root(), naiveRoot(vault, table); got != want {
			t.Fatalf("root %s, want %x", got, want)
		}
	})
}

// crowd returns objects of one leaf.
func crowd(vault id.ID) []id.ID {
	leaves := map[uint16][]id.ID{}
	for i := uint32(0); ; i++ {
		var object id.ID
		binary.BigEndian.PutUint32(object[:], i)
		leaf := LeafOf(vault, object)
		if leaves[leaf] = append(leaves[leaf], object); len(leaves[leaf]) == 8 {
			return leaves[leaf]
		}
	}
}

func TestRowsThatShareALeaf(t *testing.T) {
	vault := id.ID{1}
	tree, objects, rows := NewTree(vault), crowd(vault), map[id.ID]Row{}
	for i, object := range objects[:6] {
		rows[object] = Row{Object: object, Revision: uint64(i + 1), State: Live, EnvHash: Hash{byte(i)}}
		tree.Set(rows[object])
	}
	check := func(when string) {
		t.Helper()
		if got := maps.Collect(func(yield func(id.ID, Row) bool) {
			tree.Rows(func(r Row) bool { return yield(r.Object, r) })
		}); !maps.Equal(got, rows) || tree.Len() != len(rows) {
			t.Errorf("%s: %d of %d rows", when, len(got), tree.Len())
		}
		for _, object := range objects {
			if got, found := tree.Row(object); got != rows[object] || found != (rows[object].Revision != 0) {
				t.Errorf("%s: row %+v, want %+v", when, got, rows[object])
			}
		}
		if got, want := tree.Root(), naiveRoot(vault, slices.Collect(maps.Values(rows))); got != want {
			t.Errorf("%s: root %s, want %x", when, got, want)
		}
	}
	check("set")
	undo, err := tree.Apply([]Change{put(objects[6], 0, "new"), put(objects[2], 3, "changed"), put(objects[7], 0, "new too")})
	if err != nil || tree.Len() != 8 {
		t.Fatal(tree.Len(), err)
	}
	undo()
	check("taken back")
	rows[objects[0]] = Row{Object: objects[0], Revision: 9, State: Dead}
	tree.Set(rows[objects[0]])
	check("set again")
}

func TestUndoRestoresTheRoot(t *testing.T) {
	w := newWorld(t)
	known, fresh := id.New(), id.New()
	if _, err := w.tree.Apply([]Change{put(known, 0, "a")}); err != nil {
		t.Fatal(err)
	}
	before := w.tree.Root()
	undo, err := w.tree.Apply([]Change{put(known, 1, "b"), put(fresh, 0, "c")})
	if err != nil || w.tree.Root() == before {
		t.Fatal("the changes changed nothing", err)
	}
	undo()
	if w.tree.Root() != before || w.tree.Len() != 1 {
		t.Fatal("undo left a trace")
	}
	if _, err := w.tree.Apply([]Change{put(known, 0, "again")}); !errors.Is(err, ErrNotNext) {
		t.Fatalf("a stale change was applied: %v", err)
	}
}

func BenchmarkTree(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		tree := NewTree(id.ID{1})
		objects := make([]id.ID, n)
		for i := range objects {
			objects[i] = id.New()
			tree.Set(Row{Object: objects[i], Revision: 1, State: Live, EnvHash: Hash{1}})
		}
		tree.Root()
		b.Run(fmt.Sprintf("one change/%d", n), func(b *testing.B) {
			for i := range b.N {
				tree.Set(Row{Object: objects[i%n], Revision: uint64(i), State: Live, EnvHash: Hash{2}})
				tree.Root()
			}
		})
	}
}
