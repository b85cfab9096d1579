package api_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/mlkem"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strconv"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/proof"
	"github.com/coffer-vault/coffer/sync/wire"
)

// The client of these tests is written from docs/protocol.md alone. It seals nothing: random bytes stand for envelopes, since the
// server cannot tell.

// user is an account as its owner knows it.
type user struct {
	t       testing.TB
	server  *testkit.Server
	email   string
	account id.ID
	vault   id.ID
	log     *chain.Log
	first   *device
	userKeys
}

// userKeys is what an account change replaces.
type userKeys struct {
	tag, recoveryTag          []byte
	login, recovery, identity signing.PrivateKey
	sealed                    sealedKeys
}

type sealedKeys struct{ account, recovery, identity, vault []byte }

// device is one installation. Without a session its requests carry no token.
type device struct {
	*user
	id      id.ID
	key     signing.PrivateKey
	receive chain.ReceiveKey
	name    string
	session wire.Session
	tree    *chain.Tree
	at      chain.Position
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

func newUser(t testing.TB, s *testkit.Server, email string) *user {
	u := &user{
		t: t, server: s, email: email, account: id.New(), vault: id.New(),
		userKeys: userKeys{
			tag: randomBytes(32), recoveryTag: randomBytes(32), login: signing.Generate(), recovery: signing.Generate(), identity: signing.Generate(),
			sealed: sealedKeys{randomBytes(200), randomBytes(200), randomBytes(300), randomBytes(200)},
		},
	}
	u.first = u.newDevice("Laptop of Ada")
	u.log = chain.NewLog(u.account)
	u.append(chain.Genesis{Identity: u.identity.Public(), Receive: newReceiveKey(), SealedIdentity: chain.SealedKeyHash(u.sealed.identity)})
	u.append(u.credentials(1))
	u.append(u.first.entry())
	u.append(chain.VaultEpoch{Vault: u.vault, Epoch: 1, SealedKey: chain.SealedKeyHash(u.sealed.vault)})
	return u
}

// newReceiveKey is one to which HPKE can seal.
func newReceiveKey() chain.ReceiveKey {
	kem, errKEM := mlkem.GenerateKey768()
	dh, errDH := ecdh.X25519().GenerateKey(rand.Reader)
	if errKEM != nil || errDH != nil {
		panic("no randomness")
	}
	return chain.ReceiveKey(append(kem.EncapsulationKey().Bytes(), dh.PublicKey().Bytes()...))
}

func (u *user) newDevice(name string) *device {
	return &device{user: u, id: id.New(), key: signing.Generate(), receive: newReceiveKey(), name: name, tree: chain.NewTree(u.vault)}
}

func (k userKeys) credentials(generation uint64) chain.Credentials {
	return chain.Credentials{
		Generation: generation, Profile: "P2", Login: k.login.Public(), Recovery: k.recovery.Public(),
		Sealings: []chain.Sealing{
			{Type: chain.SealingPassword, Hash: chain.SealedKeyHash(k.sealed.account)}, {Type: chain.SealingRecovery, Hash: chain.SealedKeyHash(k.sealed.recovery)},
		},
	}
}

func (d *device) entry() chain.DeviceAdd {
	return chain.DeviceAdd{Device: d.id, Key: d.key.Public(), Receive: d.receive, Name: d.name, Platform: "linux"}
}

func (d *device) wire() wire.Device {
	key := d.key.Public()
	return wire.Device{ID: d.id.String(), PublicKey: key[:], ReceiveKey: d.receive[:], Name: d.name, Platform: "linux"}
}

// next signs the entry that would follow the log's head.
func (u *user) next(body chain.Body) chain.SignedEntry {
	u.t.Helper()
	e, err := u.log.Next(u.identity, 1700000000000, body)
	if err != nil {
		u.t.Fatal(err)
	}
	return e
}

func (u *user) append(body chain.Body) chain.SignedEntry {
	u.t.Helper()
	e := u.next(body)
	if err := u.log.Append(e); err != nil {
		u.t.Fatal(err)
	}
	return e
}

// request builds a request as an honest client does. Tests change it before they send it.
func (d *device) request(method, path string, token []byte, in any) *http.Request {
	d.t.Helper()
	var body []byte
	if raw, ok := in.([]byte); ok {
		body = raw
	} else if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			d.t.Fatal(err)
		}
	}
	req, err := http.NewRequest(method, d.server.URL+path, bytes.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	d.sign(req, body, token, d.server.Clock.Now().UnixMilli())
	return req
}

func (d *device) sign(req *http.Request, body, token []byte, now int64) {
	r := proof.Request{
		Origin: d.server.Origin, Method: req.Method, Path: req.URL.EscapedPath(), Query: req.URL.RawQuery, Body: body, Token: token,
		Account: d.account, Device: d.id, Time: now,
	}
	rand.Read(r.Nonce[:])
	if token != nil {
		req.Header.Set("Authorization", "Bearer "+base64.RawURLEncoding.EncodeToString(token))
	}
	req.Header.Set(wire.HeaderAccount, d.account.String())
	req.Header.Set(wire.HeaderDevice, d.id.String())
	req.Header.Set(wire.HeaderTime, strconv.FormatInt(now, 10))
	req.Header.Set(wire.HeaderNonce, hex.EncodeToString(r.Nonce[:]))
	req.Header.Set(wire.HeaderSignature, base64.StdEncoding.EncodeToString(d.key.Sign(signing.Request, r.Message())))
}

// reply is an answer: its status, and the error of the protocol if it is one.
type reply struct {
	status int
	err    wire.Error
	body   []byte
	header http.Header
}

func send(t testing.TB, req *http.Request, out any) reply {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	r := reply{status: resp.StatusCode, body: data, header: resp.Header}
	if resp.StatusCode/100 != 2 {
		if err := json.Unmarshal(data, &r.err); err != nil || r.err.Code == "" {
			t.Fatalf("%s %s: status %d without a code: %s", req.Method, req.URL.Path, resp.StatusCode, data)
		}
	} else if out != nil {
		if err := json.Unmarshal(data, out); err != nil {
			t.Fatalf("%s %s: %v: %s", req.Method, req.URL.Path, err, data)
		}
	}
	return r
}

// post sends without any signature.
func (u *user) post(path string, in, out any) reply {
	u.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		u.t.Fatal(err)
	}
	req, err := http.NewRequest("POST", u.server.URL+path, bytes.NewReader(body))
	if err != nil {
		u.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	return send(u.t, req, out)
}

// call sends with the session's token, signed with none if there is no session.
func (d *device) call(method, path string, in, out any) reply {
	d.t.Helper()
	return send(d.t, d.request(method, path, d.session.AccessToken, in), out)
}

// callWithoutToken sends a request that is signed without a token.
func (d *device) callWithoutToken(path string, in, out any) reply {
	d.t.Helper()
	return send(d.t, d.request("POST", path, nil, in), out)
}

func (r reply) ok(t testing.TB) {
	t.Helper()
	if r.status/100 != 2 {
		t.Fatalf("status %d, %s: %s", r.status, r.err.Code, r.err.Message)
	}
}

func (r reply) want(t testing.TB, status int, code wire.Code) {
	t.Helper()
	if r.status != status || r.err.Code != code {
		t.Fatalf("got %d %s (%s), want %d %s", r.status, r.err.Code, r.err.Message, status, code)
	}
}

// signupToken does the first two steps of a sign-up.
func (u *user) signupToken() []byte {
	u.t.Helper()
	var started wire.SignupStarted
	u.post("/v1/signup/start", wire.SignupStart{Email: u.email}, &started).ok(u.t)
	var verified wire.SignupVerified
	u.post("/v1/signup/verify", wire.SignupVerify{SignupID: started.SignupID, Code: u.server.LastCode(u.t, u.email)}, &verified).ok(u.t)
	return verified.Token
}

func (u *user) finish(token []byte) wire.SignupFinish {
	in := wire.SignupFinish{
		Token: token, AccountID: u.account.String(), LookupTag: u.tag, RecoveryTag: u.recoveryTag,
		SealedAccount: u.sealed.account, SealedRecovery: u.sealed.recovery, SealedIdentity: u.sealed.identity,
		VaultID: u.vault.String(), SealedVault: u.sealed.vault, Device: u.first.wire(),
	}
	for _, e := range u.log.Entries(-1) {
		in.Log = append(in.Log, wire.SignedEntry{Entry: e.Entry, Signature: e.Signature})
	}
	return in
}

// signUp creates an account with its first device, signed in.
func signUp(t testing.TB, s *testkit.Server, email string) *user {
	t.Helper()
	u := newUser(t, s, email)
	var out wire.SignupFinished
	u.first.callWithoutToken("/v1/signup/finish", u.finish(u.signupToken()), &out).ok(t)
	u.first.session = out.Session
	return u
}

func (d *device) proof(c wire.Challenged) wire.Prove {
	message := proof.SignIn{
		Origin: d.server.Origin, Account: d.account, Email: d.email, Device: d.id, DeviceKey: d.key.Public(), Nonce: c.Nonce, Expires: c.Expires,
	}.Message()
	return wire.Prove{
		AccountID: d.account.String(), Email: d.email, Device: d.wire(), Nonce: c.Nonce, Expires: c.Expires,
		LoginSignature: d.login.Sign(signing.SignIn, message), DeviceSignature: d.key.Sign(signing.DeviceProof, message),
	}
}

func (d *device) challenge() wire.Challenged {
	d.t.Helper()
	var c wire.Challenged
	d.post("/v1/signin/challenge", wire.Challenge{AccountID: d.account.String()}, &c).ok(d.t)
	return c
}

func (d *device) prove() (reply, wire.Proved) {
	d.t.Helper()
	var out wire.Proved
	r := d.post("/v1/signin/prove", d.proof(d.challenge()), &out)
	return r, out
}

// proved is prove where nothing may go wrong.
func (d *device) proved() wire.Proved {
	d.t.Helper()
	r, out := d.prove()
	r.ok(d.t)
	return out
}

func (d *device) wantProof(t testing.TB, status int, code wire.Code) {
	t.Helper()
	r, _ := d.prove()
	r.want(t, status, code)
}

// verified returns a new device that has come as far as a session, but is not in the log.
func (u *user) verified(name string) *device {
	u.t.Helper()
	d := u.newDevice(name)
	if d.proved().Session != nil {
		u.t.Fatal("a new device got a session without a code")
	}
	var out wire.VerifiedDevice
	d.callWithoutToken("/v1/signin/verify-device", wire.VerifyDevice{Code: u.server.LastCode(u.t, u.email)}, &out).ok(u.t)
	d.session = out.Session
	return d
}

// enrol returns a new device that is in the log.
func (u *user) enrol(name string) *device {
	u.t.Helper()
	d := u.verified(name)
	d.appendLog(d.entry()).ok(u.t)
	return d
}

// appendLog appends at the server, and to the user's log if the server accepts.
func (d *device) appendLog(body chain.Body) reply {
	d.t.Helper()
	e := d.next(body)
	r := d.call("POST", "/v1/account/log", wire.LogAppend{SignedEntry: wire.SignedEntry{Entry: e.Entry, Signature: e.Signature}}, nil)
	if r.status/100 == 2 {
		if err := d.log.Append(e); err != nil {
			d.t.Fatal(err)
		}
	}
	return r
}

func (u *user) vaultPath(rest string) string { return "/v1/vaults/" + u.vault.String() + rest }

// draft is a commit before it is signed, with what it carries.
type draft struct {
	chain.Commit
	changes   []chain.Change
	envelopes []wire.Envelope
}

// replace gives a put another envelope; the root is then another.
func (c *draft) replace(i int, sealed []byte) {
	c.changes[i].EnvHash, c.envelopes[i].Envelope = chain.EnvelopeHash(sealed), sealed
}

// reseal gives a put the header of another epoch.
func (c *draft) reseal(i int, epoch uint32) {
	sealed := append([]byte(nil), c.envelopes[i].Envelope...)
	binary.BigEndian.PutUint32(sealed[6:], epoch)
	c.replace(i, sealed)
}

// envelope has the header of its epoch, and is random after it.
func (d *device) envelope(size int) []byte {
	epoch, _ := d.log.Epoch(d.vault)
	header := binary.BigEndian.AppendUint32([]byte("CFE1\x01\x02"), epoch.Epoch)
	return append(header, randomBytes(max(size-len(header), 1))...)
}

// put drafts new or changed objects, each with an envelope of size bytes.
func (d *device) put(size int, objects ...id.ID) *draft {
	d.t.Helper()
	out := &draft{}
	for _, o := range objects {
		row, _ := d.tree.Row(o)
		sealed := d.envelope(size)
		c := chain.Change{Object: o, Old: row.Revision, New: row.Revision + 1, Action: chain.Put, EnvHash: chain.EnvelopeHash(sealed)}
		out.changes = append(out.changes, c)
		out.envelopes = append(out.envelopes, wire.Envelope{ObjectID: o.String(), Revision: c.New, Envelope: sealed})
	}
	return d.finishDraft(out)
}

func (d *device) tombstone(objects ...id.ID) *draft {
	d.t.Helper()
	out := &draft{}
	for _, o := range objects {
		row, _ := d.tree.Row(o)
		out.changes = append(out.changes, chain.Change{Object: o, Old: row.Revision, New: row.Revision + 1, Action: chain.Tombstone})
	}
	return d.finishDraft(out)
}

// finishDraft computes the root; the tree is put back until the push is accepted.
func (d *device) finishDraft(out *draft) *draft {
	d.t.Helper()
	undo, err := d.tree.Apply(out.changes)
	if err != nil {
		d.t.Fatal(err)
	}
	root := d.tree.Root()
	undo()
	logSeq, logHash := d.log.Head()
	epoch, _ := d.log.Epoch(d.vault)
	out.Commit = chain.Commit{
		Vault: d.vault, Seq: d.at.Seq + 1, Parent: d.at.Hash, Root: root, Epoch: epoch.Epoch, LogSeq: logSeq, LogHash: logHash, Op: id.New(), Device: d.id, Time: 1700000000000,
	}
	return out
}

func (d *device) signed(c *draft) wire.Push {
	d.t.Helper()
	list, err := chain.EncodeChanges(c.changes)
	if err != nil {
		d.t.Fatal(err)
	}
	s, err := c.Sign(d.key, list)
	if err != nil {
		d.t.Fatal(err)
	}
	return wire.Push{SignedCommit: wire.SignedCommit{Commit: s.Commit, Changes: s.Changes, Signature: s.Signature}, Envelopes: c.envelopes}
}

// push sends a draft and moves the device's own state if it is accepted.
func (d *device) push(c *draft) reply {
	d.t.Helper()
	in := d.signed(c)
	var out wire.Pushed
	r := d.call("POST", d.vaultPath("/commits"), in, &out)
	if r.status/100 == 2 {
		d.accept(in, c.changes)
		if out.Head.Seq != d.at.Seq || !bytes.Equal(out.Head.Hash, d.at.Hash[:]) {
			d.t.Fatalf("pushed %d %s, the answer says %d %x", d.at.Seq, d.at.Hash, out.Head.Seq, out.Head.Hash)
		}
	}
	return r
}

func (d *device) accept(in wire.Push, changes []chain.Change) {
	d.t.Helper()
	if _, err := d.tree.Apply(changes); err != nil {
		d.t.Fatal(err)
	}
	c, err := chain.ParseCommit(in.Commit)
	if err != nil {
		d.t.Fatal(err)
	}
	d.at = chain.Position{Head: chain.Head{Seq: c.Seq, Hash: chain.CommitHash(in.Commit)}, LogSeq: c.LogSeq}
}

// pull brings the device to the head and verifies all of it, as a client must. It returns the envelopes that came along.
func (d *device) pull() map[id.ID][]byte {
	d.t.Helper()
	got := map[id.ID][]byte{}
	for more := true; more; {
		var page wire.Changes
		d.call("GET", d.vaultPath("/changes?since="+strconv.FormatUint(d.at.Seq, 10)), nil, &page).ok(d.t)
		for _, c := range page.Commits {
			d.follow(c)
		}
		for _, e := range page.Envelopes {
			object, err := id.Parse(e.ObjectID)
			if err != nil {
				d.t.Fatal(err)
			}
			got[object] = e.Envelope
		}
		more = page.More
	}
	return got
}

func (d *device) follow(c wire.SignedCommit) {
	d.t.Helper()
	s := chain.Signed{Commit: c.Commit, Changes: c.Changes, Signature: c.Signature}
	v, err := chain.Verify(s, d.vault, d.at, d.log)
	if err != nil {
		d.t.Fatal(err)
	}
	if _, err := d.tree.Apply(v.Changes); err != nil {
		d.t.Fatal(err)
	}
	if d.tree.Root() != v.Commit.Root {
		d.t.Fatalf("root of commit %d differs", v.Commit.Seq)
	}
	d.at = v.Position()
}

// closeIdle drops connections that lead to a server before a restart.
func closeIdle() { http.DefaultClient.CloseIdleConnections() }

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
