package cloud_test

import (
	"context"
	"crypto/ecdh"
	"crypto/mlkem"
	"crypto/rand"
	"log/slog"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/cloud/store/sqlite"
	"github.com/coffer-vault/coffer/cloud/store/sqlstore"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/proof"
)

const origin = "https://api.example.org"

// world is the domain on a real database, with a clock that stands still and a mailbox instead of SMTP.
type world struct {
	*cloud.Cloud
	t          testing.TB
	store      store
	secret     cloud.Secret
	path       string // of its file
	now        time.Time
	mail       mailbox
	statements statements
	held       chan time.Duration // how long somebody waits
	hold       chan time.Time     // ends a wait
}

// statements are those that the store was asked since they were last taken. The outbox's worker asks beside the test.
type statements struct {
	mu  sync.Mutex
	all []string
}

func (s *statements) add(statement string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, statement)
}

func (s *statements) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.all
	s.all = nil
	return all
}

// mailbox is a Sender that keeps mails, or fails with err.
type mailbox struct {
	mu     sync.Mutex
	mails  []cloud.Mail
	tries  int
	err    error
	during func() // what else happens while the first mail is being sent
}

func (m *mailbox) Send(_ context.Context, mail cloud.Mail) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tries++
	if m.during != nil {
		m.during()
		m.during = nil
	}
	if m.err == nil {
		m.mails = append(m.mails, mail)
	}
	return m.err
}

// store is the database of a world.
type store interface {
	cloud.Store
	Close() error
}

// openStore makes an empty one, and returns its file if it is one: PostgreSQL, where the tests run on that, is none.
var openStore = func(t testing.TB, hook sqlstore.Hook) (s store, path string, err error) {
	path = filepath.Join(t.TempDir(), "cloud.db")
	s, err = sqlite.Open(t.Context(), path, hook)
	return s, path, err
}

// onFile skips a test that reads the database's file past the server where it has none.
func (w *world) onFile() {
	w.t.Helper()
	if w.path == "" {
		w.t.Skip("the database is no file")
	}
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, secret: cloud.NewSecret(), now: time.UnixMilli(1_800_000_000_000), held: make(chan time.Duration), hold: make(chan time.Time)}
	var err error
	w.store, w.path, err = openStore(t, func(statement string) error {
		w.statements.add(statement)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.store.Close() })
	w.Cloud = cloud.New(cloud.Config{
		Store: w.store, Secret: w.secret, Origin: origin, Mail: &w.mail, Now: func() time.Time { return w.now }, Random: rand.Reader,
		After: func(d time.Duration) <-chan time.Time { w.held <- d; return w.hold }, Log: slog.New(slog.DiscardHandler), RecoveryDelay: cloud.DefaultRecoveryDelay,
	})
	return w
}

// deliver sends what is due and returns the newest mail.
func (w *world) deliver() cloud.Mail {
	w.t.Helper()
	if _, err := w.Outbox.Deliver(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	if len(w.mail.mails) == 0 {
		w.t.Fatal("no mail")
	}
	return w.mail.mails[len(w.mail.mails)-1]
}

// person is an account with one device.
type person struct {
	email          string
	account, vault id.ID
	tag            []byte
	recoveryTag    []byte
	login          signing.PrivateKey
	recovery       signing.PrivateKey
	identity       signing.PrivateKey
	device         cloud.NewDevice
	key            signing.PrivateKey
	log            *chain.Log
}

func newPerson(email string) *person {
	p := &person{
		email: email, account: id.New(), vault: id.New(), login: signing.Generate(), recovery: signing.Generate(), identity: signing.Generate(),
		key: signing.Generate(),
	}
	p.tag = append(p.account[:], p.vault[:]...)
	p.recoveryTag = append(p.vault[:], p.account[:]...)
	p.device = newDevice("Laptop", p.key.Public())
	return p
}

func newDevice(name string, key signing.PublicKey) cloud.NewDevice {
	return cloud.NewDevice{ID: id.New(), Key: key, Receive: newReceiveKey(), Name: name, Platform: "linux"}
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

func (w *world) signUp(p *person) { w.signUpIn(p, "en") }

func (w *world) signUpIn(p *person, language string) {
	w.t.Helper()
	signupID, _, err := w.SignUp.Start(w.t.Context(), p.email, language, netip.Addr{})
	if err != nil {
		w.t.Fatal(err)
	}
	token, err := w.SignUp.Verify(w.t.Context(), signupID, w.deliver().Code)
	if err != nil {
		w.t.Fatal(err)
	}
	n := p.newAccount(w.t)
	n.Token = token
	if _, err := w.SignUp.Finish(w.t.Context(), n); err != nil {
		w.t.Fatal(err)
	}
}

func (p *person) newAccount(t testing.TB) cloud.NewAccount {
	t.Helper()
	n := cloud.NewAccount{
		Account: p.account, LookupTag: p.tag, SealedAccount: []byte("ak"), SealedIdentity: []byte("identity"),
		Vault: p.vault, SealedVault: []byte("vk"), Device: p.device,
	}
	p.log = chain.NewLog(p.account)
	credentials := chain.Credentials{
		Generation: 1, Profile: "P2", Login: p.login.Public(),
		Sealings: []chain.Sealing{{Type: chain.SealingPassword, Hash: chain.SealedKeyHash(n.SealedAccount)}},
	}
	if p.recoveryTag != nil {
		n.RecoveryTag, n.SealedRecovery = p.recoveryTag, []byte("recovery")
		credentials.Recovery = p.recovery.Public()
		credentials.Sealings = append(credentials.Sealings, chain.Sealing{Type: chain.SealingRecovery, Hash: chain.SealedKeyHash(n.SealedRecovery)})
	}
	for _, body := range []chain.Body{
		chain.Genesis{Identity: p.identity.Public(), SealedIdentity: chain.SealedKeyHash(n.SealedIdentity)},
		credentials,
		chain.DeviceAdd{Device: p.device.ID, Key: p.device.Key, Receive: p.device.Receive, Name: p.device.Name, Platform: p.device.Platform},
		chain.VaultEpoch{Vault: p.vault, Epoch: 1, SealedKey: chain.SealedKeyHash(n.SealedVault)},
	} {
		e, err := p.log.Next(p.identity, 0, body)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.log.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	n.Log = p.log.Entries(-1)
	return n
}

// proof answers a fresh challenge.
func (w *world) proof(p *person) cloud.Proof {
	w.t.Helper()
	c, err := w.SignIn.Challenge(w.t.Context(), p.account)
	if err != nil {
		w.t.Fatal(err)
	}
	message := proof.SignIn{
		Origin: origin, Account: p.account, Email: p.email, Device: p.device.ID, DeviceKey: p.device.Key, Nonce: c.Nonce, Expires: c.Expires,
	}.Message()
	return cloud.Proof{
		Account: p.account, Email: p.email, Device: p.device, Nonce: c.Nonce, Expires: c.Expires,
		LoginSignature: p.login.Sign(signing.SignIn, message), DeviceSignature: p.key.Sign(signing.DeviceProof, message),
	}
}

// fresh proves a batch with the login key.
func (w *world) fresh(p *person, c cloud.Caller, batch [32]byte) *cloud.FreshProof {
	w.t.Helper()
	challenge, err := w.Accounts.Challenge(w.t.Context(), c)
	if err != nil {
		w.t.Fatal(err)
	}
	message := proof.AccountChange{
		Origin: origin, Account: c.Account, Device: c.Device, Nonce: challenge.Nonce, Expires: challenge.Expires, Batch: batch,
	}.Message()
	return &cloud.FreshProof{Nonce: challenge.Nonce, Expires: challenge.Expires, Signature: p.login.Sign(signing.AccountChange, message)}
}

func (w *world) freshEmail(p *person, email string) cloud.FreshProof {
	w.t.Helper()
	c, err := w.Accounts.Challenge(w.t.Context(), p.caller())
	if err != nil {
		w.t.Fatal(err)
	}
	message := proof.EmailChange{Origin: origin, Account: p.account, Device: p.device.ID, Nonce: c.Nonce, Expires: c.Expires, Email: email}.Message()
	return cloud.FreshProof{Nonce: c.Nonce, Expires: c.Expires, Signature: p.login.Sign(signing.AccountChange, message)}
}
