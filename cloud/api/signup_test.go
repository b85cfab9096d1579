package api_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud/mail"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
)

func (u *user) startSignup() wire.SignupStarted {
	u.t.Helper()
	var out wire.SignupStarted
	u.post("/v1/signup/start", wire.SignupStart{Email: u.email}, &out).ok(u.t)
	return out
}

func TestSignupCode(t *testing.T) {
	s := testkit.Cloud(t)
	u := newUser(t, s, "ada@example.org")
	started := u.startSignup()
	code := s.LastCode(t, u.email)
	for left := 4; left >= 3; left-- {
		r := u.post("/v1/signup/verify", wire.SignupVerify{SignupID: started.SignupID, Code: "0000-0000"}, nil)
		r.want(t, 403, wire.CodeCodeWrong)
		if r.err.TriesLeft == nil || *r.err.TriesLeft != left {
			t.Fatalf("tries left %v, want %d", r.err.TriesLeft, left)
		}
	}
	// People type codes in their own way.
	typed := " " + strings.ToLower(strings.ReplaceAll(code, "-", "")) + " "
	var first, again wire.SignupVerified
	u.post("/v1/signup/verify", wire.SignupVerify{SignupID: started.SignupID, Code: typed}, &first).ok(t)
	// The answer was lost.
	u.post("/v1/signup/verify", wire.SignupVerify{SignupID: started.SignupID, Code: code}, &again).ok(t)
	if len(first.Token) != 32 || !bytes.Equal(first.Token, again.Token) {
		t.Errorf("tokens of %d and %d bytes, or not the same", len(first.Token), len(again.Token))
	}
	u.first.callWithoutToken("/v1/signup/finish", u.finish(again.Token), nil).ok(t)
	u.post("/v1/signup/verify", wire.SignupVerify{SignupID: started.SignupID, Code: code}, nil).want(t, 403, wire.CodeCodeExpired)
}

// To ask for the token again does not make it live longer.
func TestSignupTokenIsNotProlonged(t *testing.T) {
	s := testkit.Cloud(t)
	u := newUser(t, s, "ada@example.org")
	in := wire.SignupVerify{SignupID: u.startSignup().SignupID, Code: s.LastCode(t, u.email)}
	var out wire.SignupVerified
	u.post("/v1/signup/verify", in, &out).ok(t)
	s.Clock.Advance(9 * time.Minute)
	u.post("/v1/signup/verify", in, &out).ok(t)
	s.Clock.Advance(51 * time.Minute)
	u.first.callWithoutToken("/v1/signup/finish", u.finish(out.Token), nil).want(t, 403, wire.CodeCodeExpired)
}

func TestSignupCodeRunsOut(t *testing.T) {
	s := testkit.Cloud(t)
	u := newUser(t, s, "ada@example.org")

	tried := u.startSignup()
	code := s.LastCode(t, u.email)
	for range 5 {
		u.post("/v1/signup/verify", wire.SignupVerify{SignupID: tried.SignupID, Code: "0000-0000"}, nil).want(t, 403, wire.CodeCodeWrong)
	}
	u.post("/v1/signup/verify", wire.SignupVerify{SignupID: tried.SignupID, Code: code}, nil).want(t, 403, wire.CodeCodeExpired)

	late := u.startSignup()
	code = s.LastCode(t, u.email)
	s.Clock.Advance(10 * time.Minute)
	u.post("/v1/signup/verify", wire.SignupVerify{SignupID: late.SignupID, Code: code}, nil).want(t, 403, wire.CodeCodeExpired)

	u.post("/v1/signup/verify", wire.SignupVerify{SignupID: "no such sign-up", Code: code}, nil).want(t, 403, wire.CodeCodeExpired)
}

// An address with an account gets another mail, and whoever asks gets the same answer.
func TestSignupOfKnownAddress(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	started := u.startSignup()
	if started.SignupID == "" || started.Expires == 0 {
		t.Errorf("answer %+v tells that the address is known", started)
	}
	notice := s.WaitMail(t, u.email, func(m mail.Received) bool { return strings.Contains(m.Subject, "already have") })
	if strings.Contains(notice.Text, "code") {
		t.Errorf("the notice speaks of a code: %s", notice.Text)
	}
	r := u.post("/v1/signup/verify", wire.SignupVerify{SignupID: started.SignupID, Code: "0000-0000"}, nil)
	r.want(t, 403, wire.CodeCodeWrong)
}

func TestSignupMailsAreCapped(t *testing.T) {
	s := testkit.Cloud(t)
	u, other := newUser(t, s, "ada@example.org"), newUser(t, s, "bob@example.org")
	for range 10 {
		u.startSignup()
	}
	r := u.post("/v1/signup/start", wire.SignupStart{Email: " ADA@example.org"}, nil)
	r.want(t, 429, wire.CodeSlowDown)
	if r.err.RetryAfter < 1 || r.err.RetryAfter > 24*60*60 {
		t.Errorf("retry after %d s", r.err.RetryAfter)
	}
	other.startSignup()
	s.Clock.Advance(24 * time.Hour)
	u.startSignup()
}

func TestSignupTokenServesOnce(t *testing.T) {
	s := testkit.Cloud(t)
	u := newUser(t, s, "ada@example.org")
	token := u.signupToken()
	u.first.callWithoutToken("/v1/signup/finish", u.finish(randomBytes(32)), nil).want(t, 403, wire.CodeCodeExpired)
	u.first.callWithoutToken("/v1/signup/finish", u.finish(token), nil).ok(t)
	u.first.callWithoutToken("/v1/signup/finish", u.finish(token), nil).want(t, 403, wire.CodeCodeExpired)

	late := newUser(t, s, "late@example.org")
	token = late.signupToken()
	s.Clock.Advance(time.Hour)
	late.first.callWithoutToken("/v1/signup/finish", late.finish(token), nil).want(t, 403, wire.CodeCodeExpired)
}

// Two sign-ups of one address run side by side: the second to finish is told, since it has proved the mailbox.
func TestSignupTaken(t *testing.T) {
	s := testkit.Cloud(t)
	u, again := newUser(t, s, "ada@example.org"), newUser(t, s, "ada@example.org")
	token, second := u.signupToken(), again.signupToken()
	u.first.callWithoutToken("/v1/signup/finish", u.finish(token), nil).ok(t)
	again.first.callWithoutToken("/v1/signup/finish", again.finish(second), nil).want(t, 409, wire.CodeConflict)

	// Nothing of the refused one is left: another address may have its account id.
	again.email = "grace@example.org"
	var out wire.SignupFinished
	again.first.callWithoutToken("/v1/signup/finish", again.finish(again.signupToken()), &out).ok(t)
}

func TestSignupRefusesWhatDoesNotFit(t *testing.T) {
	s := testkit.Cloud(t)
	u := newUser(t, s, "ada@example.org")
	token := u.signupToken()
	other := newUser(t, s, "bob@example.org")
	for name, c := range map[string]struct {
		change func(*wire.SignupFinish)
		status int
		code   wire.Code
	}{
		"another sealed account key": {func(in *wire.SignupFinish) { in.SealedAccount = randomBytes(200) }, 422, wire.CodeBadEntry},
		"another recovery sealing":   {func(in *wire.SignupFinish) { in.SealedRecovery = randomBytes(200) }, 422, wire.CodeBadEntry},
		"no recovery sealing":        {func(in *wire.SignupFinish) { in.SealedRecovery, in.RecoveryTag = nil, nil }, 422, wire.CodeBadEntry},
		"no recovery tag":            {func(in *wire.SignupFinish) { in.RecoveryTag = nil }, 400, wire.CodeInvalid},
		"another receive key": {func(in *wire.SignupFinish) {
			key := newReceiveKey()
			in.Device.ReceiveKey = key[:]
		}, 422, wire.CodeBadEntry},
		"a key that cannot receive": {func(in *wire.SignupFinish) { in.Device.ReceiveKey = randomBytes(1216) }, 400, wire.CodeInvalid},
		"no receive key":            {func(in *wire.SignupFinish) { in.Device.ReceiveKey = nil }, 400, wire.CodeInvalid},
		"another sealed identity":   {func(in *wire.SignupFinish) { in.SealedIdentity = randomBytes(300) }, 422, wire.CodeBadEntry},
		"another sealed vault key":  {func(in *wire.SignupFinish) { in.SealedVault = randomBytes(200) }, 422, wire.CodeBadEntry},
		"another vault":             {func(in *wire.SignupFinish) { in.VaultID = id.New().String() }, 422, wire.CodeBadEntry},
		"another device name":       {func(in *wire.SignupFinish) { in.Device.Name = "Tablet" }, 422, wire.CodeBadEntry},
		"three entries":             {func(in *wire.SignupFinish) { in.Log = in.Log[:3] }, 422, wire.CodeBadEntry},
		"no entries":                {func(in *wire.SignupFinish) { in.Log = nil }, 422, wire.CodeBadEntry},
		"another's log":             {func(in *wire.SignupFinish) { in.Log = other.finish(nil).Log }, 422, wire.CodeBadEntry},
		"a signature changed":       {func(in *wire.SignupFinish) { in.Log[2].Signature[7]++ }, 422, wire.CodeBadEntry},
		"a short tag":               {func(in *wire.SignupFinish) { in.LookupTag = randomBytes(31) }, 400, wire.CodeInvalid},
		"an empty sealed key":       {func(in *wire.SignupFinish) { in.SealedAccount = nil }, 400, wire.CodeInvalid},
		"a huge sealed key":         {func(in *wire.SignupFinish) { in.SealedIdentity = randomBytes(9000) }, 400, wire.CodeInvalid},
		"a name with a line break":  {func(in *wire.SignupFinish) { in.Device.Name = "a\nb" }, 400, wire.CodeInvalid},
		"a weak device key":         {func(in *wire.SignupFinish) { in.Device.PublicKey = make([]byte, 32) }, 400, wire.CodeInvalid},
		"another device's key":      {func(in *wire.SignupFinish) { key := signing.Generate().Public(); in.Device.PublicKey = key[:] }, 401, wire.CodeSessionEnded},
	} {
		t.Run(name, func(t *testing.T) {
			in := u.finish(token)
			for i, e := range in.Log {
				in.Log[i].Signature = append([]byte(nil), e.Signature...)
			}
			c.change(&in)
			u.first.callWithoutToken("/v1/signup/finish", in, nil).want(t, c.status, c.code)
		})
	}
	// None of them used up the token or left anything behind.
	u.first.callWithoutToken("/v1/signup/finish", u.finish(token), nil).ok(t)
}

// The credentials of the log decide how the account signs in: what nobody could sign in with is refused.
func TestSignupRefusesCredentials(t *testing.T) {
	s := testkit.Cloud(t)
	for name, change := range map[string]func(*chain.Credentials){
		"weak login key":    func(c *chain.Credentials) { c.Login = signing.PublicKey{1} },
		"no profile":        func(c *chain.Credentials) { c.Profile = "" },
		"strange profile":   func(c *chain.Credentials) { c.Profile = "P2\"" },
		"weak recovery key": func(c *chain.Credentials) { c.Recovery = signing.PublicKey{1} },
	} {
		t.Run(name, func(t *testing.T) {
			u := newUser(t, s, "ada@example.org")
			c := u.credentials(1)
			change(&c)
			genesis := u.log.Entries(-1)[0]
			u.log = chain.NewLog(u.account)
			if err := u.log.Append(genesis); err != nil {
				t.Fatal(err)
			}
			u.append(c)
			u.append(u.first.entry())
			u.append(chain.VaultEpoch{Vault: u.vault, Epoch: 1, SealedKey: chain.SealedKeyHash(u.sealed.vault)})
			u.first.callWithoutToken("/v1/signup/finish", u.finish(randomBytes(32)), nil).want(t, 422, wire.CodeBadEntry)
		})
	}
}

func TestSignupAddresses(t *testing.T) {
	s := testkit.Cloud(t)
	u := newUser(t, s, "ada@example.org")
	for _, address := range []string{"", "ada", "ada@", "@example.org", "Ada <ada@example.org>", "a@b\r\nBcc: c@d", "a b@example.org", "a@b@c", strings.Repeat("a", 250) + "@b.cd"} {
		u.post("/v1/signup/start", wire.SignupStart{Email: address}, nil).want(t, 400, wire.CodeInvalid)
	}
}
