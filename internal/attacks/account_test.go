package attacks

import (
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
)

// A device that was removed and works together with the server, and keys from before a change: row 20b.
func init() {
	register("20b", existing, "a removed device goes on writing", removedDeviceWrites)
	register("20b", existing, "a removed device writes below its removal, for a device that lags behind", removedDeviceWritesBelow)
	register("20b", fresh, "a removed device goes on writing", removedDeviceWritesForNewDevice)
	register("20b", fresh, "a sealing of the account key from before", oldSealingReturns)
	register("20b", fresh, "the log without the removal", hideRemoval)
}

// forgery is a commit of device B that claims a place in the account log from before its removal. It follows the last commit that the
// removal accepts, so that nothing but the removal itself speaks against it.
type forgery struct {
	object id.ID
	in     wire.Push
	head   chain.Head
}

// removeB lets A remove device B, which has signed a forgery before.
func (s *scene) removeB(t *testing.T) forgery {
	t.Helper()
	a := s.accomplice(t)
	b := a.log.Devices()[1].Device
	f := forgery{object: id.New()}
	envelope := a.seal(t, f.object, 1, a.plaintext(t, s.items[0]), func([]byte) {})
	a.device, a.key = b, keyFrom(t, deviceSecrets(s.pcB)["device seed"])
	f.in, f.head = a.commit(t, f.object, envelope)
	if err := s.a.Change(t.Context(), session.Change{Password: testpc.Typed(testpc.Password), Remove: []id.ID{b}}); err != nil {
		t.Fatal(err)
	}
	return f
}

// changes answers a pull with the commits, the forgery as head, and then with nothing more.
func (f forgery) changes(commits ...any) lie {
	return onPath("/changes", func(any) any {
		defer func() { commits = []any{} }()
		return map[string]any{"head": wire.Head{Seq: f.head.Seq, Hash: f.head.Hash[:]}, "commits": append([]any{}, commits...), "envelopes": f.in.Envelopes}
	})
}

func removedDeviceWrites(t *testing.T) {
	s := newScene(t)
	pcE := testpc.New(t, "PC E", nil)
	pcE.SignIn(t, s.server, email, s.a.SecretKey()).Lock()
	f := s.removeB(t)
	l := newLiar(t, s.server)
	e := pcE.Copy(t, l).Unlock(t)
	defer e.Lock()
	if err := e.AdoptKeys(t.Context(), testpc.Typed(testpc.Password), ""); err != nil {
		t.Fatal(err)
	}
	l.lie(f.changes(f.in.SignedCommit))
	mustNotice(t, e.Sync(t.Context()))
	if _, ok := testpc.Contents(t, e)[f.object]; ok {
		t.Error("what the removed device wrote was taken")
	}
}

// removedDeviceWritesBelow: device E was offline while A wrote more and then removed B. What the removal names is ahead of E, so the
// forgery is below it, and nothing but the unreached commit that the removal names speaks against it.
func removedDeviceWritesBelow(t *testing.T) {
	s := newScene(t)
	pcE := testpc.New(t, "PC E", nil)
	pcE.SignIn(t, s.server, email, s.a.SecretKey()).Lock()
	a := s.accomplice(t)
	b := a.log.Devices()[1].Device
	f := forgery{object: id.New()}
	envelope := a.seal(t, f.object, 1, a.plaintext(t, s.items[0]), func([]byte) {})
	a.device, a.key = b, keyFrom(t, deviceSecrets(s.pcB)["device seed"])
	f.in, f.head = a.commit(t, f.object, envelope)
	for range 2 {
		testpc.Save(t, s.a, canaryItem())
		testpc.Sync(t, s.a)
	}
	if err := s.a.Change(t.Context(), session.Change{Password: testpc.Typed(testpc.Password), Remove: []id.ID{b}}); err != nil {
		t.Fatal(err)
	}
	l := newLiar(t, s.server)
	l.lie(f.changes(f.in.SignedCommit))
	e := pcE.Copy(t, l).Unlock(t)
	defer e.Lock()
	if err := e.AdoptKeys(t.Context(), testpc.Typed(testpc.Password), ""); err != nil {
		t.Fatal(err)
	}
	mustNotice(t, e.Sync(t.Context()))
	if _, ok := testpc.Contents(t, e)[f.object]; ok {
		t.Error("what the removed device wrote was taken")
	}
}

// removedDeviceWritesForNewDevice shows a new device the state before the removal, and the forgery on top.
func removedDeviceWritesForNewDevice(t *testing.T) {
	s := newScene(t)
	rows := honestAnswers(t, []string{"/objects"}, s.fresh)["/objects"]
	f := s.removeB(t)
	nothingMore := f.changes()
	err := s.fresh(t, func(path string, body []byte) []byte {
		body = nothingMore(path, body)
		body = onPath("/head", func(any) any {
			return wire.HeadCommit{Head: wire.Head{Seq: f.head.Seq, Hash: f.head.Hash[:]}, Commit: &f.in.SignedCommit}
		})(path, body)
		return onPath("/objects", func(any) any {
			v, _ := decode(rows)
			m := v.(map[string]any)
			e := f.in.Envelopes[0]
			hash := chain.EnvelopeHash(e.Envelope)
			m["rows"] = append(m["rows"].([]any), wire.Row{ObjectID: e.ObjectID, Revision: 1, State: 1, EnvHash: hash[:]})
			return m
		})(path, body)
	})
	mustNotice(t, err)
}

// oldSealingReturns gives a new device the sealing of the account key from before the password was entered anew.
func oldSealingReturns(t *testing.T) {
	s := newScene(t)
	old := bundleOf(t, s)["sealed_account_key"]
	password := testpc.Typed(testpc.Password)
	if err := s.a.Change(t.Context(), session.Change{Password: password, NewPassword: password.Clone()}); err != nil {
		t.Fatal(err)
	}
	if now := bundleOf(t, s)["sealed_account_key"]; now == old {
		t.Fatal("the sealing did not change")
	}
	refusedBundle(t, s, func(v any) any { return edit(v, field{"sealed_account_key"}, set(old)) })
}

// hideRemoval cuts the removal off the log that a new device gets.
func hideRemoval(t *testing.T) {
	s := newScene(t)
	before := len(bundleOf(t, s)["log"].([]any))
	s.removeB(t)
	refusedBundle(t, s, func(v any) any {
		return edit(v, field{"log"}, func(v any) any { return v.([]any)[:before] })
	})
}
