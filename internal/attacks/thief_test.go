package attacks

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/sync/enrol"
	"github.com/coffer-vault/coffer/sync/remote"
	"github.com/coffer-vault/coffer/sync/wire"
)

// What thieves can do at an honest server: rows 19 and 26.
func init() {
	register("19", fresh, "codes sprayed with password and Secret Key", sprayCodes)
	register("19", fresh, "everything asked for before the code", askBeforeCode)
	register("19", fresh, "the code of another device key", useAnothersCode)
	register("26", existing, "requests repeated as they were", replayRequests)
	register("26", existing, "tokens used with another key", useTokensElsewhere)
	register("26", existing, "a refresh token used by thief and owner", reuseRefreshToken)
}

// thief signs in with the right password and Secret Key, without the mailbox.
func thief(t *testing.T, s *scene) *session.SignIn {
	t.Helper()
	signIn, err := testpc.New(t, "thief", nil).BeginSignIn(t.Context(), s.server.URL, email, testpc.Typed(testpc.Password), s.a.SecretKey())
	if err != nil {
		t.Fatal(err)
	}
	return signIn
}

// mostGuesses is what a day has at most: ten codes of five tries.
const mostGuesses = 50

// sprayCodes guesses codes until the server has none left for the day.
func sprayCodes(t *testing.T) {
	s := newScene(t)
	s.server.Clock.Advance(25 * time.Hour)
	guesses := 0
	var slow *session.SlowDownError
	var err error
	for guesses <= mostGuesses {
		var signIn *session.SignIn
		pc := testpc.New(t, "thief", nil)
		if signIn, err = pc.BeginSignIn(t.Context(), s.server.URL, email, testpc.Typed(testpc.Password), s.a.SecretKey()); err != nil {
			break
		}
		for guesses <= mostGuesses {
			var wrong *session.CodeError
			if err = signIn.Verify(t.Context(), fmt.Sprintf("%08d", guesses)); !errors.As(err, &wrong) {
				break
			}
			guesses++
		}
		if !errors.Is(err, session.ErrCodeExpired) {
			break
		}
	}
	if !errors.As(err, &slow) || guesses > mostGuesses {
		t.Errorf("%d guesses on one day, then %v", guesses, err)
	}
}

// askBeforeCode asks for everything that an account has, signed by the device that waits for its code.
func askBeforeCode(t *testing.T) {
	s := newScene(t)
	client, err := remote.NewClient(s.server.URL, nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	device := enrol.NewDevice("thief", "linux")
	waiting := remote.Signer{Account: s.a.Account().ID, Device: device.ID, Key: device.Key}
	proved, err := client.Prove(t.Context(), waiting, keyFrom(t, s.secrets["login seed"]), email, "", device.Wire())
	if err != nil || proved.Session != nil {
		t.Fatal("a device that waits was expected: ", err)
	}
	askEverything(t, s, waiting, secret.Random(32).Reveal())
	askEverything(t, s, waiting, []byte{})
}

// askEverything expects that no question about the account is answered.
func askEverything(t *testing.T, s *scene, who remote.Signer, token []byte) {
	t.Helper()
	vaultID := logOf(t, s.pcB).Vaults()[0]
	client, err := remote.NewClient(s.server.URL, nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	tokens := wire.Session{AccessToken: token, AccessExpires: time.Now().Add(time.Hour).UnixMilli()}
	asker := client.Session(who, tokens, remote.Hooks{Keep: func(wire.Session) error { return nil }})
	for name, ask := range map[string]func() error{
		"keys":    func() error { _, err := asker.Keys(t.Context()); return err },
		"log":     func() error { _, err := asker.Log(t.Context(), 0); return err },
		"me":      func() error { _, err := asker.Me(t.Context()); return err },
		"vaults":  func() error { _, err := asker.Vaults(t.Context()); return err },
		"head":    func() error { _, err := asker.Head(t.Context(), vaultID); return err },
		"changes": func() error { _, err := asker.Changes(t.Context(), vaultID, 0); return err },
		"objects": func() error { _, err := asker.Objects(t.Context(), vaultID, ""); return err },
		"fetch":   func() error { _, err := asker.Fetch(t.Context(), vaultID, s.items); return err },
		"push":    func() error { _, err := asker.Push(t.Context(), vaultID, wire.Push{}); return err },
		"events":  func() error { return asker.Events(t.Context(), func() error { return errors.New("a stream") }, nil) },
	} {
		var answer *wire.Error
		if err := ask(); !errors.As(err, &answer) {
			t.Errorf("%s was answered: %v", name, err)
		}
	}
}

// useAnothersCode uses a code that was mailed for one device with the key of another.
func useAnothersCode(t *testing.T) {
	s := newScene(t)
	s.server.Clock.Advance(25 * time.Hour)
	victim := thief(t, s) // a sign-in like any other: its owner gets the code
	code := s.server.LastCode(t, email)
	if err := thief(t, s).Verify(t.Context(), code); err == nil {
		t.Error("the code served another device")
	}
	if err := victim.Verify(t.Context(), code); err != nil {
		t.Errorf("the code does not serve its own device any more: %v", err)
	}
}

// ownRequests are what device B sends while it edits and syncs, seen by somebody who reads its traffic.
func ownRequests(t *testing.T, s *scene) []ask {
	t.Helper()
	l := newLiar(t, s.server)
	b := s.pcB.Copy(t, l).Unlock(t)
	testpc.Save(t, b, canaryItem())
	testpc.Sync(t, b)
	b.Lock()
	return l.arrivals()
}

// replay sends a request again, with changes to its headers, and returns the status: the stream of events has no end.
func replay(t *testing.T, s *scene, a ask, change func(http.Header)) (status int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), a.method, s.server.URL+a.path, bytes.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = a.header.Clone()
	change(req.Header)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

func replayRequests(t *testing.T) {
	s := newScene(t)
	for _, a := range ownRequests(t, s) {
		if status := replay(t, s, a, func(http.Header) {}); status/100 == 2 {
			t.Errorf("%s was answered a second time", a)
		}
		if status := replay(t, s, a, func(h http.Header) { h.Set(wire.HeaderNonce, strings.Repeat("ab", 16)) }); status/100 == 2 {
			t.Errorf("%s was answered under another nonce", a)
		}
		if status := replay(t, s, a, func(h http.Header) { h.Del(wire.HeaderSignature) }); status/100 == 2 {
			t.Errorf("%s was answered without a signature", a)
		}
	}
}

// tokenOf is the access token of a request.
func tokenOf(t *testing.T, asks []ask) []byte {
	t.Helper()
	for _, a := range asks {
		if text, ok := strings.CutPrefix(a.header.Get("Authorization"), "Bearer "); ok {
			token, err := base64.RawURLEncoding.DecodeString(text)
			if err != nil {
				t.Fatal(err)
			}
			return token
		}
	}
	t.Fatal("no request had a token")
	return nil
}

// useTokensElsewhere signs with a key of the thief's own, as the device whose token it is and as another.
func useTokensElsewhere(t *testing.T) {
	s := newScene(t)
	asks := ownRequests(t, s)
	token := tokenOf(t, asks)
	device, err := id.Parse(last(asks).header.Get(wire.HeaderDevice))
	if err != nil {
		t.Fatal(err)
	}
	for _, who := range []id.ID{device, logOf(t, s.pcB).Devices()[0].Device, id.New()} {
		askEverything(t, s, remote.Signer{Account: s.a.Account().ID, Device: who, Key: signing.Generate()}, token)
	}
}

// reuseRefreshToken renews a session with a token that its owner has used up since: somebody has a copy of the device, and the
// session ends for both.
func reuseRefreshToken(t *testing.T) {
	s := newScene(t)
	a := s.accomplice(t)
	refresh := func(token []byte) (got wire.Session, err error) {
		session := a.client.Session(a.signer, wire.Session{RefreshToken: token}, remote.Hooks{Keep: func(fresh wire.Session) error {
			got = fresh
			return nil
		}})
		_, err = session.Me(t.Context())
		return got, err
	}
	second, err := refresh(a.tokens.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	third, err := refresh(second.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := refresh(a.tokens.RefreshToken); err == nil {
		t.Error("a refresh token that was used up served again")
	}
	if _, err := refresh(third.RefreshToken); err == nil {
		t.Error("the session went on after a copy of its token had shown up")
	}
}
