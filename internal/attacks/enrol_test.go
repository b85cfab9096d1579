package attacks

import (
	"encoding/base64"
	"errors"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/seal"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/vault/sqlite"
)

// What a server says about keys: rows 8, 11, 14, 15 and 16.
func init() {
	register("8", fresh, "profiles that are weaker, unknown, or almost known", weakenKDF)
	register("8", existing, "parameters in every answer, and a proof asked for again", weakenKDFLater)
	register("11", fresh, "the vault key is another", injectVaultKey)
	register("11", existing, "entries of the account log by another hand", injectLogEntries)
	register("15", fresh, "sealed keys of every other suite", oldSealings)
	register("15", existing, "objects and commits of other versions", oldObjects)
	register("16", fresh, "every field of the key bundle missing or altered", loseKeys)
	register("16", existing, "no keys in any answer", loseKeysLater)
}

// weakenKDF names another profile at sign-in. Nothing that depends on the password leaves the machine.
func weakenKDF(t *testing.T) {
	s := newScene(t)
	for _, profile := range []string{"P0", "", "p2", "PBKDF2", "P2 ", "P99", "P1\x00"} {
		t.Run(profile, func(t *testing.T) {
			l := newLiar(t, s.server)
			l.lie(onPath("/lookup", func(v any) any { return edit(v, field{"profile"}, set(profile)) }))
			if err := s.freshThrough(t, l); !errors.Is(err, session.ErrWeakServer) {
				t.Errorf("got %v", err)
			}
			if asks := l.requests(); len(asks) != 1 {
				t.Errorf("the client went on to ask %q", asks[1:])
			}
		})
	}
}

// weakenKDFLater offers a device that is enrolled weaker parameters in every answer, and ends its session so that it has to prove
// the password again: the proof is made with the profile that the device has kept, which the honest server accepts.
func weakenKDFLater(t *testing.T) {
	s := newScene(t)
	l := newLiar(t, s.server)
	var proofs atomic.Int32
	l.lie(func(path string, body []byte) []byte {
		if strings.HasSuffix(path, "/signin/prove") {
			proofs.Add(1)
		}
		return reencode(body, func(v any) any {
			if m, ok := v.(map[string]any); ok {
				maps.Copy(m, map[string]any{"profile": "P1", "kdf": "pbkdf2", "iterations": 1, "salt": []byte("chosen"), "generation": 0})
			}
			return v
		})
	})
	l.speak(endSession(false))
	if err := s.existingThrough(t, l); err != nil || proofs.Load() == 0 {
		t.Errorf("%d proofs, %v", proofs.Load(), err)
	}
}

// endSession answers every request with session_ended until the client has proved its password again, or for ever.
func endSession(forEver bool) func(http.ResponseWriter, *http.Request) bool {
	var proved atomic.Bool
	return func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/signin/prove") {
			proved.Store(!forEver)
		}
		if proved.Load() || strings.Contains(r.URL.Path, "/signin/") {
			return false
		}
		answerError(w, 401, "session_ended")
		return true
	}
}

func answerError(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write([]byte(`{"code":"` + code + `"}`))
}

// refusedBundle signs a new device in with a bundle that was changed. The client says what is wrong, asks for nothing more and keeps
// nothing: it neither believes the keys nor makes its own.
func refusedBundle(t *testing.T, s *scene, change func(bundle any) any) {
	t.Helper()
	l := newLiar(t, s.server)
	l.lie(onPath("/account/keys", change))
	pc, u, err := s.signIn(t, l)
	if err == nil {
		u.Lock()
		t.Error("the client believed it")
	} else {
		mustNotice(t, err)
	}
	if last := last(l.requests()); !strings.HasSuffix(last.path, "/account/keys") {
		t.Errorf("the client went on to ask %s", last)
	}
	if len(pc.Accounts()) != 0 {
		t.Error("something of it was kept")
	}
	s.nothingSent(t, l)
}

// bundleOf is the honest key bundle of the scene's account.
func bundleOf(t *testing.T, s *scene) map[string]any {
	t.Helper()
	body := honestAnswers(t, []string{"/account/keys"}, s.fresh)["/account/keys"]
	v, err := decode(body)
	if err != nil {
		t.Fatal(err)
	}
	return v.(map[string]any)
}

// injectVaultKey puts keys and vaults of the server's making into the bundle.
func injectVaultKey(t *testing.T) {
	s := newScene(t)
	own := secret.Random(32) // the server's key: it can open what is sealed under it
	vaultID := bundleOf(t, s)["vaults"].([]any)[0].(map[string]any)["vault_id"].(string)
	forged := func(vault string, epoch uint32) map[string]any {
		sealed, err := seal.Seal(own, seal.Header{Purpose: seal.SealedKey, KeyID: s.a.Account().ID}, nil, secret.Random(32).Reveal())
		if err != nil {
			t.Fatal(err)
		}
		return map[string]any{"vault_id": vault, "epoch": epoch, "sealed_vault_key": sealed}
	}
	for name, change := range map[string]func(vaults []any) []any{
		"another key":            func([]any) []any { return []any{forged(vaultID, 1)} },
		"another vault":          func([]any) []any { return []any{forged(id.New().String(), 1)} },
		"a vault more":           func(v []any) []any { return append(v, forged(id.New().String(), 1)) },
		"a newer epoch":          func(v []any) []any { return append(v, forged(vaultID, 2)) },
		"the same vault twice":   func(v []any) []any { return append(v, v[0]) },
		"the vault under a name": func(v []any) []any { return edit(v, field{0, "vault_id"}, set(id.New().String())).([]any) },
	} {
		t.Run(name, func(t *testing.T) {
			refusedBundle(t, s, func(v any) any {
				return edit(v, field{"vaults"}, func(v any) any { return change(v.([]any)) })
			})
		})
	}
}

// injectLogEntries extends the account log in the server's own name: a device, a vault key and credentials that it made.
func injectLogEntries(t *testing.T) {
	s := newScene(t)
	own := signing.Generate()
	log := logOf(t, s.pcB)
	for name, body := range map[string]chain.Body{
		"a device":    chain.DeviceAdd{Device: id.New(), Key: own.Public(), Name: "PC A", Platform: "linux"},
		"a vault key": chain.VaultEpoch{Vault: id.New(), Epoch: 1, SealedKey: chain.Hash{1}},
		"credentials": chain.Credentials{Generation: 2, Profile: "P1", Login: own.Public(), Sealings: []chain.Sealing{{Type: chain.SealingPassword, Hash: chain.Hash{1}}}},
	} {
		t.Run(name, func(t *testing.T) {
			entry, err := log.Next(own, 0, body)
			if err != nil {
				t.Fatal(err)
			}
			hash := canonical.Hash("coffer/v1/log-entry", entry.Entry)
			page := []any{map[string]any{"entry": entry.Entry, "signature": entry.Signature}}
			mustNotice(t, s.existing(t, onPath("/account/log", func(any) any {
				defer func() { page = []any{} }() // a client that took it is told that there is nothing more
				return map[string]any{"entries": page, "head_seq": log.Len(), "head_hash": hash[:]}
			})))
		})
	}
}

// logOf is the account log in the file of a locked computer.
func logOf(t *testing.T, pc *testpc.PC) *chain.Log {
	t.Helper()
	account := pc.Accounts()[0].ID
	store, err := sqlite.Open(t.Context(), pc.Paths.Account(account))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	entries, err := store.Log(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	log := chain.NewLog(account)
	for _, e := range entries {
		if err := log.Append(chain.SignedEntry{Entry: e.Entry, Signature: e.Signature}); err != nil {
			t.Fatal(err)
		}
	}
	return log
}

// otherSuites make a sealed key one of another suite or version, or something else altogether.
var otherSuites = map[string]func(any) any{
	"suite 0": setByte(4, 0), "suite 2": setByte(4, 2), "version 0": setByte(3, '0'), "version 2": setByte(3, '2'), "purpose 2": setByte(5, 2),
	"an encrypted string": set([]byte("2.q83vEjRWeJASNFZ4kBI0Vg==|AAAA|AAAA")), "a bare key": set(make([]byte, 32)),
}

func setByte(offset int, to byte) func(any) any {
	return func(v any) any {
		text, _ := v.(string)
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil || offset >= len(b) {
			return v
		}
		b[offset] = to
		return b
	}
}

// oldSealings sends the sealed keys as another suite, another version, or something else altogether.
func oldSealings(t *testing.T) {
	s := newScene(t)
	for _, place := range []field{{"sealed_account_key"}, {"sealed_identity"}, {"vaults", 0, "sealed_vault_key"}} {
		for name, change := range otherSuites {
			t.Run(place.String()[1:]+" "+name, func(t *testing.T) {
				refusedBundle(t, s, func(v any) any { return edit(v, place, change) })
			})
		}
	}
}

// oldObjects lets a device that has the keys write envelopes of other suites, made by the book. Other devices do not open them.
func oldObjects(t *testing.T) {
	s := newScene(t)
	a := s.accomplice(t)
	plaintext := a.plaintext(t, s.items[0])
	for name, change := range map[string]func(header []byte){
		"suite 0":         func(h []byte) { h[4] = 0 },
		"suite 2":         func(h []byte) { h[4] = 2 },
		"version 2":       func(h []byte) { h[3] = '2' },
		"another purpose": func(h []byte) { h[5] = 4 },
		"another epoch":   func(h []byte) { h[9] = 9 },
		"another key":     func(h []byte) { h[12] ^= 1 },
	} {
		t.Run(name, func(t *testing.T) {
			object := id.New()
			l := newLiar(t, s.server)
			a.deliver(t, l, object, a.seal(t, object, 1, plaintext, change))
			b := s.pcB.Copy(t, l).Unlock(t)
			defer b.Lock()
			testpc.Sync(t, b)
			if _, ok := testpc.Contents(t, b)[object]; ok {
				t.Error("it was opened")
			}
		})
	}
	// The book is right: in the suite that there is, the same envelope opens.
	object := id.New()
	a.push(t, object, a.seal(t, object, 1, plaintext, func([]byte) {}))
	b := s.pcB.Unlock(t)
	defer b.Lock()
	testpc.Sync(t, b)
	if testpc.Contents(t, b)[object] == "" {
		t.Error("the test's own envelope does not open")
	}
}

// loseKeys alters and drops every field of the key bundle.
func loseKeys(t *testing.T) {
	s := newScene(t)
	bundle := bundleOf(t, s)
	for _, f := range fields(bundle, nil) {
		if f[0] == "email" { // informs people; nothing is derived from it
			continue
		}
		for name, change := range map[string]func(any) any{"altered": alter, "missing": null} {
			t.Run(f.String()[1:]+" "+name, func(t *testing.T) {
				refusedBundle(t, s, func(v any) any { return edit(v, f, change) })
			})
		}
	}
	for name := range bundle {
		if name == "email" {
			continue
		}
		t.Run(name+" null", func(t *testing.T) {
			refusedBundle(t, s, func(v any) any { return edit(v, field{name}, null) })
		})
	}
}

// loseKeysLater answers an enrolled device with nothing, wherever it asks. It keeps the keys that it has.
func loseKeysLater(t *testing.T) {
	s := newScene(t)
	for _, path := range []string{"/signin/challenge", "/signin/prove", "/account/log", "/changes"} {
		for _, body := range []string{"null", "{}", `{"entries":null,"head":null,"session":null}`} {
			t.Run(path[1:]+" "+body, func(t *testing.T) {
				l := newLiar(t, s.server)
				if strings.HasPrefix(path, "/signin/") {
					l.speak(endSession(true))
				}
				l.lie(func(p string, honest []byte) []byte {
					if strings.HasSuffix(p, path) {
						return []byte(body)
					}
					return honest
				})
				if err := s.existingThrough(t, l); err == nil {
					t.Error("not noticed")
				}
				for _, a := range l.requests() {
					if a.method == "POST" && !strings.Contains(a.path, "/signin/") && !strings.Contains(a.path, "/sessions/") {
						t.Errorf("the client sent something of its own: %s", a)
					}
				}
			})
		}
	}
}

func last(asks []ask) ask {
	if len(asks) == 0 {
		return ask{}
	}
	return asks[len(asks)-1]
}
