package api

import (
	"context"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/sync/wire"
)

func (s *Server) signin() {
	route(s, operation{id: "signin-lookup", method: "POST", path: "/v1/signin/lookup", auth: open}, s.lookup)
	route(s, operation{id: "signin-challenge", method: "POST", path: "/v1/signin/challenge", auth: open}, s.challenge)
	route(s, operation{id: "signin-prove", method: "POST", path: "/v1/signin/prove", auth: open}, s.prove)
	route(s, operation{id: "signin-verify-device", method: "POST", path: "/v1/signin/verify-device", auth: byPending}, s.verifyDevice)
	route(s, operation{id: "signin-resend", method: "POST", path: "/v1/signin/resend", auth: byPending}, s.resend)
	route(s, operation{id: "signin-mail", method: "POST", path: "/v1/signin/mail", auth: byPending}, s.signinMail)
}

func (s *Server) lookup(ctx context.Context, _ cloud.Caller, in *body[wire.Lookup]) (*answer[wire.LookedUp], error) {
	found, err := s.cloud.SignIn.Lookup(ctx, in.Body.Tag)
	return &answer[wire.LookedUp]{wire.LookedUp{AccountID: found.Account.String(), Generation: found.Generation, Profile: found.Profile}}, err
}

func (s *Server) challenge(ctx context.Context, _ cloud.Caller, in *body[wire.Challenge]) (*answer[wire.Challenged], error) {
	account, err := parseID(in.Body.AccountID)
	if err != nil {
		return nil, err
	}
	c, err := s.cloud.SignIn.Challenge(ctx, account)
	return &answer[wire.Challenged]{wire.Challenged{Nonce: c.Nonce, Expires: c.Expires}}, err
}

func (s *Server) prove(ctx context.Context, c cloud.Caller, in *body[wire.Prove]) (*answer[wire.Proved], error) {
	account, err := parseID(in.Body.AccountID)
	if err != nil {
		return nil, err
	}
	device, err := parseDevice(in.Body.Device)
	if err != nil {
		return nil, err
	}
	proved, err := s.cloud.SignIn.Prove(ctx, cloud.Proof{
		Account: account, Email: in.Body.Email, Device: device, Nonce: in.Body.Nonce, Expires: in.Body.Expires,
		LoginSignature: in.Body.LoginSignature, DeviceSignature: in.Body.DeviceSignature, Language: in.Body.Language, From: c.From,
	})
	if err != nil {
		return nil, err
	}
	out := &answer[wire.Proved]{wire.Proved{CodeExpires: proved.CodeExpires}}
	if proved.Tokens != nil {
		opened := session(*proved.Tokens)
		out.Body.Session = &opened
	}
	return out, nil
}

func (s *Server) verifyDevice(ctx context.Context, c cloud.Caller, in *body[wire.VerifyDevice]) (*answer[wire.VerifiedDevice], error) {
	tokens, err := s.cloud.SignIn.VerifyDevice(ctx, c, in.Body.Code)
	return &answer[wire.VerifiedDevice]{wire.VerifiedDevice{Session: session(tokens)}}, err
}

func (s *Server) resend(ctx context.Context, c cloud.Caller, _ *body[wire.Resend]) (*answer[wire.Resent], error) {
	expires, err := s.cloud.SignIn.Resend(ctx, c)
	return &answer[wire.Resent]{wire.Resent{CodeExpires: expires}}, err
}

func (s *Server) signinMail(ctx context.Context, c cloud.Caller, _ *body[wire.CodeMail]) (*answer[wire.MailState], error) {
	state, err := s.cloud.SignIn.MailState(ctx, c)
	return mailState(state), err
}
