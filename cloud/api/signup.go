package api

import (
	"context"
	"fmt"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
)

func (s *Server) signup() {
	route(s, operation{id: "signup-start", method: "POST", path: "/v1/signup/start", auth: open}, s.signupStart)
	route(s, operation{id: "signup-mail", method: "POST", path: "/v1/signup/mail", auth: open}, s.signupMail)
	route(s, operation{id: "signup-verify", method: "POST", path: "/v1/signup/verify", auth: open}, s.signupVerify)
	route(s, operation{id: "signup-finish", method: "POST", path: "/v1/signup/finish", auth: byBody, maxBody: keysBody}, s.signupFinish)
}

func (s *Server) signupStart(ctx context.Context, c cloud.Caller, in *body[wire.SignupStart]) (*answer[wire.SignupStarted], error) {
	signupID, expires, err := s.cloud.SignUp.Start(ctx, in.Body.Email, in.Body.Language, c.From)
	return &answer[wire.SignupStarted]{wire.SignupStarted{SignupID: signupID, Expires: expires}}, err
}

func (s *Server) signupMail(ctx context.Context, _ cloud.Caller, in *body[wire.SignupMail]) (*answer[wire.MailState], error) {
	state, err := s.cloud.SignUp.MailState(ctx, in.Body.SignupID)
	return mailState(state), err
}

func mailState(state cloud.DeliveryState) *answer[wire.MailState] {
	return &answer[wire.MailState]{wire.MailState{State: string(state)}}
}

func (s *Server) signupVerify(ctx context.Context, _ cloud.Caller, in *body[wire.SignupVerify]) (*answer[wire.SignupVerified], error) {
	token, err := s.cloud.SignUp.Verify(ctx, in.Body.SignupID, in.Body.Code)
	return &answer[wire.SignupVerified]{wire.SignupVerified{Token: token}}, err
}

func (s *Server) signupFinish(ctx context.Context, c cloud.Caller, in *body[wire.SignupFinish]) (*answer[wire.SignupFinished], error) {
	vault, err := parseID(in.Body.VaultID)
	if err != nil {
		return nil, err
	}
	b := in.Body
	// Its id and key are those of the signature: authenticate has compared them.
	device, err := parseDevice(b.Device)
	if err != nil {
		return nil, err
	}
	tokens, err := s.cloud.SignUp.Finish(ctx, cloud.NewAccount{
		Account: c.Account, Device: device, Token: b.Token, LookupTag: b.LookupTag, RecoveryTag: b.RecoveryTag,
		SealedAccount: b.SealedAccount, SealedRecovery: b.SealedRecovery, SealedIdentity: b.SealedIdentity,
		Vault: vault, SealedVault: b.SealedVault, Log: entriesFrom(b.Log),
	})
	return &answer[wire.SignupFinished]{wire.SignupFinished{Session: session(tokens)}}, err
}

func entriesFrom(in []wire.SignedEntry) []chain.SignedEntry {
	out := make([]chain.SignedEntry, len(in))
	for i, e := range in {
		out[i] = entryFrom(e)
	}
	return out
}

func entryFrom(e wire.SignedEntry) chain.SignedEntry {
	return chain.SignedEntry{Entry: e.Entry, Signature: e.Signature}
}

func entriesTo(in []chain.SignedEntry) []wire.SignedEntry {
	out := make([]wire.SignedEntry, len(in))
	for i, e := range in {
		out[i] = wire.SignedEntry{Entry: e.Entry, Signature: e.Signature}
	}
	return out
}

func parseID(text string) (id.ID, error) {
	parsed, err := id.Parse(text)
	if err != nil {
		return id.ID{}, fmt.Errorf("%w: id", cloud.ErrInvalid)
	}
	return parsed, nil
}

func parseDevice(d wire.Device) (cloud.NewDevice, error) {
	device, err := parseID(d.ID)
	if err != nil {
		return cloud.NewDevice{}, err
	}
	key, err := signing.ParsePublicKey(d.PublicKey)
	if err != nil {
		return cloud.NewDevice{}, fmt.Errorf("%w: device key", cloud.ErrInvalid)
	}
	receive, err := chain.ReceiveKeyFrom(d.ReceiveKey)
	if err != nil {
		return cloud.NewDevice{}, fmt.Errorf("%w: device's receive key", cloud.ErrInvalid)
	}
	return cloud.NewDevice{ID: device, Key: key, Receive: receive, Name: d.Name, Platform: d.Platform}, nil
}
