package api

import (
	"context"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/sync/wire"
)

func (s *Server) sessions() {
	route(s, operation{id: "session-refresh", method: "POST", path: "/v1/sessions/refresh", auth: byDevice}, s.refresh)
	route(s, operation{id: "session-end", method: "DELETE", path: "/v1/sessions", auth: byReader}, s.signOut)
	route(s, operation{id: "session-end-others", method: "POST", path: "/v1/sessions/end-others", auth: bySession}, s.endOthers)
	route(s, operation{id: "session-log", method: "GET", path: "/v1/sessions/log", auth: byDevice}, s.accountLog)
}

func (s *Server) account() {
	route(s, operation{id: "account-keys", method: "GET", path: "/v1/account/keys", auth: byReader}, s.keys)
	route(s, operation{id: "account-log", method: "GET", path: "/v1/account/log", auth: byReader}, s.accountLog)
	route(s, operation{id: "account-log-append", method: "POST", path: "/v1/account/log", auth: bySession}, s.appendLog)
	route(s, operation{id: "me", method: "GET", path: "/v1/me", auth: bySession}, s.me)
}

func (s *Server) refresh(ctx context.Context, c cloud.Caller, in *body[wire.Refresh]) (*answer[wire.Session], error) {
	tokens, err := s.cloud.Sessions.Refresh(ctx, c, in.Body.RefreshToken)
	return &answer[wire.Session]{session(tokens)}, err
}

func (s *Server) signOut(ctx context.Context, c cloud.Caller, _ *none) (*none, error) {
	return &none{}, s.cloud.Sessions.End(ctx, c)
}

func (s *Server) endOthers(ctx context.Context, c cloud.Caller, in *body[wire.LogAppend]) (*none, error) {
	return &none{}, s.cloud.Accounts.SignOutOthers(ctx, c, entryFrom(in.Body.SignedEntry))
}

func (s *Server) keys(ctx context.Context, c cloud.Caller, _ *none) (*answer[wire.KeyBundle], error) {
	bundle, err := s.cloud.Accounts.Keys(ctx, c)
	a := bundle.Account
	out := &answer[wire.KeyBundle]{wire.KeyBundle{
		AccountID: a.ID.String(), Email: a.Email, Generation: a.Generation, Profile: a.Profile,
		SealedAccount: a.SealedAccount, SealedRecovery: a.SealedRecovery, SealedIdentity: a.SealedIdentity,
		Vaults: make([]wire.SealedVault, len(bundle.Vaults)), Log: entriesTo(bundle.Log),
	}}
	for i, v := range bundle.Vaults {
		out.Body.Vaults[i] = wire.SealedVault{VaultID: v.Vault.String(), Epoch: v.Epoch, SealedVault: v.Sealed, SealedPrevious: v.Previous}
	}
	if w := bundle.Wrap; w != nil {
		out.Body.Wrap = &wire.Wrap{Wrap: w.Wrap, Signature: w.Signature}
	}
	return out, err
}

type logQuery struct {
	Since int64 `query:"since" default:"-1" minimum:"-1" doc:"Entries after this seq; -1 begins with genesis"`
}

func (s *Server) accountLog(ctx context.Context, c cloud.Caller, in *logQuery) (*answer[wire.LogPage], error) {
	head, entries, err := s.cloud.Accounts.Log(ctx, c, in.Since)
	return &answer[wire.LogPage]{wire.LogPage{HeadSeq: head.Seq, HeadHash: head.Hash[:], Entries: entriesTo(entries)}}, err
}

func (s *Server) appendLog(ctx context.Context, c cloud.Caller, in *body[wire.LogAppend]) (*none, error) {
	return &none{}, s.cloud.Accounts.Append(ctx, c, entryFrom(in.Body.SignedEntry))
}

func (s *Server) me(ctx context.Context, c cloud.Caller, _ *none) (*answer[wire.Me], error) {
	me, err := s.cloud.Accounts.Me(ctx, c)
	out := &answer[wire.Me]{wire.Me{AccountID: me.Account.ID.String(), Email: me.Account.Email, Devices: make([]wire.DeviceInfo, len(me.Devices))}}
	for i, d := range me.Devices {
		out.Body.Devices[i] = wire.DeviceInfo{
			ID: d.ID.String(), Name: d.Name, Platform: d.Platform, Created: d.Created, LastSeen: d.LastSeen, Revoked: d.Status == cloud.DeviceRevoked,
		}
	}
	if r := me.Recovery; r != nil {
		out.Body.Recovery = &wire.Recovery{DeviceID: r.ID.String(), DeviceName: r.Name, Platform: r.Platform, Started: r.Started, ReadyAt: r.ReadyAt}
	}
	return out, err
}
