package engine_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/sync/wire"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/sqlite"
)

func TestMain(m *testing.M) {
	flag.Parse()
	// Every case has databases of its own; each is a long life already.
	if flag.Lookup("rapid.checks").Value.String() == "100" {
		flag.Set("rapid.checks", "8")
	}
	os.Exit(m.Run())
}

// world is an account with its log, and a server that keeps the rules of docs/protocol.md §6 in memory.
type world struct {
	account, vault id.ID
	key            secret.Bytes
	identity       signing.PrivateKey
	log            *chain.Log
	state
}

// state is what a backup of the server has.
type state struct {
	commits   []wire.SignedCommit
	rows      map[id.ID]chain.Row
	envelopes map[id.ID][]byte
	at        chain.Position
}

func (s state) clone() state {
	s.commits, s.rows, s.envelopes = slices.Clone(s.commits), maps.Clone(s.rows), maps.Clone(s.envelopes)
	return s
}

func newWorld(t *rapid.T) *world {
	w := &world{account: id.New(), vault: id.New(), key: secret.Random(32), identity: signing.Generate()}
	w.rows, w.envelopes = map[id.ID]chain.Row{}, map[id.ID][]byte{}
	w.log = chain.NewLog(w.account)
	w.enter(t, chain.Genesis{Identity: w.identity.Public(), SealedIdentity: chain.Hash{1}})
	w.enter(t, chain.Credentials{Generation: 1, Profile: "P2", Login: signing.Generate().Public(), Sealings: []chain.Sealing{{Type: chain.SealingPassword, Hash: chain.Hash{2}}}})
	w.enter(t, chain.VaultEpoch{Vault: w.vault, Epoch: 1, SealedKey: chain.Hash{3}})
	return w
}

func (w *world) enter(t *rapid.T, body chain.Body) {
	entry, err := w.log.Next(w.identity, 0, body)
	if err == nil {
		err = w.log.Append(entry)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// rotate puts another identity into force.
func (w *world) rotate(t *rapid.T) {
	next := signing.Generate()
	w.enter(t, w.log.NewIdentity(next, chain.ReceiveKey{}, chain.Hash{4}))
	w.identity = next
}

func (w *world) head() wire.Head {
	hash := w.at.Hash // an answer stays as it was
	return wire.Head{Seq: w.at.Seq, Hash: hash[:]}
}

// pageSize makes even short histories come in pages.
const pageSize = 3

func (w *world) Log(_ context.Context, since uint64) (wire.LogPage, error) {
	head, hash := w.log.Head()
	page := wire.LogPage{HeadSeq: head, HeadHash: hash[:]}
	for _, e := range w.log.Entries(int64(since)) {
		page.Entries = append(page.Entries, wire.SignedEntry{Entry: e.Entry, Signature: e.Signature})
	}
	return page, nil
}

func (w *world) AppendLog(context.Context, wire.SignedEntry) error {
	return errors.New("not asked for")
}

func (w *world) Head(context.Context, id.ID) (wire.HeadCommit, error) {
	out := wire.HeadCommit{Head: w.head()}
	if n := len(w.commits); n > 0 {
		out.Commit = &w.commits[n-1]
	}
	return out, nil
}

func (w *world) Changes(_ context.Context, _ id.ID, since uint64) (wire.Changes, error) {
	log, hash := w.log.Head()
	page := wire.Changes{Head: w.head(), Log: wire.Head{Seq: log, Hash: hash[:]}}
	if since < uint64(len(w.commits)) {
		page.Commits = w.commits[since:min(since+pageSize, uint64(len(w.commits)))]
	}
	for _, c := range page.Commits {
		changes, _ := chain.ParseChanges(c.Changes)
		for _, ch := range changes {
			if ch.Object[0]%2 == 0 { // the others have to be fetched
				page.Envelopes = append(page.Envelopes, w.envelope(ch.Object))
			}
		}
	}
	return page, nil
}

func (w *world) envelope(object id.ID) wire.Envelope {
	return wire.Envelope{ObjectID: object.String(), Revision: w.rows[object].Revision, Envelope: w.envelopes[object]}
}

func (w *world) Objects(_ context.Context, _ id.ID, after string) (wire.Objects, error) {
	var page wire.Objects
	ids := slices.SortedFunc(maps.Keys(w.rows), func(a, b id.ID) int { return slices.Compare(a[:], b[:]) })
	for _, object := range ids {
		if object.String() <= after {
			continue
		}
		if len(page.Rows) == pageSize {
			page.Next = page.Rows[pageSize-1].ObjectID
			break
		}
		r := w.rows[object]
		page.Rows = append(page.Rows, wire.Row{ObjectID: object.String(), Revision: r.Revision, State: uint8(r.State), EnvHash: r.EnvHash[:]})
	}
	return page, nil
}

func (w *world) Fetch(_ context.Context, _ id.ID, objects []id.ID) (wire.Fetched, error) {
	var out wire.Fetched
	for _, o := range objects {
		out.Envelopes = append(out.Envelopes, w.envelope(o))
	}
	return out, nil
}

// Push keeps the server's rules: order, signature, root, envelopes; the same bytes again are answered again.
func (w *world) Push(_ context.Context, _ id.ID, in wire.Push) (wire.Pushed, error) {
	signed := chain.Signed{Commit: in.Commit, Changes: in.Changes, Signature: in.Signature}
	if n := len(w.commits); n > 0 && string(w.commits[n-1].Commit) == string(in.Commit) {
		return wire.Pushed{Head: w.head()}, nil
	}
	v, err := chain.Verify(signed, w.vault, w.at, w.log)
	if errors.Is(err, chain.ErrNotNext) {
		return wire.Pushed{}, &wire.Error{Code: wire.CodeConflict}
	}
	if err != nil {
		return wire.Pushed{}, fmt.Errorf("a client pushed what no server takes: %w", err)
	}
	tree := chain.NewTree(w.vault)
	for _, r := range w.rows {
		tree.Set(r)
	}
	if _, err := tree.Apply(v.Changes); err != nil || tree.Root() != v.Commit.Root {
		return wire.Pushed{}, fmt.Errorf("a client pushed a wrong root: %w", err)
	}
	sent := map[id.ID][]byte{}
	for _, e := range in.Envelopes {
		object, _ := id.Parse(e.ObjectID)
		sent[object] = e.Envelope
	}
	for _, c := range v.Changes {
		w.rows[c.Object], w.envelopes[c.Object] = c.Row(), sent[c.Object]
		if c.Action == chain.Put && chain.EnvelopeHash(sent[c.Object]) != c.EnvHash {
			return wire.Pushed{}, errors.New("a client pushed another envelope than it named")
		}
	}
	w.commits, w.at = append(w.commits, in.SignedCommit), v.Position()
	return wire.Pushed{Head: w.head()}, nil
}

// device is one installation with a network that loses things.
type device struct {
	*world
	id     id.ID
	key    signing.PrivateKey
	store  *sqlite.Store
	vault  *vault.Vault
	engine *engine.Engine
	now    time.Time

	lose   func() fate   // of the next push
	remote engine.Remote // the way to the server; nil: this device itself
	killAt int           // the transaction of the file before whose end the device is killed; 0: never
	after  func()        // runs after every transaction; may be nil
}

var errKilled = errors.New("killed")

// Update implements vault.Store.
func (d *device) Update(ctx context.Context, change func(vault.Tx) error) error {
	defer d.ended()
	return d.store.Update(ctx, func(tx vault.Tx) error {
		err := change(tx)
		if d.killAt--; d.killAt == 0 {
			return errKilled
		}
		return err
	})
}

// View implements vault.Store.
func (d *device) View(ctx context.Context, look func(vault.Reader) error) error {
	defer d.ended()
	return d.store.View(ctx, look)
}

func (d *device) ended() {
	if d.after != nil {
		d.after()
	}
}

// fate is what happens to a push on its way.
type fate int

const (
	arrives fate = iota
	lost
	answerLost
	delivered2 // the network delivers it twice
)

var errLost = errors.New("network is gone")

// Push is the device's way to the server.
func (d *device) Push(ctx context.Context, v id.ID, in wire.Push) (wire.Pushed, error) {
	switch d.lose() {
	case lost:
		return wire.Pushed{}, errLost
	case answerLost:
		if _, err := d.world.Push(ctx, v, in); err != nil {
			return wire.Pushed{}, err
		}
		return wire.Pushed{}, errLost
	case delivered2:
		if _, err := d.world.Push(ctx, v, in); err != nil {
			return wire.Pushed{}, err
		}
	}
	return d.world.Push(ctx, v, in)
}

func mac(b []byte) [32]byte {
	h := hmac.New(sha256.New, []byte("anchor"))
	h.Write(b)
	return [32]byte(h.Sum(nil))
}

func (w *world) newDevice(t *rapid.T, dir string, n int) *device {
	d := &device{world: w, id: id.New(), key: signing.Generate(), now: time.UnixMilli(int64(n)), lose: func() fate { return arrives }}
	w.enter(t, chain.DeviceAdd{Device: d.id, Key: d.key.Public(), Name: fmt.Sprint(n), Platform: "linux"})
	contents := sqlite.Contents{
		Account: vault.Account{ID: w.account, Device: d.id, SealedAccountKey: []byte{1}, SealedIdentity: []byte{1}, SealedDeviceSeed: []byte{1}, SealedAnchor: []byte{1}},
		Vaults:  []vault.SealedVaultKey{{Vault: w.vault, Epoch: 1, Sealed: []byte("vk")}},
	}
	for i, e := range w.log.Entries(-1) {
		contents.Log = append(contents.Log, vault.LogEntry{Seq: uint64(i), Entry: e.Entry, Signature: e.Signature})
	}
	store, err := sqlite.Create(t.Context(), filepath.Join(dir, hex.EncodeToString(d.id[:])+".db"), contents, mac)
	if err != nil {
		t.Fatal(err)
	}
	d.store = store
	t.Cleanup(func() {
		d.vault.Close()
		store.Close()
	})
	d.restart(t)
	return d
}

// restart locks and unlocks: all that counts is on the disk.
func (d *device) restart(t *rapid.T) {
	if d.vault != nil {
		d.vault.Close()
	}
	opened, err := vault.Open(t.Context(), vault.Config{
		Store: d, Account: d.account, Vault: d.world.vault, Device: d.id, Epoch: 1, Key: d.world.key, Now: func() time.Time { return d.now },
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := d.store.Log(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var log []chain.SignedEntry
	for _, e := range entries {
		log = append(log, chain.SignedEntry{Entry: e.Entry, Signature: e.Signature})
	}
	verified, err := chain.ReadLog(d.account, log)
	if err != nil {
		t.Fatal(err)
	}
	d.vault = opened
	way := d.remote
	if way == nil {
		way = d
	}
	d.engine = engine.New(way, opened, d.world.vault, 1, engine.Writer{Device: d.id, Key: d.key}, verified, func() time.Time { return d.now })
}

func (d *device) sync(t *rapid.T) {
	_, err := d.engine.Sync(t.Context(), nil)
	var v *engine.Violation
	switch {
	case err == nil, errors.Is(err, errLost):
	case errors.As(err, &v):
		d.adopt(t)
	default:
		t.Fatalf("sync: %v", err)
	}
}

// adopt is the user's yes to what the server shows.
func (d *device) adopt(t *rapid.T) {
	diff, err := d.engine.Compare(t.Context(), nil)
	if err != nil {
		t.Fatalf("compare: %v", err)
	}
	if _, err := d.engine.Adopt(t.Context(), diff.Server.Head, false, nil); err != nil {
		t.Fatalf("adopt: %v", err)
	}
}

// everything is what a device shows of an item: every password that is its value or in its history.
func (d *device) everything(t *rapid.T) (shown string, passwords map[string]bool) {
	passwords = map[string]bool{}
	ids := []id.ID{}
	for _, s := range d.vault.Query(vault.Filter{}) {
		ids = append(ids, s.ID)
	}
	slices.SortFunc(ids, func(a, b id.ID) int { return slices.Compare(a[:], b[:]) })
	for _, object := range ids {
		it, err := d.vault.Get(t.Context(), object)
		if err != nil {
			t.Fatal(err)
		}
		value := string(it.Value(vault.Password).Reveal())
		passwords[value] = true
		shown += fmt.Sprintf("%s=%s:", object, value)
		for _, p := range it.History {
			passwords[string(p.Value.Reveal())] = true
			shown += string(p.Value.Reveal()) + ","
		}
		shown += "\n"
	}
	return shown, passwords
}

// life draws what devices do, with answers lost on the way; after it everybody syncs until all is quiet.
type life struct {
	t       *rapid.T
	world   *world
	devices []*device
	typed   map[string]bool
	deleted map[string]bool // what was typed into items that somebody deleted
	backups []state
}

func newLife(t *rapid.T, dir string, devices int) *life {
	l := &life{t: t, world: newWorld(t), typed: map[string]bool{}, deleted: map[string]bool{}}
	for n := range devices {
		l.devices = append(l.devices, l.world.newDevice(t, dir, n+1))
	}
	return l
}

func (l *life) any() *device {
	return l.devices[rapid.IntRange(0, len(l.devices)-1).Draw(l.t, "device")]
}

func (l *life) add(*rapid.T) {
	l.save(l.any(), vault.Item{Kind: vault.Login, Title: fmt.Sprintf("item %04d", len(l.typed))})
}

func (l *life) edit(*rapid.T) { l.withItem(l.save) }

func (l *life) save(d *device, it vault.Item) {
	text := fmt.Sprintf("typed-%d", len(l.typed))
	l.typed[text] = true
	it.Set(vault.Password, secret.FromString(text))
	if _, err := d.vault.Save(l.t.Context(), it); err != nil {
		l.t.Fatal(err)
	}
}

// withItem does something with an item of a device, if there is one.
func (l *life) withItem(do func(*device, vault.Item)) {
	d := l.any()
	all := d.vault.Query(vault.Filter{}) // by title, so that a case can be repeated
	if len(all) == 0 {
		return
	}
	it, err := d.vault.Get(l.t.Context(), all[rapid.IntRange(0, len(all)-1).Draw(l.t, "item")].ID)
	if err != nil {
		l.t.Fatal(err)
	}
	do(d, it)
}

func (l *life) remove(*rapid.T) {
	l.withItem(l.delete)
}

func (l *life) delete(d *device, it vault.Item) {
	l.deleted[string(it.Value(vault.Password).Reveal())] = true
	for _, p := range it.History {
		l.deleted[string(p.Value.Reveal())] = true
	}
	if err := d.vault.DeleteForever(l.t.Context(), it.ID); err != nil {
		l.t.Fatal(err)
	}
}

func (l *life) sync(t *rapid.T) {
	d := l.any()
	d.lose = func() fate { return fate(rapid.IntRange(int(arrives), int(delivered2)).Draw(t, "fate")) }
	d.sync(t)
	d.lose = func() fate { return arrives }
}

func (l *life) restart(t *rapid.T) { l.any().restart(t) }

func (l *life) backUp(*rapid.T) { l.backups = append(l.backups, l.world.state.clone()) }

func (l *life) restore(t *rapid.T) {
	if len(l.backups) > 0 {
		l.world.state = l.backups[rapid.IntRange(0, len(l.backups)-1).Draw(t, "backup")].clone()
	}
}

// settle lets everybody sync until nothing moves, and checks that all see the same and nothing typed is gone.
func (l *life) settle() {
	for quiet := 0; quiet < 2; {
		before := l.world.at
		for _, d := range l.devices {
			d.sync(l.t)
			d.sync(l.t)
		}
		if quiet++; l.world.at != before {
			quiet = 0
		}
	}
	want, passwords := l.devices[0].everything(l.t)
	for _, d := range l.devices[1:] {
		if got, _ := d.everything(l.t); got != want {
			l.t.Fatalf("devices differ:\n%s\n%s", want, got)
		}
	}
	for text := range l.typed {
		if !passwords[text] && !l.deleted[text] {
			l.t.Fatalf("%s is gone; there is\n%s", text, want)
		}
	}
}

// Whatever is edited where, lost on the way, delivered twice or interrupted: all devices come to the same, and every password that
// was typed is somewhere in its item.
func TestEnginesConverge(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		l := newLife(t, dir, rapid.IntRange(2, 3).Draw(t, "devices"))
		t.Repeat(map[string]func(*rapid.T){"add": l.add, "edit": l.edit, "remove": l.remove, "sync": l.sync, "restart": l.restart})
		l.settle()
	})
}

// The same with a server that is restored from backups, again and again, under users who say yes.
func TestEnginesConvergeOverRestoredBackups(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		l := newLife(t, dir, 2)
		t.Repeat(map[string]func(*rapid.T){
			"add": l.add, "edit": l.edit, "remove": l.remove, "sync": l.sync, "sync again": l.sync, "restart": l.restart, "back up": l.backUp, "restore": l.restore,
		})
		l.settle()
	})
}

// A server showed this device a commit of another one that it kept from the device which revoked that: known too late, and refused then.
func TestARevocationJudgesWhatWasPulledBefore(t *testing.T) {
	for name, last := range map[string]uint64{"written after the last accepted": 1, "the last accepted": 2} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			rapid.Check(t, func(rt *rapid.T) {
				l := newLife(rt, dir, 2)
				own, thief := l.devices[0], l.devices[1]
				l.save(own, vault.Item{Kind: vault.Login, Title: "a"})
				own.sync(rt)
				thief.sync(rt)
				l.save(thief, vault.Item{Kind: vault.Login, Title: "b"})
				thief.sync(rt)
				own.sync(rt)
				head := chain.VaultHead{Vault: l.world.vault, Seq: last, Hash: chain.CommitHash(l.world.commits[last-1].Commit)}
				l.world.enter(rt, chain.DeviceRevoke{Device: thief.id, Last: []chain.VaultHead{head}})
				if _, err := own.engine.Sync(rt.Context(), nil); !errors.Is(err, engine.ErrWithheld) {
					rt.Fatalf("the log ends with the revocation: %v", err)
				}
				l.world.rotate(rt)
				_, err := own.engine.Sync(rt.Context(), nil)
				var violation *engine.Violation
				if refused := errors.As(err, &violation) && errors.Is(err, engine.ErrForked); refused != (last == 1) {
					rt.Fatalf("got %v", err)
				}
			})
		})
	}
}
