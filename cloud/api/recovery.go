package api

import (
	"context"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/sync/wire"
)

func (s *Server) recoveries() {
	route(s, operation{id: "recovery-lookup", method: "POST", path: "/v1/recovery/lookup", auth: open}, s.recoveryLookup)
	route(s, operation{id: "recovery-challenge", method: "POST", path: "/v1/recovery/challenge", auth: open}, s.recoveryChallenge)
	route(s, operation{id: "recovery-start", method: "POST", path: "/v1/recovery/start", auth: open}, s.recoveryStart)
	route(s, operation{id: "recovery-mail", method: "POST", path: "/v1/recovery/mail", auth: byRecovery}, s.recoveryMail)
	route(s, operation{id: "recovery-verify", method: "POST", path: "/v1/recovery/verify", auth: byRecovery}, s.recoveryVerify)
	route(s, operation{id: "recovery-open", method: "POST", path: "/v1/recovery/open", auth: byRecovery}, s.recoveryOpen)
	route(s, operation{id: "recovery-cancel", method: "POST", path: "/v1/recovery/cancel", auth: bySession}, s.recoveryCancel)
}

func (s *Server) recoveryLookup(ctx context.Context, _ cloud.Caller, in *body[wire.Lookup]) (*answer[wire.LookedUp], error) {
	found, err := s.cloud.Recoveries.Lookup(ctx, in.Body.Tag)
	return &answer[wire.LookedUp]{wire.LookedUp{AccountID: found.Account.String(), Generation: found.Generation, Profile: found.Profile}}, err
}

func (s *Server) recoveryChallenge(ctx context.Context, _ cloud.Caller, in *body[wire.Challenge]) (*answer[wire.Challenged], error) {
	account, err := parseID(in.Body.AccountID)
	if err != nil {
		return nil, err
	}
	c, err := s.cloud.Recoveries.Challenge(ctx, account)
	return &answer[wire.Challenged]{wire.Challenged{Nonce: c.Nonce, Expires: c.Expires}}, err
}

func (s *Server) recoveryStart(ctx context.Context, c cloud.Caller, in *body[wire.RecoveryStart]) (*answer[wire.RecoveryStarted], error) {
	b := in.Body
	account, err := parseID(b.AccountID)
	if err != nil {
		return nil, err
	}
	device, err := parseDevice(b.Device)
	if err != nil {
		return nil, err
	}
	expires, err := s.cloud.Recoveries.Start(ctx, cloud.RecoveryProof{
		Account: account, Email: b.Email, Device: device, Nonce: b.Nonce, Expires: b.Expires,
		RecoverySignature: b.RecoverySignature, DeviceSignature: b.DeviceSignature, Language: b.Language, From: c.From,
	})
	return &answer[wire.RecoveryStarted]{wire.RecoveryStarted{CodeExpires: expires}}, err
}

func (s *Server) recoveryVerify(ctx context.Context, c cloud.Caller, in *body[wire.RecoveryVerify]) (*answer[wire.RecoveryVerified], error) {
	readyAt, err := s.cloud.Recoveries.Verify(ctx, c, in.Body.Code)
	return &answer[wire.RecoveryVerified]{wire.RecoveryVerified{ReadyAt: readyAt}}, err
}

func (s *Server) recoveryOpen(ctx context.Context, c cloud.Caller, _ *body[none]) (*answer[wire.RecoveryOpened], error) {
	tokens, err := s.cloud.Recoveries.Open(ctx, c)
	return &answer[wire.RecoveryOpened]{wire.RecoveryOpened{Session: session(tokens)}}, err
}

func (s *Server) recoveryCancel(ctx context.Context, c cloud.Caller, _ *body[none]) (*none, error) {
	return &none{}, s.cloud.Recoveries.Cancel(ctx, c)
}

func (s *Server) recoveryMail(ctx context.Context, c cloud.Caller, _ *body[wire.CodeMail]) (*answer[wire.MailState], error) {
	state, err := s.cloud.Recoveries.MailState(ctx, c)
	return mailState(state), err
}
