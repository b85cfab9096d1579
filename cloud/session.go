package cloud

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"net/netip"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
)

const (
	tokenSize       = 32
	accessLifetime  = 10 * time.Minute
	refreshLifetime = 90 * 24 * time.Hour
	// familySize bytes of a refresh token name its session, the others are new each time: so a token that was used up long ago is
	// still known for what it is, and nothing has to be kept of it.
	familySize = 16
	// sessionsPerDevice bounds the rows that a device can make by proving again and again; the oldest goes.
	sessionsPerDevice = 5
)

// Sessions opens, renews and ends sessions. Tokens are random and stored as hashes; without the device's key they are worth nothing.
type Sessions struct {
	*base
	events *Events
}

// Session is one sign-in of one device.
type Session struct {
	ID             string
	Account        id.ID
	Device         id.ID
	AccessHash     []byte
	AccessExpires  int64
	FamilyHash     []byte
	RefreshHash    []byte
	PreviousHash   []byte // the refresh token before; empty at first
	RefreshExpires int64
}

type sessionRows interface {
	InsertSession(Session) error
	Session(sessionID string) (Session, error)
	SessionByAccess(hash []byte) (Session, error)
	// CallerByAccess finds an access token's session together with its device, if that is one of the account.
	CallerByAccess(hash []byte) (Caller, error)
	SessionByFamily(hash []byte) (Session, error)
	UpdateSession(Session) error
	DeleteSession(sessionID string) error
	DeleteDeviceSessions(account, device id.ID) error
	// DeleteOtherSessions leaves those of one device.
	DeleteOtherSessions(account, device id.ID) error
	// DeleteOldSessions leaves the newest keep sessions of a device.
	DeleteOldSessions(account, device id.ID, keep int) error
}

// Tokens are what a client gets of a session.
type Tokens struct {
	Access        []byte
	AccessExpires int64
	Refresh       []byte
}

// Caller is who sent a request, once its signature is verified.
type Caller struct {
	Account   id.ID
	Device    id.ID
	Key       signing.PublicKey
	Status    DeviceStatus
	SessionID string
	Expires   int64 // of the access token
	// From is the address that the request came from: for mails that say where something was done. The zero Addr if it is not known.
	From netip.Addr
}

func hashToken(token []byte) []byte {
	h := sha256.Sum256(token)
	return h[:]
}

// open starts a session of a device.
func (s *Sessions) open(tx Tx, account, device id.ID) (Tokens, error) {
	family := s.bytes(familySize)
	tokens, row := s.issue(Session{ID: s.rowID(), Account: account, Device: device, FamilyHash: hashToken(family)}, family)
	// First the old ones: where the clock was set back, this one would be the oldest.
	if err := tx.DeleteOldSessions(account, device, sessionsPerDevice-1); err != nil {
		return Tokens{}, err
	}
	return tokens, tx.InsertSession(row)
}

// issue puts fresh tokens into a session.
func (s *Sessions) issue(row Session, family []byte) (Tokens, Session) {
	now := s.time()
	tokens := Tokens{Access: s.bytes(tokenSize), AccessExpires: now + millis(accessLifetime)}
	tokens.Refresh = append(bytes.Clone(family), s.bytes(tokenSize-familySize)...)
	row.AccessHash, row.AccessExpires = hashToken(tokens.Access), tokens.AccessExpires
	row.RefreshHash, row.RefreshExpires = hashToken(tokens.Refresh), now+millis(refreshLifetime)
	return tokens, row
}

// ByAccess finds the session of an access token, for the request's signature to be verified with the device's key. A revoked
// device is found too: it is told so once its signature is right. Errors: ErrSessionEnded.
func (s *Sessions) ByAccess(ctx context.Context, account, device id.ID, token []byte) (Caller, error) {
	var caller Caller
	hash := hashToken(token)
	err := s.store.Glance(ctx, func(tx Tx) (err error) {
		caller, err = tx.CallerByAccess(hash)
		return err
	})
	if errors.Is(err, ErrNone) {
		caller, err = s.recoveringByAccess(ctx, hash)
	}
	if errors.Is(err, ErrNone) {
		return Caller{}, ErrSessionEnded
	} else if err != nil {
		return Caller{}, err
	}
	if caller.Account != account || caller.Device != device || over(s.time(), caller.Expires, accessLifetime) {
		return Caller{}, ErrSessionEnded
	}
	return caller, nil
}

// recoveringByAccess is for the session of a device that is none of the account yet.
func (s *Sessions) recoveringByAccess(ctx context.Context, hash []byte) (caller Caller, err error) {
	err = s.store.View(ctx, func(tx Tx) error {
		row, err := tx.SessionByAccess(hash)
		if err != nil {
			return err
		}
		caller, err = s.holder(tx, row.Account, row.Device)
		caller.SessionID, caller.Expires = row.ID, row.AccessExpires
		return err
	})
	return caller, err
}

// Check looks again for the session of a caller whose request goes on for long. Errors: ErrSessionEnded.
func (s *Sessions) Check(ctx context.Context, c Caller) error {
	err := s.store.View(ctx, func(tx Tx) error {
		_, err := tx.Session(c.SessionID)
		return err
	})
	if errors.Is(err, ErrNone) {
		return ErrSessionEnded
	}
	return err
}

// ByDevice finds a device that asks to renew its session. Errors: ErrSessionEnded.
func (s *Sessions) ByDevice(ctx context.Context, account, device id.ID) (Caller, error) {
	var caller Caller
	err := s.store.View(ctx, func(tx Tx) (err error) {
		caller, err = s.holder(tx, account, device)
		return err
	})
	if errors.Is(err, ErrNone) {
		return Caller{}, ErrSessionEnded
	}
	return caller, err
}

// holder finds who may hold a session: a device of the account, or one that recovers it and has waited. ErrNone if neither.
func (s *Sessions) holder(tx Tx, account, device id.ID) (Caller, error) {
	d, err := tx.Device(account, device)
	if err == nil {
		return Caller{Account: account, Device: device, Key: d.Key, Status: d.Status}, nil
	} else if !errors.Is(err, ErrNone) {
		return Caller{}, err
	}
	r, err := tx.Recovery(account, device)
	if err != nil {
		return Caller{}, err
	}
	if !r.ready(s.time()) {
		return Caller{}, ErrNone
	}
	return Caller{Account: account, Device: device, Key: r.Key, Status: DeviceRecovering}, nil
}

// Refresh trades a refresh token for new tokens. The previous token works too until the new one was used, since the answer that
// carried the new one may have been lost; any other comes from a thief or a copy, and ends the session. Errors: ErrSessionEnded.
func (s *Sessions) Refresh(ctx context.Context, c Caller, token []byte) (tokens Tokens, err error) {
	if len(token) != tokenSize {
		return Tokens{}, ErrSessionEnded
	}
	family := token[:familySize]
	err = s.decide(ctx, func(tx Tx) (verdict, failure error) {
		row, err := tx.SessionByFamily(hashToken(family))
		if errors.Is(err, ErrNone) {
			return ErrSessionEnded, nil
		} else if err != nil {
			return nil, err
		}
		if row.Account != c.Account || row.Device != c.Device || over(s.time(), row.RefreshExpires, refreshLifetime) {
			return ErrSessionEnded, nil
		}
		if !row.use(hashToken(token)) {
			return ErrSessionEnded, tx.DeleteSession(row.ID)
		}
		tokens, row = s.issue(row, family)
		if err := tx.UpdateSession(row); err != nil || c.Status == DeviceRecovering {
			return nil, err
		}
		return nil, tx.TouchDevice(row.Account, row.Device, s.time())
	})
	if errors.Is(err, ErrSessionEnded) {
		s.events.drop(c.Account, c.Device)
	}
	return tokens, err
}

// use decides whether a refresh token may be used, and makes it the previous one.
func (row *Session) use(hash []byte) bool {
	if hmac.Equal(hash, row.RefreshHash) {
		row.PreviousHash = row.RefreshHash
		return true
	}
	return hmac.Equal(hash, row.PreviousHash)
}

// End signs the caller out; its open event streams end too.
func (s *Sessions) End(ctx context.Context, c Caller) error {
	err := s.store.Update(ctx, func(tx Tx) error { return tx.DeleteSession(c.SessionID) })
	if err == nil {
		s.events.drop(c.Account, c.Device)
	}
	return err
}
