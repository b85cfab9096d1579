package remote

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/wire"
)

// refreshEarly is how long before its end an access token is replaced.
const refreshEarly = time.Minute

// Session is a device that is signed in. It renews its tokens by itself and is safe for concurrent use.
type Session struct {
	client *Client
	signer Signer
	hooks  Hooks

	mu     sync.Mutex // held over a renewal, so that it happens once
	tokens wire.Session
}

// Hooks connect a session to who keeps its tokens.
type Hooks struct {
	// Keep stores new tokens, sealed, before the first request uses them: the server honours the previous refresh token only until
	// then.
	Keep func(wire.Session) error
	// Prove opens a new session where the server has ended this one; nil where there is no key to prove with.
	Prove func(context.Context) (wire.Session, error)
}

// Session continues a session; tokens may be zero where hooks can prove.
func (c *Client) Session(s Signer, tokens wire.Session, hooks Hooks) *Session {
	return &Session{client: c, signer: s, tokens: tokens, hooks: hooks}
}

// Client is the server that the session belongs to.
func (s *Session) Client() *Client { return s.client }

// do sends a request with a live token.
func (s *Session) do(ctx context.Context, method, path string, in, out any) error {
	return s.live(ctx, func(token []byte) error { return s.client.call(ctx, method, path, &s.signer, token, in, out) })
}

// maxRenewals bounds how often a request is repeated for a session that the server says is over. Once would do, but for tokens that
// another program on this PC has left, and that are over too.
const maxRenewals = 2

// live asks with a live token, and with another one if the server has ended the token meanwhile.
func (s *Session) live(ctx context.Context, ask func(token []byte) error) error {
	token, err := s.token(ctx, nil)
	for renewals := 0; err == nil; renewals++ {
		if err := ask(token); !IsCode(err, wire.CodeSessionEnded) || renewals == maxRenewals {
			return err
		}
		token, err = s.token(ctx, token)
	}
	return err
}

// token returns an access token other than refused, renewing if need be.
func (s *Session) token(ctx context.Context, refused []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	expires := time.UnixMilli(s.tokens.AccessExpires - s.client.clock.skew.Load())
	if string(s.tokens.AccessToken) != string(refused) && s.client.now().Add(refreshEarly).Before(expires) {
		return s.tokens.AccessToken, nil
	}
	fresh, err := s.renew(ctx)
	if err != nil {
		return nil, fmt.Errorf("renew session: %w", err)
	}
	if err := s.hooks.Keep(fresh); err != nil {
		return nil, fmt.Errorf("keep session: %w", err)
	}
	s.tokens = fresh
	return fresh.AccessToken, nil
}

func (s *Session) renew(ctx context.Context) (fresh wire.Session, err error) {
	err = &wire.Error{Code: wire.CodeSessionEnded}
	if len(s.tokens.RefreshToken) > 0 {
		in := wire.Refresh{RefreshToken: s.tokens.RefreshToken}
		err = s.client.call(ctx, "POST", "/v1/sessions/refresh", &s.signer, nil, in, &fresh)
	}
	if IsCode(err, wire.CodeSessionEnded) && s.hooks.Prove != nil {
		return s.hooks.Prove(ctx)
	}
	return fresh, err
}

// Keys fetches the key bundle.
func (s *Session) Keys(ctx context.Context) (out wire.KeyBundle, err error) {
	return out, s.do(ctx, "GET", "/v1/account/keys", nil, &out)
}

// Log fetches the account log's entries after seq.
func (s *Session) Log(ctx context.Context, since uint64) (out wire.LogPage, err error) {
	return out, s.do(ctx, "GET", "/v1/account/log?since="+strconv.FormatUint(since, 10), nil, &out)
}

// AppendLog adds an entry to the account log.
func (s *Session) AppendLog(ctx context.Context, entry wire.SignedEntry) error {
	return s.do(ctx, "POST", "/v1/account/log", wire.LogAppend{SignedEntry: entry}, nil)
}

// Me describes the account and its devices, as the server sees them.
func (s *Session) Me(ctx context.Context) (out wire.Me, err error) {
	return out, s.do(ctx, "GET", "/v1/me", nil, &out)
}

// Vaults lists the account's vaults with their heads.
func (s *Session) Vaults(ctx context.Context) (out wire.Vaults, err error) {
	return out, s.do(ctx, "GET", "/v1/vaults", nil, &out)
}

// Head fetches a vault's head commit.
func (s *Session) Head(ctx context.Context, vault id.ID) (out wire.HeadCommit, err error) {
	return out, s.do(ctx, "GET", "/v1/vaults/"+vault.String()+"/head", nil, &out)
}

// Changes fetches a page of commits after seq.
func (s *Session) Changes(ctx context.Context, vault id.ID, since uint64) (out wire.Changes, err error) {
	return out, s.do(ctx, "GET", "/v1/vaults/"+vault.String()+"/changes?since="+strconv.FormatUint(since, 10), nil, &out)
}

// Objects fetches a page of the state table with envelopes; after is the last page's cursor, empty at first.
func (s *Session) Objects(ctx context.Context, vault id.ID, after string) (out wire.Objects, err error) {
	path := "/v1/vaults/" + vault.String() + "/objects"
	if after != "" {
		path += "?after=" + url.QueryEscape(after)
	}
	return out, s.do(ctx, "GET", path, nil, &out)
}

// Fetch asks for the current envelopes of objects.
func (s *Session) Fetch(ctx context.Context, vault id.ID, objects []id.ID) (out wire.Fetched, err error) {
	in := wire.Fetch{ObjectIDs: make([]string, len(objects))}
	for i, o := range objects {
		in.ObjectIDs[i] = o.String()
	}
	return out, s.do(ctx, "POST", "/v1/vaults/"+vault.String()+"/objects/fetch", in, &out)
}

// Push sends one commit.
func (s *Session) Push(ctx context.Context, vault id.ID, in wire.Push) (out wire.Pushed, err error) {
	return out, s.do(ctx, "POST", "/v1/vaults/"+vault.String()+"/commits", in, &out)
}

// SignOut ends the session at the server.
func (s *Session) SignOut(ctx context.Context) error {
	return s.do(ctx, "DELETE", "/v1/sessions", nil, nil)
}
