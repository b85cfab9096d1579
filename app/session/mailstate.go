package session

import (
	"context"

	"github.com/coffer-vault/coffer/sync/wire"
)

// MailState is how far the mail with a code has come, as the server tells it: a word of package wire, or one that a later server knows.
type MailState string

// The states of a mail.
const (
	MailQueued  MailState = wire.MailQueued
	MailSent    MailState = wire.MailSent
	MailRefused MailState = wire.MailRefused
	MailBounced MailState = wire.MailBounced
	MailLate    MailState = wire.MailLate
)

// Failed tells whether the mail will not arrive.
func (m MailState) Failed() bool { return m == MailRefused || m == MailBounced || m == MailLate }

// Mail returns how to ask for the mail of the newest code. What it returns may be asked beside everything else.
func (s *SignUp) Mail() func(context.Context) (MailState, error) {
	client, signup := s.client, s.id
	return func(ctx context.Context) (MailState, error) {
		state, err := client.SignupMail(ctx, signup)
		return MailState(state.State), fromServer(err)
	}
}

// Mail returns how to ask for the mail of the newest code. What it returns may be asked beside everything else.
func (s *SignIn) Mail() func(context.Context) (MailState, error) {
	client, by := s.client, signer(s.account, s.device)
	return func(ctx context.Context) (MailState, error) {
		state, err := client.SigninMail(ctx, by)
		return MailState(state.State), fromServer(err)
	}
}

// Mails returns how to ask for the newest mail to the old address, and to the new. What it returns may be asked beside everything else.
func (e *EmailChange) Mails() (old, fresh func(context.Context) (MailState, error)) {
	ask := func(mailbox string) func(context.Context) (MailState, error) {
		return func(ctx context.Context) (MailState, error) {
			if !e.u.begin() {
				return "", ErrLocked
			}
			defer e.u.work.Done()
			state, err := e.u.session.EmailMail(ctx, mailbox)
			return MailState(state.State), fromServer(err)
		}
	}
	return ask(wire.MailboxOld), ask(wire.MailboxNew)
}

// Mail returns how to ask for the mail of the newest code. What it returns may be asked beside everything else.
func (r *Recovery) Mail() func(context.Context) (MailState, error) {
	client, by := r.client, signer(r.account, r.device)
	return func(ctx context.Context) (MailState, error) {
		state, err := client.RecoveryMail(ctx, by)
		return MailState(state.State), fromServer(err)
	}
}
