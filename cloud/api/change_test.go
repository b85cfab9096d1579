package api_test

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud/mail"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
)

func (d *device) bundle() (out wire.KeyBundle) {
	d.t.Helper()
	d.call("GET", "/v1/account/keys", nil, &out).ok(d.t)
	return out
}

func (u *user) waitSubject(part string) mail.Received {
	u.t.Helper()
	return u.server.WaitMail(u.t, u.email, func(m mail.Received) bool { return strings.Contains(m.Subject, part) })
}

// A change of password: the old login key is worth nothing from then on, the new one signs in. Everything else stays.
func TestChangeOfPassword(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	phone := u.enrol("Phone")
	old := u.login
	u.first.change().password().send().ok(t)
	if told := u.waitSubject("keys"); !strings.Contains(told.Text, u.first.name) {
		t.Errorf("the mail does not say which device: %s", told.Text)
	}
	u.first.proved()
	phone.proved()
	var found wire.LookedUp
	u.post("/v1/signin/lookup", wire.Lookup{Tag: u.tag}, &found).ok(t)
	b := phone.bundle()
	if found.Generation != 2 || b.Generation != 2 || !bytes.Equal(b.SealedAccount, u.sealed.account) || b.Wrap != nil || b.SealedRecovery != nil {
		t.Errorf("generations %d and %d", found.Generation, b.Generation)
	}
	phone.wantAccess(phone.session.AccessToken, 200)
	u.login = old
	u.first.wantProof(t, 401, wire.CodeProofFailed)
}

// A new Secret Key reaches the other devices in their wraps, and its tag finds the account; the old one finds nobody.
func TestChangeOfSecretKey(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	phone := u.enrol("Phone")
	old := u.tag
	c := u.first.change().secretKey()
	c.send().ok(t)
	if w := phone.bundle().Wrap; w == nil || !bytes.Equal(w.Wrap, c.Wraps[0].Wrap.Wrap) || !bytes.Equal(w.Signature, c.Wraps[0].Signature) {
		t.Errorf("wrap of the phone: %+v", w)
	}
	if u.first.bundle().Wrap != nil {
		t.Error("the device that made the change has a wrap")
	}
	// A change of password after it does not take the wrap from a device that was away.
	u.first.change().password().send().ok(t)
	if phone.bundle().Wrap == nil {
		t.Error("the phone's wrap is gone")
	}
	for tag, want := range map[string]bool{string(old): false, string(u.tag): true} {
		var found wire.LookedUp
		u.post("/v1/signin/lookup", wire.Lookup{Tag: []byte(tag)}, &found).ok(t)
		if got := found.AccountID == u.account.String(); got != want {
			t.Errorf("tag finds the account: %v, want %v", got, want)
		}
	}
}

// A revocation with its rotation: the device is out at once, everybody else goes on under new keys.
func TestRevocation(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	phone, tablet := u.enrol("Phone"), u.enrol("Tablet")
	phone.push(phone.put(64, id.New())).ok(t)
	listening, out := tablet.listen(t), phone.listen(t)
	before := u.sealed
	u.first.revoke(phone)
	out.wantEnd()
	if e := listening.any(); e.Vault != "" || e.Seq == 0 {
		t.Errorf("event %+v, want the log's", e)
	}
	if e := listening.any(); !e.Devices {
		t.Errorf("event %+v, want devices", e)
	}
	phone.call("GET", phone.vaultPath("/head"), nil, nil).want(t, 401, wire.CodeSessionEnded)
	phone.wantRefresh(phone.session.RefreshToken, 403, wire.CodeDeviceRevoked)
	phone.wantProof(t, 403, wire.CodeDeviceRevoked)
	u.waitSubject("removed")

	b := tablet.bundle()
	last := b.Vaults[len(b.Vaults)-1]
	if len(b.Vaults) != 2 || last.Epoch != 2 || len(last.SealedPrevious) == 0 || !bytes.Equal(last.SealedVault, u.sealed.vault) || bytes.Equal(last.SealedVault, before.vault) {
		t.Errorf("vault keys %+v", b.Vaults)
	}
	if !bytes.Equal(b.SealedIdentity, u.sealed.identity) || bytes.Equal(b.SealedIdentity, before.identity) {
		t.Error("the sealed identity is not the new one")
	}
	tablet.pull()
	tablet.push(tablet.put(64, id.New())).ok(t)
	u.first.pull()
	u.first.push(u.first.put(64, id.New())).ok(t)
	var me wire.Me
	u.first.call("GET", "/v1/me", nil, &me).ok(t)
	if len(me.Devices) != 3 || !me.Devices[1].Revoked || me.Devices[2].Revoked {
		t.Errorf("me: %+v", me)
	}
}

// Who revokes must have seen all that the device wrote: what it left out would stay in the chain and stop every client.
func TestRevocationOfADeviceThatWroteMore(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	phone := u.enrol("Phone")
	phone.push(phone.put(64, id.New())).ok(t)
	r := u.first.change().rotate(phone).send()
	r.want(t, 409, wire.CodeConflict)
	if r.err.Head == nil || r.err.Head.Seq != 1 {
		t.Errorf("conflict with head %+v, want the vault's", r.err.Head)
	}
	invented := u.first.change()
	invented.at = chain.Position{Head: chain.Head{Seq: 1, Hash: chain.Hash{7}}}
	invented.rotate(phone).send().want(t, 422, wire.CodeBadEntry)
	u.first.at = chain.Position{}
	u.first.revoke(phone)
}

func TestRename(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	phone := u.enrol("Phone")
	u.waitSubject("new device")
	mails := len(s.Mails())
	c := u.first.change().enter(chain.DeviceRename{Device: phone.id, Name: "Old phone"})
	c.post().ok(t)
	c.adopt()
	var me wire.Me
	phone.call("GET", "/v1/me", nil, &me).ok(t)
	if me.Devices[1].Name != "Old phone" {
		t.Errorf("me: %+v", me.Devices)
	}
	u.first.change().password().send().ok(t)
	if u.waitSubject("keys"); len(s.Mails()) != mails+1 {
		t.Error("a rename was mailed")
	}
	u.first.change().enter(chain.DeviceRename{Device: phone.id, Name: "a\nb"}).post().want(t, 400, wire.CodeInvalid)
}

// The answer to a change may be lost: the same bytes again are fine, although the nonce is spent. Another change is not.
func TestRepeatedChange(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	phone := u.enrol("Phone")
	c, other := u.first.change().rotate(phone).prove(u.login), u.first.change().password().prove(u.login)
	c.post().ok(t)
	c.post().ok(t)
	signUp(t, s, "ben@example.org") // mails leave one after the other: those of the change are out then
	told := slices.DeleteFunc(s.Mails(), func(m mail.Received) bool { return !strings.Contains(m.Subject, "keys") })
	if len(told) != 1 {
		t.Errorf("%d mails of a change that was done once", len(told))
	}
	r := other.post()
	r.want(t, 409, wire.CodeConflict)
	if r.err.LogSeq == nil || *r.err.LogSeq != int64(c.log.Len()-1) {
		t.Errorf("conflict names log seq %v", r.err.LogSeq)
	}
}

// Whatever is wrong with a batch, nothing of it is done.
func TestChangeRefuses(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	phone, unlisted := u.enrol("Phone"), u.verified("Tablet")
	rename := chain.DeviceRename{Device: phone.id, Name: "Another"}
	revocation := func(d *device) chain.DeviceRevoke {
		return chain.DeviceRevoke{Device: d.id, Last: []chain.VaultHead{{Vault: u.vault}}}
	}
	password := func() *changing { return u.first.change().password() }
	rotation := func() *changing { return u.first.change().rotate() }
	for name, c := range map[string]struct {
		change *changing
		spoil  func(*wire.AccountChange) // before the proof
		status int
		code   wire.Code
	}{
		"no entry":                       {u.first.change(), nil, 400, wire.CodeInvalid},
		"too many entries":               {rotation(), func(c *wire.AccountChange) { c.Entries = make([]wire.SignedEntry, 257) }, 400, wire.CodeInvalid},
		"no CBOR":                        {rotation(), func(c *wire.AccountChange) { c.Entries[1].Entry = []byte{0xff} }, 422, wire.CodeBadEntry},
		"a device of an unlisted device": {unlisted.change().password(), nil, 403, wire.CodeDeviceUnlisted},
		"revocation alone":               {u.first.change().enter(revocation(phone)), nil, 422, wire.CodeBadEntry},
		"revocation with a password":     {u.first.change().enter(revocation(phone)), func(c *wire.AccountChange) { c.Entries = append(c.Entries, password().Entries...) }, 422, wire.CodeBadEntry},
		"revocation of oneself":          {phone.change().rotate(phone), nil, 422, wire.CodeBadEntry},
		"revocation after the rotation":  {rotation().enter(revocation(phone)), nil, 422, wire.CodeBadEntry},
		"rename with a password":         {u.first.change().enter(rename).password(), nil, 422, wire.CodeBadEntry},
		"another device":                 {u.first.change().enter(unlisted.entry()).rotate(), nil, 422, wire.CodeBadEntry},
		"another address":                {u.first.change().enter(chain.EmailChange{Email: chain.Hash{1}}).password(), nil, 422, wire.CodeBadEntry},
		"identity alone":                 {u.first.change().newIdentity(), nil, 422, wire.CodeBadEntry},
		"rotation without vault keys":    {u.first.change().newIdentity().newCode().secretKeyWithoutWraps().wraps(), nil, 422, wire.CodeBadEntry},
		"rotation without an identity":   {u.first.change().password().newEpoch(), nil, 422, wire.CodeBadEntry},
		"rotation without credentials":   {u.first.change().newIdentity().newEpoch(), nil, 422, wire.CodeBadEntry},
		"an epoch twice":                 {u.first.change().newIdentity().newCode().secretKeyWithoutWraps().newEpoch().newEpoch().wraps(), nil, 422, wire.CodeBadEntry},
		"two credentials":                {password().password(), nil, 422, wire.CodeBadEntry},
		"half a batch":                   {rotation(), func(c *wire.AccountChange) { c.Entries = c.Entries[:2] }, 422, wire.CodeBadEntry},
		"a hole in the batch":            {rotation(), func(c *wire.AccountChange) { c.Entries = append(c.Entries[:1:1], c.Entries[2:]...) }, 422, wire.CodeBadEntry},
		"a signature changed":            {rotation(), func(c *wire.AccountChange) { c.Entries[2].Signature[3]++ }, 422, wire.CodeBadEntry},
		"another sealed account key":     {password(), func(c *wire.AccountChange) { c.SealedAccount = randomBytes(9) }, 422, wire.CodeBadEntry},
		"no sealed account key":          {password(), func(c *wire.AccountChange) { c.SealedAccount = nil }, 400, wire.CodeInvalid},
		"no tag":                         {password(), func(c *wire.AccountChange) { c.LookupTag = nil }, 400, wire.CodeInvalid},
		"a huge sealed key":              {password(), func(c *wire.AccountChange) { c.SealedAccount = randomBytes(5000) }, 400, wire.CodeInvalid},
		"another recovery sealing":       {rotation(), func(c *wire.AccountChange) { c.SealedRecovery = randomBytes(9) }, 422, wire.CodeBadEntry},
		"no recovery sealing":            {rotation(), func(c *wire.AccountChange) { c.SealedRecovery, c.RecoveryTag = nil, nil }, 422, wire.CodeBadEntry},
		"no recovery tag":                {rotation(), func(c *wire.AccountChange) { c.RecoveryTag = nil }, 400, wire.CodeInvalid},
		"another sealed identity":        {rotation(), func(c *wire.AccountChange) { c.SealedIdentity = randomBytes(9) }, 422, wire.CodeBadEntry},
		"a sealed identity for nothing":  {password(), func(c *wire.AccountChange) { c.SealedIdentity = randomBytes(9) }, 400, wire.CodeInvalid},
		"another sealed vault key":       {rotation(), func(c *wire.AccountChange) { c.Vaults[0].SealedVault = randomBytes(9) }, 422, wire.CodeBadEntry},
		"another previous vault key":     {rotation(), func(c *wire.AccountChange) { c.Vaults[0].SealedPrevious = randomBytes(9) }, 422, wire.CodeBadEntry},
		"another vault":                  {rotation(), func(c *wire.AccountChange) { c.Vaults[0].VaultID = id.New().String() }, 422, wire.CodeBadEntry},
		"no vault key":                   {rotation(), func(c *wire.AccountChange) { c.Vaults = nil }, 400, wire.CodeInvalid},
		"a vault key for nothing":        {password(), func(c *wire.AccountChange) { c.Vaults = rotation().Vaults }, 400, wire.CodeInvalid},
		"keys with a rename":             {u.first.change().enter(rename), func(c *wire.AccountChange) { c.LookupTag = randomBytes(32) }, 400, wire.CodeInvalid},
		"no wrap for a device":           {rotation(), func(c *wire.AccountChange) { c.Wraps = nil }, 422, wire.CodeBadEntry},
		"a wrap twice":                   {rotation(), func(c *wire.AccountChange) { c.Wraps = append(c.Wraps, c.Wraps[0]) }, 422, wire.CodeBadEntry},
		"a wrap for another device":      {rotation(), func(c *wire.AccountChange) { c.Wraps[0].DeviceID = unlisted.id.String() }, 422, wire.CodeBadEntry},
		"a wrap at another place": {rotation(), func(c *wire.AccountChange) {
			c.Wraps[0].Wrap = u.first.change().wrapFor(phone.entry(), chain.WrapChange)
		}, 422, wire.CodeBadEntry},
		"a wrap of another kind":          {rotation(), nil, 422, wire.CodeBadEntry},
		"a wrap that is none":             {rotation(), func(c *wire.AccountChange) { c.Wraps[0].Wrap.Wrap = randomBytes(40) }, 422, wire.CodeBadEntry},
		"a wrap with a changed signature": {rotation(), func(c *wire.AccountChange) { c.Wraps[0].Signature[0]++ }, 422, wire.CodeBadEntry},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "a wrap of another kind" {
				c.change.Wraps[0].Wrap = c.change.wrapFor(phone.entry(), chain.WrapApproval)
			}
			if c.spoil != nil {
				c.spoil(&c.change.AccountChange)
			}
			c.change.prove(u.login).post().want(t, c.status, c.code)
		})
	}
	if b := u.first.bundle(); b.Generation != 1 || len(b.Vaults) != 1 || len(b.Log) != u.log.Len() || !bytes.Equal(b.SealedIdentity, u.sealed.identity) {
		t.Errorf("something of a refused change was done: generation %d, %d vault keys, %d entries", b.Generation, len(b.Vaults), len(b.Log))
	}
	u.first.revoke(phone)
}

// A change needs the master password now: a stolen session is not enough.
func TestChangeNeedsAFreshProof(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	phone := u.enrol("Phone")
	bob := signUp(t, s, "bob@example.org")
	password := func() *changing { return u.first.change().password() }
	none := password()
	none.post().want(t, 401, wire.CodeProofFailed)
	for name, c := range map[string]struct {
		prove  func() *changing
		status int
		code   wire.Code
	}{
		"another login key":        {func() *changing { return password().prove(signing.Generate()) }, 401, wire.CodeProofFailed},
		"the new login key":        {func() *changing { c := password(); return c.prove(c.login) }, 401, wire.CodeProofFailed},
		"the recovery key":         {func() *changing { return password().prove(u.recovery) }, 401, wire.CodeProofFailed},
		"the device key":           {func() *changing { return password().prove(u.first.key) }, 401, wire.CodeProofFailed},
		"the proof of another one": {func() *changing { c := password(); c.Proof = password().prove(u.login).Proof; return c }, 401, wire.CodeProofFailed},
		"another device's proof":   {func() *changing { c := password(); c.Proof = phone.change().password().prove(u.login).Proof; return c }, 401, wire.CodeProofFailed},
		"another user's nonce": {func() *changing {
			c := password()
			c.Proof = bob.first.change().password().prove(u.login).Proof
			return c
		}, 400, wire.CodeInvalid},
		"a longer life":         {func() *changing { c := password().prove(u.login); c.Proof.Expires += 1000; return c }, 400, wire.CodeInvalid},
		"a nonce of sign-in":    {func() *changing { return password().proveWith(u.login, u.first.challenge()) }, 400, wire.CodeInvalid},
		"a nonce of a recovery": {func() *changing { return password().proveWith(u.login, u.first.recoveryChallenge()) }, 400, wire.CodeInvalid},
		"a sign-in's signature": {func() *changing {
			c := password()
			p := u.first.proof(u.first.accountChallenge())
			c.Proof = &wire.FreshProof{Nonce: p.Nonce, Expires: p.Expires, Signature: p.LoginSignature}
			return c
		}, 401, wire.CodeProofFailed},
		"too late": {func() *changing { c := password().prove(u.login); s.Clock.Advance(5 * time.Minute); return c }, 400, wire.CodeInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			c.prove().post().want(t, c.status, c.code)
			u.first.session = *u.first.proved().Session // a right sign-in resets the device's count
		})
	}
	// Guessing through changes has to wait as guessing at the door has.
	for range 11 {
		password().prove(signing.Generate()).post().want(t, 401, wire.CodeProofFailed)
	}
	password().prove(u.login).post().want(t, 429, wire.CodeSlowDown)
	s.Clock.Advance(time.Second)
	password().send().ok(t)
}

// What was begun under the old password ends with it: devices that wait for their code, devices that never listed themselves,
// recoveries.
func TestChangeEndsWhatWasBegun(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	unlisted := u.verified("Unlisted")
	pending := u.newDevice("Pending")
	pending.proved()
	code := s.LastCode(t, u.email)
	recovering, _ := u.begunRecovery("Found laptop")
	listening := unlisted.listen(t)
	u.first.change().password().send().ok(t)
	listening.wantEnd()
	pending.callWithoutToken("/v1/signin/verify-device", wire.VerifyDevice{Code: code}, nil).want(t, 401, wire.CodeSessionEnded)
	unlisted.call("GET", "/v1/account/keys", nil, nil).want(t, 401, wire.CodeSessionEnded)
	unlisted.wantRefresh(unlisted.session.RefreshToken, 401, wire.CodeSessionEnded)
	recovering.openRecovery().want(t, 401, wire.CodeSessionEnded)
	var me wire.Me
	u.first.call("GET", "/v1/me", nil, &me).ok(t)
	if len(me.Devices) != 1 || me.Recovery != nil {
		t.Errorf("me: %+v", me)
	}
}

// Two devices change at once: one wins, and nothing of the other's is left.
func TestConcurrentChanges(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	phone, tablet := u.enrol("Phone"), u.enrol("Tablet")
	changes := []*changing{u.first.change().rotate(), phone.change().rotate(), tablet.change().secretKey()}
	for _, c := range changes {
		c.prove(u.login)
	}
	replies := make([]reply, len(changes))
	var wait sync.WaitGroup
	for i, c := range changes {
		wait.Go(func() { replies[i] = c.post() })
	}
	wait.Wait()
	var winner *changing
	for i, r := range replies {
		if r.status/100 != 2 {
			r.want(t, 409, wire.CodeConflict)
		} else if winner != nil {
			t.Fatal("two winners")
		} else {
			winner = changes[i]
		}
	}
	winner.adopt()
	if b := u.first.bundle(); !bytes.Equal(b.SealedAccount, u.sealed.account) || !bytes.Equal(b.SealedIdentity, u.sealed.identity) || len(b.Log) != u.log.Len() {
		t.Error("the bundle is not the winner's")
	}
	u.first.change().password().send().ok(t)
}

func TestEndOtherSessions(t *testing.T) {
	s := testkit.Cloud(t)
	u, bob := signUp(t, s, "ada@example.org"), signUp(t, s, "bob@example.org")
	phone := u.enrol("Phone")
	listening, own := phone.listen(t), u.first.listen(t)
	entry := u.first.next(chain.SignOut{Device: u.first.id})
	u.first.endOthers(entry).ok(t)
	if e := listening.any(); !e.SignedOut {
		t.Errorf("event %+v, want signed_out", e)
	}
	listening.wantEnd()
	phone.wantAccess(phone.session.AccessToken, 401)
	phone.wantRefresh(phone.session.RefreshToken, 401, wire.CodeSessionEnded)
	u.first.push(u.first.put(64, id.New())).ok(t)
	if e := own.any(); e.SignedOut || e.Seq != 1 {
		t.Errorf("event %+v, want the vault's", e)
	}
	bob.first.wantAccess(bob.first.session.AccessToken, 200)
	var page wire.LogPage
	send(t, phone.request("GET", "/v1/sessions/log?since=4", nil, nil), &page).ok(t)
	if len(page.Entries) != 1 || !bytes.Equal(page.Entries[0].Entry, entry.Entry) {
		t.Errorf("a device without a session reads %+v", page)
	}
	if err := u.log.Append(entry); err != nil {
		t.Fatal(err)
	}
	if _, head := u.log.Head(); !bytes.Equal(page.HeadHash, head[:]) || page.HeadSeq != 5 {
		t.Errorf("the head is %d %x", page.HeadSeq, page.HeadHash)
	}
	phone.proved()
	u.first.endOthers(entry).ok(t) // its answer was lost
	phone.wantAccess(phone.session.AccessToken, 401)
}

func TestEndOtherSessionsRefuses(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	phone, tablet := u.enrol("Phone"), u.verified("Tablet")
	u.first.endOthers(u.first.next(chain.SignOut{Device: phone.id})).want(t, 422, wire.CodeBadEntry)
	u.first.endOthers(u.first.next(chain.DeviceRename{Device: u.first.id, Name: "x"})).want(t, 422, wire.CodeBadEntry)
	tablet.endOthers(u.first.next(chain.SignOut{Device: tablet.id})).want(t, 403, wire.CodeDeviceUnlisted)
	u.first.appendLog(chain.SignOut{Device: u.first.id}).want(t, 422, wire.CodeBadEntry)
	phone.wantAccess(phone.session.AccessToken, 200)
	stale := u.first.next(chain.SignOut{Device: u.first.id})
	u.enrol("Laptop")
	u.first.endOthers(stale).want(t, 409, wire.CodeConflict)
}

func (d *device) endOthers(e chain.SignedEntry) reply {
	d.t.Helper()
	r := d.call("POST", "/v1/sessions/end-others", wire.LogAppend{SignedEntry: wire.SignedEntry{Entry: e.Entry, Signature: e.Signature}}, nil)
	return r
}
