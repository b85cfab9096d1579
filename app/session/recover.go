package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/kdf"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/sync/enrol"
	"github.com/coffer-vault/coffer/sync/proof"
	"github.com/coffer-vault/coffer/sync/remote"
	"github.com/coffer-vault/coffer/sync/wire"
	"github.com/coffer-vault/coffer/vault"
)

// ErrRecoveryEnded: a recovery was stopped by a device of the account, or not finished in time.
var ErrRecoveryEnded = errors.New("the recovery was stopped or is too old")

// RecoveryWaitsError says that the devices of the account still have time to stop the recovery.
type RecoveryWaitsError struct{ Ready time.Time }

func (e *RecoveryWaitsError) Error() string { return "the recovery waits" }

// Recovery opens an account with the recovery code of its emergency kit, for who has lost master password or Secret Key. Code and mailbox
// together get nothing for a day, in which every device is told and can stop it; what they then get is the right to replace every key.
//
//	BeginRecovery → Verify (mailed code) → 24 hours → ResumeRecovery → Open → Finish (new master password)
//
// In between it rests in a file of its own, sealed under the code: whoever comes back types the code again.
type Recovery struct {
	m       *Manager
	client  *remote.Client
	email   string
	account id.ID
	device  enrol.Device
	master  keys.RecoveryMaster
	expires time.Time
	ready   time.Time

	session *wire.Session
	change  *enrol.Change // once made; kept before it is sent
	// earlier were made before it, newest first: one of them may be what the server has, whatever it says now.
	earlier []*enrol.Change
	refused bool    // all of these, since the last was sent: each time that they are tried counts as a wrong proof
	signIn  *SignIn // once the account has the new keys
}

// BeginRecovery proves the recovery code and has a code mailed. Errors: keys.ErrRecoveryCodeMalformed and ErrRecoveryCodeChecksum,
// ErrProofFailed (code or address, or no such account), *SlowDownError, ErrOffline, ErrNotCoffer.
func (m *Manager) BeginRecovery(ctx context.Context, origin, email, recoveryCode string) (*Recovery, error) {
	client, err := m.client(origin)
	if err != nil {
		return nil, err
	}
	code, err := keys.ParseRecoveryCode(recoveryCode)
	if err != nil {
		return nil, err
	}
	defer code.Wipe()
	r := &Recovery{m: m, client: client, email: normalizeEmail(email), device: enrol.NewDevice(m.cfg.DeviceName, m.cfg.Platform)}
	found, err := client.RecoveryLookup(ctx, keys.RecoveryTag(code))
	if err != nil {
		return nil, fromServer(err)
	}
	if r.account, err = id.Parse(found.AccountID); err != nil {
		return nil, fmt.Errorf("look up account: %w", ErrNotCoffer)
	}
	r.master = keys.DeriveRecoveryMaster(code, r.account)
	return r, r.Resend(ctx)
}

// Resend proves the code again and has another one mailed; the one before is void.
func (r *Recovery) Resend(ctx context.Context) error {
	challenge, err := r.client.RecoveryChallenge(ctx, r.account)
	if err != nil {
		return fromServer(err)
	}
	message := proof.Recovery{
		Origin: r.client.Origin(), Account: r.account, Email: r.email, Device: r.device.ID, DeviceKey: r.device.Key.Public(),
		Nonce: challenge.Nonce, Expires: challenge.Expires,
	}.Message()
	login := r.master.LoginKey()
	defer login.Wipe()
	started, err := r.client.RecoveryStart(ctx, wire.RecoveryStart{
		AccountID: r.account.String(), Email: r.email, Device: r.device.Wire(), Nonce: challenge.Nonce, Expires: challenge.Expires,
		RecoverySignature: login.Sign(signing.Recovery, message), DeviceSignature: r.device.Key.Sign(signing.DeviceProof, message),
		Language: r.m.Settings().Language,
	})
	if err != nil {
		return fromServer(err)
	}
	r.expires = r.client.Local(started.CodeExpires)
	return nil
}

// Expires is when the mailed code is void.
func (r *Recovery) Expires() time.Time { return r.expires }

// Ready is when the account can be opened; zero before Verify.
func (r *Recovery) Ready() time.Time { return r.ready }

// Verify gives the mailed code: the delay begins, and every device of the account is told. Errors: *CodeError, ErrCodeExpired,
// *SlowDownError, ErrOffline.
func (r *Recovery) Verify(ctx context.Context, code string) error {
	if err := r.keep(); err != nil {
		return err
	}
	verified, err := r.client.RecoveryVerify(ctx, signer(r.account, r.device), code)
	if err != nil {
		return fromServer(err)
	}
	r.ready = time.UnixMilli(verified.ReadyAt)
	return r.keep()
}

// Open asks for the account after the delay. Errors: *RecoveryWaitsError before, ErrRecoveryEnded, ErrOffline.
func (r *Recovery) Open(ctx context.Context) error {
	if err := r.landed(ctx); !errors.Is(err, ErrProofFailed) {
		return err
	}
	opened, err := r.client.RecoveryOpen(ctx, signer(r.account, r.device))
	var answer *wire.Error
	switch {
	case remote.IsCode(err, wire.CodeRecoveryWaits) && errors.As(err, &answer):
		return &RecoveryWaitsError{Ready: time.UnixMilli(answer.ReadyAt)}
	case remote.IsCode(err, wire.CodeCodeExpired), remote.IsCode(err, wire.CodeSessionEnded):
		return fmt.Errorf("%w: %w", ErrRecoveryEnded, err)
	case err != nil:
		return fromServer(err)
	}
	r.session = &opened.Session
	return nil
}

// Finish replaces every key of the account, under a new master password, and loads the vault. The other devices stay, and will ask for
// the new password. What a file of the account on this PC has and the server has not stays, and waits for the server. It may be called
// again after an error, with another password too: the one that was typed last counts. Errors: ErrAlreadyHere while the account is open,
// ErrRecoveryEnded, ErrDishonestServer, ErrChangeLost, ErrOffline, and those of SignIn.Finish.
func (r *Recovery) Finish(ctx context.Context, password secret.Bytes, progress func(done, total int)) (*Unlocked, error) {
	if r.m.isOpen(r.account) {
		return nil, ErrAlreadyHere
	}
	if r.signIn == nil {
		err := r.landed(ctx)
		if errors.Is(err, ErrProofFailed) {
			err = r.replace(ctx, password)
		}
		if err != nil {
			return nil, err
		}
	}
	code := r.change.RecoveryCode
	u, err := r.settle(ctx, progress)
	if err != nil {
		return nil, err
	}
	err = u.current().keepCode(ctx, u.store, code)
	if err == nil {
		err = u.chosenLast(ctx, password)
	}
	if err != nil {
		u.Lock()
		r.signIn = nil // wiped; what landed opens the next one
		return nil, err
	}
	u.notice(func(n *Notices) { n.KitDue = true })
	if err := os.Remove(r.path()); err != nil {
		r.m.cfg.Log.Warn("recovery file not removed", "error", err)
	}
	return u, nil
}

// chosenLast changes the master password to the one that the user has typed now, where the one of an earlier try came into force. A
// change that waits for the server goes on by itself.
func (u *Unlocked) chosenLast(ctx context.Context, password secret.Bytes) error {
	err := u.checkPassword(ctx, password)
	if !errors.Is(err, ErrWrongPassword) {
		return err
	}
	err = u.withSync(ctx, func(ctx context.Context) error {
		if err := u.catchUp(ctx); err != nil {
			return err
		}
		opened, err := u.opened(ctx)
		if err != nil {
			return err
		}
		change, err := opened.ChangePassword(ctx, password, kdf.Default)
		if err != nil {
			return err
		}
		return u.begunChange(ctx, change)
	})
	if errors.Is(err, ErrChangeWaits) {
		return nil
	}
	return err
}

// maxEarlier is how many changes are kept beside the newest.
const maxEarlier = 2

// replace makes the new keys, keeps them, and sends them.
func (r *Recovery) replace(ctx context.Context, password secret.Bytes) error {
	if r.session == nil {
		return errors.New("finish recovery: not opened yet")
	}
	session := r.client.Session(signer(r.account, r.device), *r.session, remote.Hooks{Keep: func(t wire.Session) error {
		r.session = &t
		return nil
	}})
	r.refused = false
	change, err := r.make(ctx, session, password)
	if err != nil {
		return err
	}
	challenge, err := session.AccountChallenge(ctx)
	if err != nil {
		change.Wipe()
		return fromServer(err)
	}
	if r.change != nil {
		r.earlier = append([]*enrol.Change{r.change}, r.earlier[:min(len(r.earlier), maxEarlier-1)]...)
	}
	r.change = change
	if err := r.keep(); err != nil {
		return err
	}
	request := change.Wire()
	login := r.master.LoginKey()
	defer login.Wipe()
	request.Proof = change.Prove(login, r.client.Origin(), r.device.ID, challenge)
	err = session.ChangeAccount(ctx, request)
	if landed := r.landed(ctx); landed == nil {
		return nil
	} else if err == nil {
		err = landed
	}
	return fromServer(err)
}

// make opens the account with the recovery code and builds the change.
func (r *Recovery) make(ctx context.Context, session *remote.Session, password secret.Bytes) (*enrol.Change, error) {
	received, err := session.Keys(ctx)
	if err != nil {
		return nil, fromServer(err)
	}
	bundle, err := enrol.FromWire(received, r.account, uint32(received.Generation), received.Profile)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDishonestServer, err)
	}
	account, err := enrol.OpenRecovery(bundle, r.master)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDishonestServer, err)
	}
	defer account.Wipe()
	opened := enrol.Opened{Account: account, Bundle: bundle, Device: r.device, Now: r.m.cfg.Now()}
	return opened.Recover(ctx, password, kdf.Default)
}

// landed looks whether the account has new keys that were made here: then they open a session. ErrProofFailed says that it has not; after
// any other error nobody knows, and neither the recovery may be asked for again, which would seem to be over, nor other keys be sent.
func (r *Recovery) landed(ctx context.Context) error {
	if r.change == nil || r.refused {
		return ErrProofFailed
	}
	made := append([]*enrol.Change{r.change}, r.earlier...)
	for _, change := range made {
		r.change = change
		err := r.enter(ctx)
		if err == nil {
			r.earlier = nil
			return nil
		}
		if r.change = made[0]; !errors.Is(err, ErrProofFailed) {
			return err
		}
	}
	r.refused = true
	return ErrProofFailed
}

// enter opens a session with the keys of the change.
func (r *Recovery) enter(ctx context.Context) error {
	s := &SignIn{
		m: r.m, client: r.client, email: r.email, account: r.account, gen: r.change.Generation, profile: kdf.Default,
		master: r.change.Master, secretKey: r.change.SecretKey, device: r.device,
	}
	if err := s.prove(ctx); err != nil {
		return err
	}
	if s.CodeNeeded() {
		return ErrRecoveryEnded
	}
	r.signIn = s
	return nil
}

// settle makes this PC a device of the account with its new keys. The file that is here goes on with them, as one whose keys were
// changed elsewhere: who has forgotten his password has not given up what he typed, and it may be nowhere else. Where no way leads on from
// the file it is set aside, and this PC begins like a new one. A server that went behind what this PC knew bars nobody's way; what it
// lost comes back as edits, once the user has said that the vault is as he left it.
func (r *Recovery) settle(ctx context.Context, progress func(done, total int)) (*Unlocked, error) {
	reload := func(behind bool) (*Unlocked, Reloaded, error) {
		return r.m.reload(ctx, r.account, progress, func(l *reload) error {
			l.behind = behind
			return l.recovered(ctx, r.signIn)
		})
	}
	u, done, err := reload(false)
	var violation *engine.Violation
	if errors.As(err, &violation) {
		u, done, err = reload(true)
	}
	if done.SetAside > 0 {
		r.m.cfg.Log.Warn("some of the vault file did not open", "objects", done.SetAside, "copy", done.Copy)
	}
	switch {
	case errors.Is(err, ErrUnknownAccount), errors.Is(err, vault.ErrCorrupt), errors.Is(err, vault.ErrNewerSchema), errors.Is(err, vault.ErrOtherAccount):
		r.m.cfg.Log.Warn("recovery begins without the vault file that is here", "error", err)
	default:
		return u, err
	}
	if err := r.m.setAside(r.account); err != nil {
		return nil, err
	}
	r.signIn.anchor.Wipe()
	r.signIn.anchor = secret.Bytes{}
	return r.signIn.Finish(ctx, progress)
}

// recovered takes a sign-in with the keys of a recovery. What the keyring has says whether the file is genuine, and how far the server's
// history has to go; without it the user is asked, as after any enrolment. It gets the new Secret Key before the file does: after a kill
// between the two the new password opens either.
func (r *reload) recovered(ctx context.Context, s *SignIn) (err error) {
	r.signIn = s
	r.kept, err = r.m.cfg.Keyring.Load(ctx, r.header.Origin, r.header.ID)
	switch err = fromKeyring(err); {
	case errors.Is(err, ErrKeyringLost), errors.Is(err, ErrNoKeyring):
		r.kept, r.unvouched = platform.DeviceSecrets{Anchor: secret.Random(anchorSize)}, true
		return nil
	case err != nil:
		return err
	}
	if err := r.examine(ctx); err != nil {
		return err
	}
	if r.header.Generation == s.gen {
		return nil // it has them already
	}
	both := r.kept
	if sk, found := r.kept.KeyOf(r.header.Generation); found {
		both.SecretKey, both.KeyGeneration = sk, r.header.Generation
	}
	both.Next = platform.NextKey{Generation: s.gen, SecretKey: s.secretKey.Bytes()}
	defer both.Next.SecretKey.Wipe()
	if err := r.m.cfg.Keyring.Save(ctx, r.header.Origin, r.header.ID, both); err != nil {
		return fmt.Errorf("announce keys: %w", fromKeyring(err))
	}
	return nil
}

// setAside moves a file of the account out of the way of a new one, as a copy that stays for a while.
func (m *Manager) setAside(account id.ID) error {
	path := m.cfg.Paths.Account(account)
	if _, err := os.Stat(path); err != nil {
		return nil
	}
	aside := path + ".before-" + m.cfg.Now().UTC().Format(copyTime)
	if err := moveFile(path, aside); err != nil {
		return fmt.Errorf("set old vault file aside: %w", err)
	}
	return nil
}

// resting recovery file: nothing in it helps without the code.
type recoveryFile struct {
	Origin  string `json:"origin"`
	Email   string `json:"email"`
	Account id.ID  `json:"account"`
	Device  id.ID  `json:"device"`
	Name    string `json:"name"`
	Ready   int64  `json:"ready"`
	Seed    []byte `json:"sealed_device_seed"`
	Change  []byte `json:"sealed_change,omitempty"`
	// Earlier are the changes of earlier tries, newest first.
	Earlier [][]byte `json:"sealed_earlier,omitempty"`
}

// PendingRecovery is a recovery that was begun on this PC.
type PendingRecovery struct {
	Account       id.ID
	Email, Origin string
	Ready         time.Time // by the server's clock
	Replacing     bool      // new keys were made, and may be in force: nothing else has them
}

const recoverySuffix = ".recovery"

func (m *Manager) recoveryPath(account id.ID) string {
	return filepath.Join(m.cfg.Paths.Data, account.String()+recoverySuffix)
}

func (r *Recovery) path() string { return r.m.recoveryPath(r.account) }

// keep writes the file, before anything that it stands for is sent.
func (r *Recovery) keep() error {
	if err := r.m.cfg.Paths.Create(); err != nil {
		return fmt.Errorf("keep recovery: %w", err)
	}
	f := recoveryFile{Origin: r.client.Origin(), Email: r.email, Account: r.account, Device: r.device.ID, Name: r.device.Name}
	if !r.ready.IsZero() {
		f.Ready = r.ready.UnixMilli()
	}
	seed := r.device.Key.Seed()
	defer seed.Wipe()
	var err error
	if f.Seed, err = r.seal("device-seed", seed); err != nil {
		return err
	}
	if r.change != nil {
		if f.Change, err = r.sealChange(r.change); err != nil {
			return err
		}
	}
	for _, change := range r.earlier {
		sealed, err := r.sealChange(change)
		if err != nil {
			return err
		}
		f.Earlier = append(f.Earlier, sealed)
	}
	data, err := json.Marshal(f)
	if err == nil {
		err = atomicfile.WriteFile(r.path(), data, 0o600)
	}
	if err != nil {
		return fmt.Errorf("keep recovery: %w", err)
	}
	return nil
}

func (r *Recovery) sealChange(change *enrol.Change) ([]byte, error) {
	kept, err := change.Marshal()
	if err != nil {
		return nil, fmt.Errorf("keep recovery: %w", err)
	}
	defer kept.Wipe()
	return r.seal("change", kept)
}

func (r *Recovery) ref(name string) keys.LocalRef {
	return keys.LocalRef{Account: r.account, Device: r.device.ID, Name: "recovery " + name}
}

func (r *Recovery) seal(name string, value secret.Bytes) ([]byte, error) {
	kek := r.master.KEK()
	defer kek.Wipe()
	sealed, err := keys.SealLocal(kek, r.ref(name), value.Reveal())
	if err != nil {
		return nil, fmt.Errorf("keep recovery: %w", err)
	}
	return sealed, nil
}

// PendingRecoveries lists the recoveries that were begun on this PC.
func (m *Manager) PendingRecoveries() []PendingRecovery {
	paths, err := named(m.cfg.Paths.Data, "", recoverySuffix)
	if err != nil {
		m.cfg.Log.Warn("recoveries not listed", "error", err)
	}
	var pending []PendingRecovery
	for _, path := range paths {
		account, err := id.Parse(strings.TrimSuffix(filepath.Base(path), recoverySuffix))
		if err != nil {
			continue
		}
		if p := m.PendingRecovery(account); !p.Account.IsZero() {
			pending = append(pending, p)
		}
	}
	return pending
}

// PendingRecovery is the one of an account; zero without one.
func (m *Manager) PendingRecovery(account id.ID) PendingRecovery {
	f, err := readRecovery(m.recoveryPath(account))
	if err != nil || f.Ready == 0 || f.Account != account {
		return PendingRecovery{}
	}
	return PendingRecovery{Account: account, Email: f.Email, Origin: f.Origin, Ready: time.UnixMilli(f.Ready), Replacing: len(f.Change) > 0}
}

// maxRecoveryFile bounds what is read; a change with its wraps for many devices is far smaller.
const maxRecoveryFile = 8 << 20

func readRecovery(path string) (f recoveryFile, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return f, err
	}
	if info.Size() > maxRecoveryFile {
		return f, errors.New("recovery file is too large")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return f, err
	}
	return f, json.Unmarshal(data, &f)
}

// ResumeRecovery goes on with a recovery that was begun on this PC. Errors: keys.ErrRecoveryCodeMalformed and ErrRecoveryCodeChecksum;
// ErrProofFailed for another code than the one it was begun with.
func (m *Manager) ResumeRecovery(p PendingRecovery, recoveryCode string) (*Recovery, error) {
	code, err := keys.ParseRecoveryCode(recoveryCode)
	if err != nil {
		return nil, err
	}
	defer code.Wipe()
	f, err := readRecovery(m.recoveryPath(p.Account))
	if err != nil {
		return nil, fmt.Errorf("read recovery: %w", err)
	}
	client, err := m.client(f.Origin)
	if err != nil {
		return nil, err
	}
	r := &Recovery{m: m, client: client, email: f.Email, account: f.Account, ready: time.UnixMilli(f.Ready), master: keys.DeriveRecoveryMaster(code, f.Account)}
	r.device = enrol.Device{ID: f.Device, Name: f.Name, Platform: m.cfg.Platform}
	return r, r.unseal(f)
}

func (r *Recovery) unseal(f recoveryFile) error {
	kek := r.master.KEK()
	defer kek.Wipe()
	seed, err := keys.OpenLocal(kek, r.ref("device-seed"), f.Seed)
	if err == nil {
		r.device.Key, err = takeSeed(seed)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrProofFailed, err)
	}
	if len(f.Change) == 0 {
		return nil
	}
	for i, sealed := range append([][]byte{f.Change}, f.Earlier...) {
		var change *enrol.Change
		kept, err := keys.OpenLocal(kek, r.ref("change"), sealed)
		if err == nil {
			change, err = enrol.UnmarshalChange(kept)
		}
		switch {
		case err != nil:
			return fmt.Errorf("%w: %w", ErrProofFailed, err)
		case i == 0:
			r.change = change
		default:
			r.earlier = append(r.earlier, change)
		}
	}
	return nil
}

// Forget gives a recovery up on this PC. At the server it ends by itself.
func (r *Recovery) Forget() error { return r.m.removeRecovery(r.account) }

// ForgetRecovery gives up one that was begun on this PC, unless it may have replaced the keys of the account: they are nowhere else.
func (m *Manager) ForgetRecovery(account id.ID) error {
	f, err := readRecovery(m.recoveryPath(account))
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(f.Change) > 0 {
		return nil
	}
	return m.removeRecovery(account)
}

func (m *Manager) removeRecovery(account id.ID) error {
	if err := os.Remove(m.recoveryPath(account)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget recovery: %w", err)
	}
	return nil
}
