package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/proof"
	"github.com/coffer-vault/coffer/sync/wire"
)

// maxSkew is how far a request's time may be off, in milliseconds.
const maxSkew = 120_000

// policy says whose signature a route demands, by finding the key. The zero policy, of a route that forgot it, lets nobody in.
type policy struct {
	open bool // no signature: the route proves nothing, or carries its own proof
	// signer is its name in the description (describe.go).
	signer string
	// keyInBody is for sign-up and for the new device's side of a pairing: the body has the key, or says whose it is. Since anybody can
	// make such a key, its nonces are not remembered: the sign-up's token serves once, and the steps of a pairing can be repeated.
	keyInBody bool
	// recovering lets a device in that recovers.
	recovering bool
	find       func(context.Context, *Server, *signedRequest) (cloud.Caller, error)
}

const (
	policyKey = "policy"
	answerKey = "answer"
)

var (
	open = policy{open: true}
	// bySession routes belong to a device that is signed in.
	bySession = policy{signer: "session", find: findBySession}
	// byReader is for what a device that recovers may do too.
	byReader = policy{signer: "reader", find: findBySession, recovering: true}
	// byDevice is for a device that the account knows, without a token.
	byDevice = policy{signer: "device", recovering: true, find: func(ctx context.Context, s *Server, r *signedRequest) (cloud.Caller, error) {
		return s.cloud.Sessions.ByDevice(ctx, r.Account, r.Device)
	}}
	// byPending is for a new device that waits for its code.
	byPending = policy{signer: "pending", find: func(ctx context.Context, s *Server, r *signedRequest) (cloud.Caller, error) {
		return s.cloud.SignIn.ByPending(ctx, r.Account, r.Device)
	}}
	// byBody shows that the sender has the private half of the key in the body.
	byBody = policy{signer: "body", find: findByBody, keyInBody: true}
	// byPairing is for the new device of a pairing that is named in the body.
	byPairing = policy{signer: "pairing", find: findByPairing, keyInBody: true}
	// byRecovery is for a device that recovers, without a token.
	byRecovery = policy{signer: "recovery", find: func(ctx context.Context, s *Server, r *signedRequest) (cloud.Caller, error) {
		return s.cloud.Recoveries.ByRecovery(ctx, r.Account, r.Device)
	}}
)

func findBySession(ctx context.Context, s *Server, r *signedRequest) (cloud.Caller, error) {
	if len(r.Token) == 0 {
		return cloud.Caller{}, cloud.ErrSessionEnded
	}
	return s.cloud.Sessions.ByAccess(ctx, r.Account, r.Device, r.Token)
}

func findByBody(_ context.Context, _ *Server, r *signedRequest) (cloud.Caller, error) {
	var in struct {
		AccountID string `json:"account_id"`
		Device    struct {
			ID        string `json:"id"`
			PublicKey []byte `json:"public_key"`
		} `json:"device"`
	}
	if err := json.Unmarshal(r.Body, &in); err != nil {
		return cloud.Caller{}, fmt.Errorf("%w: body", cloud.ErrInvalid)
	}
	key, err := signing.ParsePublicKey(in.Device.PublicKey)
	// A pairing's first request has no account yet: it is signed under the zero account.
	if in.AccountID == "" {
		in.AccountID = id.ID{}.String()
	}
	if err != nil || in.AccountID != r.Account.String() || in.Device.ID != r.Device.String() {
		return cloud.Caller{}, fmt.Errorf("%w: headers and body name different devices", cloud.ErrInvalid)
	}
	return cloud.Caller{Account: r.Account, Device: r.Device, Key: key}, nil
}

func findByPairing(ctx context.Context, s *Server, r *signedRequest) (cloud.Caller, error) {
	var in struct {
		PairingID string `json:"pairing_id"`
	}
	if err := json.Unmarshal(r.Body, &in); err != nil {
		return cloud.Caller{}, fmt.Errorf("%w: body", cloud.ErrInvalid)
	}
	pairing, err := parseID(in.PairingID)
	if err != nil || !r.Account.IsZero() {
		return cloud.Caller{}, fmt.Errorf("%w: pairing id or account", cloud.ErrInvalid)
	}
	return s.cloud.Pairings.ByPairing(ctx, pairing, r.Device)
}

// signedRequest is a request with the headers that sign it.
type signedRequest struct {
	proof.Request
	signature []byte
}

type callerKey struct{}

func callerOf(ctx context.Context) cloud.Caller {
	caller, _ := ctx.Value(callerKey{}).(cloud.Caller)
	return caller
}

// authenticate is the one middleware that every operation passes. It reads the body, verifies the signature that the route's policy
// demands, and hands on who the caller is.
func (s *Server) authenticate(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	op := ctx.Operation()
	route, _ := op.Metadata[policyKey].(policy)
	leave := func() {}
	defer func() { leave() }()
	caller, err := s.caller(r, route, func(known cloud.Caller) (body []byte, err error) {
		// Whoever has a session's token is weighed and nobody else: a stranger cannot use up what is an account's.
		if known.SessionID != "" {
			if leave, err = s.gate.enter(r.Context(), known.Account, weigh(r, op)); err != nil {
				leave = func() {}
				return nil, err
			}
		}
		return takeBody(w, r, op.MaxBodyBytes)
	})
	if err != nil {
		writeError(w, s.toAnswer(r.Context(), op.OperationID, err))
		return
	}
	caller.From = clientAddress(r, s.behindProxy)
	next(huma.WithValue(ctx, callerKey{}, caller))
}

// weigh is what a request's body and answer may take. A body that does not say how long it is may be the longest.
func weigh(r *http.Request, op *huma.Operation) int64 {
	body := r.ContentLength
	if body < 0 || body > op.MaxBodyBytes {
		body = op.MaxBodyBytes
	}
	answer, _ := op.Metadata[answerKey].(int64)
	return body + answer
}

// takeBody reads a whole body, since its hash is signed, and puts it back for the handler.
func takeBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	deadline := http.NewResponseController(w)
	// A writer without deadlines, as tests have it, is read without one.
	_ = deadline.SetReadDeadline(time.Now().Add(readTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	_ = deadline.SetReadDeadline(time.Time{})
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, fmt.Errorf("%w: body over %d bytes", cloud.ErrTooLarge, limit)
	} else if err != nil {
		return nil, fmt.Errorf("%w: body ends early", cloud.ErrInvalid)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body, nil
}

// caller decides who sent a request. What can be refused without the body is: strangers do not get megabytes into memory. body is told
// what is known of the caller before it, which no signature has proved yet.
func (s *Server) caller(r *http.Request, route policy, body func(cloud.Caller) ([]byte, error)) (caller cloud.Caller, err error) {
	if route.open {
		_, err := body(cloud.Caller{})
		return cloud.Caller{}, err
	}
	if route.find == nil {
		return cloud.Caller{}, errors.New("route without a policy")
	}
	signed, err := s.parseSigned(r)
	if err != nil {
		return cloud.Caller{}, err
	}
	if !route.keyInBody {
		if caller, err = route.find(r.Context(), s, signed); err != nil {
			return cloud.Caller{}, err
		}
	}
	if signed.Body, err = body(caller); err != nil {
		return cloud.Caller{}, err
	}
	if route.keyInBody {
		if caller, err = route.find(r.Context(), s, signed); err != nil {
			return cloud.Caller{}, err
		}
	}
	return caller, s.verify(r.Context(), caller, route, signed)
}

// verify decides about a request of which everything is known. The nonce comes last: strangers must not be able to fill its memory.
func (s *Server) verify(ctx context.Context, c cloud.Caller, route policy, r *signedRequest) error {
	switch {
	case c.Key.Verify(signing.Request, r.Message(), r.signature) != nil:
		return cloud.ErrSessionEnded
	case c.Status == cloud.DeviceRevoked:
		return cloud.ErrDeviceRevoked
	case c.Status == cloud.DeviceRecovering && !route.recovering:
		return cloud.ErrDeviceUnlisted
	case route.keyInBody:
		return nil
	}
	return s.useNonce(ctx, r)
}

// parseSigned reads the headers of docs/protocol.md §8, each in its one spelling, and checks the time.
func (s *Server) parseSigned(r *http.Request) (*signedRequest, error) {
	h := r.Header
	if h.Get(wire.HeaderSignature) == "" {
		return nil, cloud.ErrSessionEnded
	}
	out := &signedRequest{Request: proof.Request{
		Origin: s.origin, Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery,
	}}
	var errs [6]error
	out.Account, errs[0] = id.Parse(h.Get(wire.HeaderAccount))
	out.Device, errs[1] = id.Parse(h.Get(wire.HeaderDevice))
	out.Time, errs[2] = strconv.ParseInt(h.Get(wire.HeaderTime), 10, 64)
	out.signature, errs[3] = base64.StdEncoding.Strict().DecodeString(h.Get(wire.HeaderSignature))
	out.Token, errs[4] = bearer(h.Get("Authorization"))
	nonce, err := hex.DecodeString(h.Get(wire.HeaderNonce))
	if errs[5] = err; len(nonce) != len(out.Nonce) {
		errs[5] = errors.New("nonce")
	} else {
		copy(out.Nonce[:], nonce)
	}
	if err := errors.Join(errs[:]...); err != nil || out.Time < 0 {
		return nil, fmt.Errorf("%w: a header that signs the request", cloud.ErrInvalid)
	}
	return out, s.checkTime(out.Time)
}

// checkTime refuses a request that is too old or too new, or from before the start: the process before this one may have seen it,
// and its memory of nonces is gone. A clock that was set back to before the start starts anew: nobody could be served until the old
// time comes again, which can be days.
func (s *Server) checkTime(at int64) error {
	now := s.now().UnixMilli()
	started := s.started.Load()
	if now < started {
		s.started.CompareAndSwap(started, now)
		started = now
	}
	if at < now-maxSkew || at > now+maxSkew || at < started {
		return clockSkew{serverTime: now}
	}
	return nil
}

// bearer decodes the access token; none is fine here.
func bearer(header string) ([]byte, error) {
	if header == "" {
		return nil, nil
	}
	text, ok := strings.CutPrefix(header, "Bearer ")
	if !ok {
		return nil, errors.New("authorization is not a bearer token")
	}
	return base64.RawURLEncoding.Strict().DecodeString(text)
}
