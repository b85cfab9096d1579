package attacks

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/seal"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/crypto/wrap"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
)

// What a server hands to a device of the account whose keys were changed on another one: rows 8, 11, 15 and 16. It is the one moment at
// which a device that has the account takes keys from the server.
func init() {
	register("8", existing, "another profile beside changed keys", func(t *testing.T) {
		adoptChanged(t, map[string]func(any) any{
			"P1": at(field{"profile"}, set("P1")), "unknown": at(field{"profile"}, set("P0")), "none": at(field{"profile"}, null),
		})
	})
	register("11", existing, "a vault key of the server's beside changed keys", injectVaultKeyAtAdoption)
	register("11", existing, "a Secret Key of the server's beside changed keys", injectSecretKey)
	register("15", existing, "sealed keys of every other suite beside changed keys", oldSealingsAtAdoption)
	register("16", existing, "every field of changed keys missing or altered", loseKeysAtAdoption)
}

// at is a change of one field of a bundle.
func at(f field, change func(any) any) func(any) any {
	return func(v any) any { return edit(v, f, change) }
}

// rotated is a scene whose device A has rotated every key, also the Secret Key, which the server has in a wrap for B.
func rotated(t *testing.T) *scene {
	t.Helper()
	s := newScene(t)
	if err := s.a.Change(t.Context(), session.Change{Password: testpc.Typed(testpc.Password), Rotate: true}); err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, s.a)
	return s
}

// adoptChanged lets device B adopt from each of the changed bundles.
func adoptChanged(t *testing.T, changes map[string]func(any) any) {
	t.Helper()
	s := rotated(t)
	for name, change := range changes {
		t.Run(name, func(t *testing.T) { mustNotice(t, s.adoptFrom(t, change)) })
	}
}

// adoptFrom demands that B refuses the bundle and goes on with what it has, or has the true keys for all that the server did. In both
// cases it sends nothing that was made with them before it knows that they are true, and is in step with A afterwards. It returns what
// B said of them.
func (s *scene) adoptFrom(t *testing.T, change func(any) any) error {
	t.Helper()
	l := newLiar(t, s.server)
	b := s.pcB.Copy(t, l).Unlock(t)
	defer b.Lock()
	if err := b.Sync(t.Context()); !errors.Is(err, session.ErrKeysChanged) {
		t.Fatalf("B does not see that the keys were changed: %v", err)
	}
	l.lie(onPath("/account/keys", change))
	err := b.AdoptKeys(t.Context(), testpc.Typed(testpc.Password), "")
	for _, a := range l.requests() {
		if strings.Contains(a.path, "/signin/") {
			t.Errorf("the client went on to %s", a)
		}
	}
	if err != nil && !b.Status().Notices.KeysChanged {
		t.Errorf("the user is not told any more that the keys have changed, after %v", err)
	}
	for item, got := range testpc.Contents(t, b) {
		if got != s.before[item] && got != s.after[item] {
			t.Errorf("item %s became %q", item, got)
		}
	}
	l.lie(nil)
	if err != nil {
		if err := b.AdoptKeys(t.Context(), testpc.Typed(testpc.Password), ""); err != nil {
			t.Fatalf("the true keys are not adopted any more: %v", err)
		}
	}
	saved := testpc.Save(t, b, testpc.Login("by B", "", rand32())).ID
	testpc.Sync(t, b)
	testpc.Sync(t, s.a)
	if got, want := testpc.Contents(t, s.a)[saved], testpc.Contents(t, b)[saved]; got != want {
		t.Errorf("A reads %q of what B has written: B has other keys", got)
	}
	s.nothingSent(t, l)
	return err
}

func rand32() string { return fmt.Sprintf("%x", secret.Random(16).Reveal()) }

// changedBundle is what the server honestly hands to B.
func changedBundle(t *testing.T, s *scene) map[string]any {
	t.Helper()
	var bundle any
	s.adoptFrom(t, func(v any) any {
		bundle = v
		return v
	})
	return bundle.(map[string]any)
}

func loseKeysAtAdoption(t *testing.T) {
	s := rotated(t)
	for _, f := range fields(changedBundle(t, s), nil) {
		for name, change := range map[string]func(any) any{"altered": alter, "missing": null} {
			t.Run(f.String()[1:]+" "+name, func(t *testing.T) { s.adoptFrom(t, at(f, change)) })
		}
	}
	for _, name := range []string{"sealed_account_key", "sealed_identity", "vaults", "log", "wrap"} {
		t.Run(name+" null", func(t *testing.T) { s.adoptFrom(t, at(field{name}, null)) })
	}
}

func oldSealingsAtAdoption(t *testing.T) {
	changes := map[string]func(any) any{}
	for _, place := range []field{{"sealed_account_key"}, {"sealed_identity"}, {"vaults", 0, "sealed_vault_key"}, {"vaults", 1, "sealed_vault_key"}, {"vaults", 1, "sealed_previous_key"}} {
		for name, change := range otherSuites {
			changes[place.String()[1:]+" "+name] = at(place, change)
		}
	}
	adoptChanged(t, changes)
}

// injectVaultKeyAtAdoption puts keys that the server knows into the place of those that A made.
func injectVaultKeyAtAdoption(t *testing.T) {
	own := secret.Random(32)
	account := id.ID{}
	forged := func(epoch int) func(any) any {
		return func(v any) any {
			sealed, err := seal.Seal(own, seal.Header{Purpose: seal.SealedKey, KeyID: account}, nil, secret.Random(32).Reveal())
			if err != nil {
				t.Error(err)
			}
			m := v.(map[string]any)
			m["sealed_vault_key"], m["epoch"] = sealed, epoch
			return m
		}
	}
	adoptChanged(t, map[string]func(any) any{
		"the newest": at(field{"vaults", 1}, forged(2)),
		"the first":  at(field{"vaults", 0}, forged(1)),
		"one more": at(field{"vaults"}, func(v any) any {
			return append(slices.Clone(v.([]any)), forged(3)(map[string]any{"vault_id": v.([]any)[0].(map[string]any)["vault_id"]}))
		}),
		"only the first": at(field{"vaults"}, func(v any) any { return v.([]any)[:1] }),
		"exchanged":      at(field{"vaults"}, func(v any) any { return []any{v.([]any)[1], v.([]any)[0]} }),
	})
}

// injectSecretKey hands B a Secret Key of the server's choice, in a wrap as A would make it. If B derived keys from that and the password
// that its user types, and sent a proof, the server could guess the password.
func injectSecretKey(t *testing.T) {
	s := rotated(t)
	log := logOf(t, s.pcB)
	a, b := log.Devices()[0], log.Devices()[1]
	for name, forge := range map[string]func(*chain.Wrap) signing.PrivateKey{
		"by a stranger":    func(w *chain.Wrap) signing.PrivateKey { w.Sender = id.New(); return signing.Generate() },
		"in the name of A": func(*chain.Wrap) signing.PrivateKey { return signing.Generate() },
		"in the name of B": func(w *chain.Wrap) signing.PrivateKey { w.Sender = b.Device; return signing.Generate() },
		"signed for another use by A": func(w *chain.Wrap) signing.PrivateKey {
			w.Kind = chain.WrapApproval
			return keyFrom(t, deviceSecrets(s.pcA)["device seed"])
		},
	} {
		t.Run(name, func(t *testing.T) {
			mustNotice(t, s.adoptFrom(t, at(field{"wrap"}, func(any) any {
				w := chain.Wrap{Account: s.a.Account().ID, Sender: a.Device, Recipient: b.Device, Kind: chain.WrapChange, Keys: chain.DeviceKeysHash(b.Key, b.Receive)}
				w.LogSeq, w.LogHash = log.Head()
				key := forge(&w)
				return wrapOwn(t, w, b.Receive, key)
			})))
		})
	}
}

// wrapOwn seals a Secret Key of zeros.
func wrapOwn(t *testing.T, w chain.Wrap, to chain.ReceiveKey, key signing.PrivateKey) wire.Wrap {
	t.Helper()
	plaintext, err := canonical.Marshal(map[int]any{1: make([]byte, 16), 2: 2, 3: []any{}})
	if err != nil {
		t.Error(err)
	}
	if w.Enc, w.Ciphertext, err = wrap.Seal(to[:], w.Info(), plaintext); err != nil {
		t.Error(err)
	}
	signed, err := w.Sign(key)
	if err != nil {
		t.Error(err)
	}
	return wire.Wrap{Wrap: signed.Wrap, Signature: signed.Signature}
}
