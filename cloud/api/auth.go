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
	find func(context.Context, *Server, *signedRequest) (cloud.Caller, error)
}

const policyKey = "policy"

var (
	open = policy{open: true}
	// bySession routes belong to a device that is signed in.
	bySession = policy{find: findBySession}
	// byDevice is for a device that the account knows, without a token.
	byDevice = policy{find: func(ctx context.Context, s *Server, r *signedRequest) (cloud.Caller, error) {
		return s.cloud.Sessions.ByDevice(ctx, r.Account, r.Device)
	}}
	// byPending is for a new device that waits for its code.
	byPending = policy{find: func(ctx context.Context, s *Server, r *signedRequest) (cloud.Caller, error) {
		return s.cloud.SignIn.ByPending(ctx, r.Account, r.Device)
	}}
	// byBody is for sign-up: the key comes with the request, which shows that its sender has the private half.
	byBody = policy{find: findByBody}
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
	if err != nil || in.AccountID != r.Account.String() || in.Device.ID != r.Device.String() {
		return cloud.Caller{}, fmt.Errorf("%w: headers and body name different devices", cloud.ErrInvalid)
	}
	return cloud.Caller{Account: r.Account, Device: r.Device, Key: key}, nil
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
	body, err := readBody(w, r, ctx.Operation().MaxBodyBytes)
	if err != nil {
		writeError(w, err)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	route, _ := ctx.Operation().Metadata[policyKey].(policy)
	caller, err := s.caller(r, body, route)
	if err != nil {
		writeError(w, s.toAnswer(r.Context(), ctx.Operation().OperationID, err))
		return
	}
	next(huma.WithValue(ctx, callerKey{}, caller))
}

// readBody reads a whole body, since its hash is signed.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
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
	return body, nil
}

func (s *Server) caller(r *http.Request, body []byte, route policy) (cloud.Caller, error) {
	if route.open {
		return cloud.Caller{}, nil
	}
	if route.find == nil {
		return cloud.Caller{}, errors.New("route without a policy")
	}
	signed, err := s.parseSigned(r, body)
	if err != nil {
		return cloud.Caller{}, err
	}
	now := s.now().UnixMilli()
	// A request from before the start may have been seen by the process before this one, whose memory of nonces is gone.
	if d := signed.Time - now; d > maxSkew || d < -maxSkew || signed.Time < s.started {
		return cloud.Caller{}, clockSkew{serverTime: now}
	}
	caller, err := route.find(r.Context(), s, signed)
	if err != nil {
		return cloud.Caller{}, err
	}
	if caller.Key.Verify(signing.Request, signed.Message(), signed.signature) != nil {
		return cloud.Caller{}, cloud.ErrSessionEnded
	}
	return caller, s.admit(caller, signed, now)
}

// admit decides about a request whose signature is right.
func (s *Server) admit(c cloud.Caller, r *signedRequest, now int64) error {
	if c.Status == cloud.DeviceRevoked {
		return cloud.ErrDeviceRevoked
	}
	// Only after the signature: strangers must not be able to fill the memory.
	return s.nonces.use(now, r.Account, r.Device, r.Nonce)
}

// parseSigned reads the headers of docs/protocol.md §8, each in its one spelling.
func (s *Server) parseSigned(r *http.Request, body []byte) (*signedRequest, error) {
	h := r.Header
	if h.Get(wire.HeaderSignature) == "" {
		return nil, cloud.ErrSessionEnded
	}
	out := &signedRequest{Request: proof.Request{
		Origin: s.origin, Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery, Body: body,
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
	return out, nil
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
