package api

import (
	"context"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
)

func (s *Server) changes() {
	route(s, operation{id: "account-challenge", method: "POST", path: "/v1/account/challenge", auth: byReader}, s.changeChallenge)
	route(s, operation{id: "account-change", method: "POST", path: "/v1/account/change", auth: byReader, maxBody: changeBody}, s.changeAccount)
	route(s, operation{id: "account-delete", method: "POST", path: "/v1/account/delete", auth: bySession}, s.deleteAccount)
	route(s, operation{id: "email-start", method: "POST", path: "/v1/email/start", auth: bySession}, s.emailStart)
	route(s, operation{id: "email-resend", method: "POST", path: "/v1/email/resend", auth: bySession}, s.emailResend)
	route(s, operation{id: "email-mail", method: "POST", path: "/v1/email/mail", auth: bySession}, s.emailMail)
	route(s, operation{id: "email-finish", method: "POST", path: "/v1/email/finish", auth: bySession}, s.emailFinish)
}

func (s *Server) changeChallenge(ctx context.Context, c cloud.Caller, _ *body[none]) (*answer[wire.Challenged], error) {
	challenge, err := s.cloud.Accounts.Challenge(ctx, c)
	return &answer[wire.Challenged]{wire.Challenged{Nonce: challenge.Nonce, Expires: challenge.Expires}}, err
}

func (s *Server) changeAccount(ctx context.Context, c cloud.Caller, in *body[wire.AccountChange]) (*none, error) {
	b := in.Body
	change := cloud.Change{
		Entries: entriesFrom(b.Entries), SealedAccount: b.SealedAccount, SealedRecovery: b.SealedRecovery, SealedIdentity: b.SealedIdentity,
		LookupTag: b.LookupTag, RecoveryTag: b.RecoveryTag,
	}
	for _, v := range b.Vaults {
		vault, err := parseID(v.VaultID)
		if err != nil {
			return nil, err
		}
		change.Vaults = append(change.Vaults, cloud.SealedVault{Vault: vault, Epoch: v.Epoch, Sealed: v.SealedVault, Previous: v.SealedPrevious})
	}
	for _, w := range b.Wraps {
		device, err := parseID(w.DeviceID)
		if err != nil {
			return nil, err
		}
		change.Wraps = append(change.Wraps, cloud.DeviceWrap{Device: device, SignedWrap: wrapFrom(w.Wrap)})
	}
	if b.PairingID != "" {
		pairing, err := parseID(b.PairingID)
		if err != nil {
			return nil, err
		}
		change.Pairing = pairing
	}
	if b.Proof != nil {
		fresh := freshFrom(*b.Proof)
		change.Proof = &fresh
	}
	return &none{}, s.cloud.Accounts.Change(ctx, c, change)
}

func (s *Server) deleteAccount(ctx context.Context, c cloud.Caller, in *body[wire.AccountDelete]) (*none, error) {
	return &none{}, s.cloud.Accounts.Delete(ctx, c, freshFrom(in.Body.Proof))
}

func (s *Server) emailStart(ctx context.Context, c cloud.Caller, in *body[wire.EmailStart]) (*answer[wire.EmailStarted], error) {
	expires, err := s.cloud.Accounts.StartEmail(ctx, c, in.Body.Email, freshFrom(in.Body.Proof))
	return &answer[wire.EmailStarted]{wire.EmailStarted{Expires: expires}}, err
}

func (s *Server) emailResend(ctx context.Context, c cloud.Caller, _ *body[wire.EmailResend]) (*answer[wire.EmailStarted], error) {
	expires, err := s.cloud.Accounts.ResendEmail(ctx, c)
	return &answer[wire.EmailStarted]{wire.EmailStarted{Expires: expires}}, err
}

func (s *Server) emailMail(ctx context.Context, c cloud.Caller, in *body[wire.EmailMail]) (*answer[wire.MailState], error) {
	state, err := s.cloud.Accounts.EmailState(ctx, c, in.Body.Mailbox == wire.MailboxNew)
	return mailState(state), err
}

func (s *Server) emailFinish(ctx context.Context, c cloud.Caller, in *body[wire.EmailFinish]) (*none, error) {
	return &none{}, s.cloud.Accounts.FinishEmail(ctx, c, in.Body.CodeOld, in.Body.CodeNew, entryFrom(in.Body.Entry))
}

func freshFrom(p wire.FreshProof) cloud.FreshProof {
	return cloud.FreshProof{Nonce: p.Nonce, Expires: p.Expires, Signature: p.Signature}
}

func wrapFrom(w wire.Wrap) chain.SignedWrap {
	return chain.SignedWrap{Wrap: w.Wrap, Signature: w.Signature}
}
