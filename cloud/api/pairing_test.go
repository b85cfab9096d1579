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

// newcomer is a new device that asks to be taken in. It knows an address and no account.
type newcomer struct {
	*device
	pairing    id.ID
	r          []byte
	commitment []byte
	email      string
}

func newcomerTo(u *user, name string) *newcomer {
	stranger := *u
	stranger.account = id.ID{}
	d := stranger.newDevice(name)
	return &newcomer{device: d, pairing: id.New(), r: randomBytes(32), commitment: randomBytes(32), email: u.email}
}

func (n *newcomer) request() wire.PairingStart {
	return wire.PairingStart{PairingID: n.pairing.String(), Email: n.email, Device: n.wire(), Commitment: n.commitment}
}

func (n *newcomer) start() reply {
	n.t.Helper()
	return n.callWithoutToken("/v1/pairings/start", n.request(), nil)
}

func (n *newcomer) poll(known wire.PairingState) (out wire.PairingPolled) {
	n.t.Helper()
	n.callWithoutToken("/v1/pairings/poll", wire.PairingPoll{PairingID: n.pairing.String(), Known: known}, &out).ok(n.t)
	return out
}

func (n *newcomer) reveal() reply {
	n.t.Helper()
	return n.callWithoutToken("/v1/pairings/reveal", wire.PairingReveal{PairingID: n.pairing.String(), R: n.r}, nil)
}

func (d *device) pairings() []wire.Pairing {
	d.t.Helper()
	var out wire.Pairings
	d.call("GET", "/v1/pairings", nil, &out).ok(d.t)
	return out.Pairings
}

func (d *device) answer(n *newcomer, nonce []byte) reply {
	d.t.Helper()
	return d.call("POST", "/v1/pairings/answer", wire.PairingAnswer{PairingID: n.pairing.String(), Nonce: nonce}, nil)
}

func (d *device) refuse(n *newcomer) reply {
	d.t.Helper()
	return d.call("POST", "/v1/pairings/refuse", wire.PairingRefuse{PairingID: n.pairing.String()}, nil)
}

// approval lists the newcomer and wraps for it; it has no proof yet.
func (d *device) approval(n *newcomer) *changing {
	d.t.Helper()
	entry := n.entry()
	entry.Approver = d.id
	c := d.change().enter(entry)
	c.Wraps = []wire.DeviceWrap{{DeviceID: n.id.String(), Wrap: c.wrapFor(entry, chain.WrapApproval)}}
	c.PairingID = n.pairing.String()
	return c
}

// approve is an approval as an honest device sends it.
func (d *device) approve(n *newcomer) reply {
	d.t.Helper()
	c := d.approval(n).proveApproval(d.login, n)
	r := c.post()
	if r.status/100 == 2 {
		c.adopt()
	}
	return r
}

func TestPairing(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	tablet := u.enrol("Tablet")
	listening := u.first.listen(t)
	n := newcomerTo(u, "New <PC>")
	n.start().ok(t)
	if e := listening.any(); !e.Pairing {
		t.Errorf("event %+v, want a pairing", e)
	}
	if first := n.poll(""); first.State != wire.PairingWaiting || first.AccountID != "" {
		t.Errorf("polled %+v", first)
	}
	n.reveal().want(t, 400, wire.CodeInvalid) // before the answer it would tell the server everything
	open := tablet.pairings()
	if len(open) != 1 || open[0].PairingID != n.pairing.String() || open[0].Device.Name != "New <PC>" || !bytes.Equal(open[0].Device.ReceiveKey, n.receive[:]) {
		t.Fatalf("pairings %+v", open)
	}

	nonce := randomBytes(32)
	u.first.answer(n, nonce).ok(t)
	u.first.answer(n, nonce).ok(t) // the answer was lost
	u.first.answer(n, randomBytes(32)).want(t, 409, wire.CodeConflict)
	tablet.answer(n, randomBytes(32)).want(t, 409, wire.CodeConflict)
	key := u.first.key.Public()
	answered := n.poll(wire.PairingWaiting)
	if answered.State != wire.PairingAnswered || answered.AccountID != u.account.String() || answered.ApproverID != u.first.id.String() ||
		!bytes.Equal(answered.ApproverKey, key[:]) || !bytes.Equal(answered.Nonce, nonce) || answered.Approval != nil {
		t.Errorf("polled %+v", answered)
	}

	n.reveal().ok(t)
	n.reveal().ok(t)
	for d, want := range map[*device][]byte{u.first: n.r, tablet: nil} {
		var got wire.Pairing
		d.call("GET", "/v1/pairings/"+n.pairing.String(), nil, &got).ok(t)
		if !bytes.Equal(got.R, want) || !bytes.Equal(d.pairings()[0].R, want) {
			t.Errorf("%s sees %x", d.name, got.R)
		}
	}
	n.r = randomBytes(32)
	n.reveal().want(t, 409, wire.CodeConflict)

	tablet.approve(n).want(t, 404, wire.CodeNotFound) // it did not answer
	c := u.first.approval(n).proveApproval(u.login, n)
	c.post().ok(t)
	c.post().ok(t) // the answer was lost
	c.adopt()
	done := n.poll(wire.PairingAnswered)
	if done.State != wire.PairingApproved || !bytes.Equal(done.Approval.Wrap, c.Wraps[0].Wrap.Wrap) || !bytes.Equal(done.Approval.Signature, c.Wraps[0].Signature) {
		t.Errorf("polled %+v", done)
	}
	s.WaitMail(t, u.email, func(m mail.Received) bool {
		return strings.Contains(m.Subject, "new device") && strings.Contains(m.Text, "New <PC>")
	})
	u.first.refuse(n).want(t, 409, wire.CodeConflict)
	if len(u.first.pairings()) != 0 {
		t.Error("the pairing is still open")
	}

	// The device is listed: password and Secret Key open a session without a code. Nothing did before.
	n.user = u
	n.session = *n.proved().Session
	n.pull()
	n.push(n.put(64, id.New())).ok(t)
}

func TestPairingIsRefused(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	n := newcomerTo(u, "New PC")
	n.start().ok(t)
	u.first.refuse(n).ok(t)
	u.first.refuse(n).ok(t)
	if got := n.poll(wire.PairingWaiting); got.State != wire.PairingRefused {
		t.Errorf("polled %+v", got)
	}
	u.first.answer(n, randomBytes(32)).want(t, 404, wire.CodeNotFound)
	n.reveal().want(t, 404, wire.CodeNotFound)
	u.first.call("GET", "/v1/pairings/"+n.pairing.String(), nil, nil).want(t, 404, wire.CodeNotFound)
}

func TestPairingExpires(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	n := newcomerTo(u, "New PC")
	n.start().ok(t)
	s.Clock.Advance(10*time.Minute - 2*time.Second)
	u.first.session = u.first.refreshed(u.first.session.RefreshToken)
	u.first.answer(n, randomBytes(32)).ok(t)
	s.Clock.Advance(2 * time.Second)
	if got := n.poll(wire.PairingAnswered); got.State != wire.PairingExpired {
		t.Errorf("polled %+v", got)
	}
	u.first.approve(n).want(t, 404, wire.CodeNotFound)
	if len(u.first.pairings()) != 0 {
		t.Error("an expired pairing is open")
	}
}

// What is approved is what was introduced: the entry, and a wrap for that very device from the one that answered.
func TestApprovalRefuses(t *testing.T) {
	s := testkit.Cloud(t)
	u, bob := signUp(t, s, "ada@example.org"), signUp(t, s, "bob@example.org")
	tablet, unlisted := u.enrol("Tablet"), u.verified("Unlisted")
	n, other := newcomerTo(u, "New PC"), newcomerTo(u, "Other")
	n.start().ok(t)
	u.first.approve(n).want(t, 404, wire.CodeNotFound) // nobody has answered
	u.first.answer(n, randomBytes(32)).ok(t)
	entered := func(edit func(*chain.DeviceAdd)) *changing {
		entry := n.entry()
		entry.Approver = u.first.id
		edit(&entry)
		c := u.first.change().enter(entry)
		c.Wraps, c.PairingID = []wire.DeviceWrap{{DeviceID: n.id.String(), Wrap: c.wrapFor(entry, chain.WrapApproval)}}, n.pairing.String()
		return c
	}
	for name, c := range map[string]struct {
		change *changing
		status int
		code   wire.Code
	}{
		"another device":      {entered(func(d *chain.DeviceAdd) { *d = other.entry(); d.Approver = u.first.id }), 422, wire.CodeBadEntry},
		"another name":        {entered(func(d *chain.DeviceAdd) { d.Name = "PC" }), 422, wire.CodeBadEntry},
		"no approver":         {entered(func(d *chain.DeviceAdd) { d.Approver = id.ID{} }), 422, wire.CodeBadEntry},
		"another approver":    {entered(func(d *chain.DeviceAdd) { d.Approver = tablet.id }), 422, wire.CodeBadEntry},
		"more than one entry": {u.first.approval(n).enter(chain.DeviceRename{Device: u.first.id, Name: "x"}), 422, wire.CodeBadEntry},
		"with a revocation":   {u.first.approval(n).enter(chain.DeviceRevoke{Device: tablet.id, Last: []chain.VaultHead{{Vault: u.vault}}}), 422, wire.CodeBadEntry},
		"no pairing":          {spoilt(u.first.approval(n), func(c *changing) { c.PairingID = "" }), 400, wire.CodeInvalid},
		"a pairing of nobody": {spoilt(u.first.approval(n), func(c *changing) { c.PairingID = id.New().String() }), 404, wire.CodeNotFound},
		"not a pairing":       {spoilt(u.first.approval(n), func(c *changing) { c.PairingID = "x" }), 400, wire.CodeInvalid},
		"no wrap":             {spoilt(u.first.approval(n), func(c *changing) { c.Wraps = nil }), 422, wire.CodeBadEntry},
		"the wrap twice":      {spoilt(u.first.approval(n), func(c *changing) { c.Wraps = append(c.Wraps, c.Wraps[0]) }), 422, wire.CodeBadEntry},
		"wrap for another": {spoilt(u.first.approval(n), func(c *changing) {
			c.Wraps[0] = wire.DeviceWrap{DeviceID: tablet.id.String(), Wrap: c.wrapFor(tablet.entry(), chain.WrapApproval)}
		}), 422, wire.CodeBadEntry},
		"wrap by another": {spoilt(u.first.approval(n), func(c *changing) {
			by := *c
			by.device = tablet
			c.Wraps[0].Wrap = by.wrapFor(n.entry(), chain.WrapApproval)
		}), 422, wire.CodeBadEntry},
		"wrap of a change": {spoilt(u.first.approval(n), func(c *changing) { c.Wraps[0].Wrap = c.wrapFor(n.entry(), chain.WrapChange) }), 422, wire.CodeBadEntry},
		"a sealed key":     {spoilt(u.first.approval(n), func(c *changing) { c.SealedAccount = randomBytes(200) }), 400, wire.CodeInvalid},
	} {
		t.Run(name, func(t *testing.T) { c.change.proveApproval(u.login, n).post().want(t, c.status, c.code) })
	}
	renamed := u.first.change().enter(chain.DeviceRename{Device: u.first.id, Name: "x"})
	renamed.PairingID = n.pairing.String()
	renamed.post().want(t, 400, wire.CodeInvalid)
	bob.first.answer(n, randomBytes(32)).want(t, 404, wire.CodeNotFound)
	bob.first.refuse(n).want(t, 404, wire.CodeNotFound)
	bob.first.call("GET", "/v1/pairings/"+n.pairing.String(), nil, nil).want(t, 404, wire.CodeNotFound)
	unlisted.call("GET", "/v1/pairings", nil, nil).want(t, 403, wire.CodeDeviceUnlisted)
	unlisted.answer(n, randomBytes(32)).want(t, 403, wire.CodeDeviceUnlisted)
	unlisted.refuse(n).want(t, 403, wire.CodeDeviceUnlisted)

	late := u.first.approval(n).proveApproval(u.login, n)
	unlisted.appendLog(unlisted.entry()).ok(t)
	r := late.post()
	r.want(t, 409, wire.CodeConflict)
	if r.err.LogSeq == nil {
		t.Error("conflict without the log's head")
	}
	u.first.approve(n).ok(t)
}

func spoilt(c *changing, how func(*changing)) *changing {
	how(c)
	return c
}

// A session and the device's key are not enough: the master password is typed for this very request.
func TestApprovalNeedsAFreshProof(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	n, other := newcomerTo(u, "New PC"), newcomerTo(u, "Other")
	for _, asks := range []*newcomer{n, other} {
		asks.start().ok(t)
		u.first.answer(asks, randomBytes(32)).ok(t)
	}
	forged := *n
	forged.commitment = randomBytes(32)
	signed := u.first.approval(n).proveApproval(u.login, n)
	for name, proof := range map[string]*wire.FreshProof{
		"none":                 nil,
		"of the device key":    u.first.approval(n).proveApproval(u.first.key, n).Proof,
		"of the identity":      u.first.approval(n).proveApproval(u.identity, n).Proof,
		"for another pairing":  u.first.approval(n).proveApproval(u.login, other).Proof,
		"for another request":  u.first.approval(n).proveApproval(u.login, &forged).Proof,
		"for another device":   u.first.approval(other).proveApproval(u.login, n).Proof,
		"of an account change": u.first.approval(n).prove(u.login).Proof,
	} {
		t.Run(name, func(t *testing.T) {
			c := u.first.approval(n)
			c.Entries, c.Wraps, c.Proof = signed.Entries, signed.Wraps, proof
			c.post().want(t, 401, wire.CodeProofFailed)
		})
	}
	signed.proveApproval(u.login, n).post().ok(t)
	signed.adopt()
	replayed := u.first.approval(other)
	replayed.Proof = signed.Proof
	replayed.post().want(t, 400, wire.CodeInvalid) // its nonce is spent
	u.first.change().password().proveApproval(u.login, other).post().want(t, 401, wire.CodeProofFailed)
	u.first.approve(other).ok(t)
}

// Only the device that asked may go on, and only with its own key.
func TestPairingIsOfItsDevice(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	n := newcomerTo(u, "New PC")
	n.start().ok(t)
	thief, rekeyed, accounted := *n.device, *n.device, *n.device
	thief.id = id.New()
	rekeyed.key = signing.Generate()
	accounted.user = u
	body := wire.PairingPoll{PairingID: n.pairing.String()}
	thief.callWithoutToken("/v1/pairings/poll", body, nil).want(t, 401, wire.CodeSessionEnded)
	rekeyed.callWithoutToken("/v1/pairings/poll", body, nil).want(t, 401, wire.CodeSessionEnded)
	rekeyed.callWithoutToken("/v1/pairings/reveal", wire.PairingReveal{PairingID: body.PairingID, R: n.r}, nil).want(t, 401, wire.CodeSessionEnded)
	accounted.callWithoutToken("/v1/pairings/poll", body, nil).want(t, 400, wire.CodeInvalid)
	n.callWithoutToken("/v1/pairings/poll", wire.PairingPoll{PairingID: id.New().String()}, nil).want(t, 401, wire.CodeSessionEnded)
	n.callWithoutToken("/v1/pairings/poll", wire.PairingPoll{PairingID: "x"}, nil).want(t, 400, wire.CodeInvalid)
	n.callWithoutToken("/v1/pairings/poll", []byte("nonsense"), nil).want(t, 400, wire.CodeInvalid)
	n.post("/v1/pairings/poll", body, nil).want(t, 401, wire.CodeSessionEnded)

	in := n.request()
	in.Device.ID = id.New().String()
	n.callWithoutToken("/v1/pairings/start", in, nil).want(t, 400, wire.CodeInvalid)
	other := newcomerTo(u, "Other")
	other.pairing = n.pairing
	other.start().want(t, 409, wire.CodeConflict)
}

// A stranger who knows an address can make its devices ask three times at once, and an unknown address looks the same.
func TestPairingsAreLimited(t *testing.T) {
	s := testkit.Cloud(t)
	u, nobody := signUp(t, s, "ada@example.org"), newUser(t, s, "nobody@example.org")
	for _, to := range []*user{u, nobody} {
		mine := newcomerTo(to, "New PC")
		for range 5 {
			mine.pairing = id.New()
			mine.start().ok(t) // each ends the one before
		}
		for range 2 {
			newcomerTo(to, "Other").start().ok(t)
		}
		r := newcomerTo(to, "Fourth").start()
		r.want(t, 429, wire.CodeSlowDown)
		if r.err.RetryAfter < 590 || r.err.RetryAfter > 600 {
			t.Errorf("retry after %d s", r.err.RetryAfter)
		}
		if got := mine.poll(""); got.State != wire.PairingWaiting {
			t.Errorf("polled %+v", got)
		}
		s.Clock.Advance(10 * time.Minute)
		if got := mine.poll(wire.PairingWaiting); got.State != wire.PairingExpired {
			t.Errorf("polled %+v", got)
		}
		for range 43 {
			mine.pairing = id.New()
			mine.start().ok(t)
		}
		mine.pairing = id.New()
		mine.start().want(t, 429, wire.CodeSlowDown) // enough for a day
	}
}

// A poll waits until something happens; the server stops without it.
func TestPollWaits(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	n := newcomerTo(u, "New PC")
	n.start().ok(t)
	waits := make(chan struct{})
	s.After = func(time.Duration) <-chan time.Time {
		waits <- struct{}{}
		return nil // its time does not come: something else has to end the poll
	}
	s.Restart()
	closeIdle()
	answers := make(chan wire.PairingPolled, 1)
	poll := func(known wire.PairingState) {
		go func() { answers <- n.poll(known) }()
		<-waits
	}
	poll(wire.PairingWaiting)
	u.first.answer(n, randomBytes(32)).ok(t)
	if got := <-answers; got.State != wire.PairingAnswered {
		t.Errorf("polled %+v", got)
	}
	poll(wire.PairingAnswered)
	s.Stop()
	if got := <-answers; got.State != wire.PairingAnswered {
		t.Errorf("polled %+v", got)
	}
}
