package remote

import (
	"context"
	"strconv"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/wire"
)

// The calls that change an account, pair devices and recover (docs/protocol.md §8). What they carry is made and signed by the caller.

// AccountChallenge asks for the nonce of a fresh proof; it serves once.
func (s *Session) AccountChallenge(ctx context.Context) (out wire.Challenged, err error) {
	return out, s.do(ctx, "POST", "/v1/account/challenge", struct{}{}, &out)
}

// ChangeAccount appends a batch to the account log, all or nothing. The same batch sent again succeeds where it is done already.
func (s *Session) ChangeAccount(ctx context.Context, in wire.AccountChange) error {
	return s.do(ctx, "POST", "/v1/account/change", in, nil)
}

// EmailStart has a code mailed to the old address and one to the new.
func (s *Session) EmailStart(ctx context.Context, in wire.EmailStart) (out wire.EmailStarted, err error) {
	return out, s.do(ctx, "POST", "/v1/email/start", in, &out)
}

// EmailResend has two other codes mailed; those before are void.
func (s *Session) EmailResend(ctx context.Context) (out wire.EmailStarted, err error) {
	return out, s.do(ctx, "POST", "/v1/email/resend", wire.EmailResend{}, &out)
}

// EmailMail asks how far the mail to one of the two mailboxes has come.
func (s *Session) EmailMail(ctx context.Context, mailbox string) (out wire.MailState, err error) {
	return out, s.do(ctx, "POST", "/v1/email/mail", wire.EmailMail{Mailbox: mailbox}, &out)
}

// EmailFinish changes the address.
func (s *Session) EmailFinish(ctx context.Context, in wire.EmailFinish) error {
	return s.do(ctx, "POST", "/v1/email/finish", in, nil)
}

// EndOtherSessions signs all other devices of the account out, with the sign-out entry that tells them.
func (s *Session) EndOtherSessions(ctx context.Context, entry wire.SignedEntry) error {
	return s.do(ctx, "POST", "/v1/sessions/end-others", wire.LogAppend{SignedEntry: entry}, nil)
}

// LogByKey fetches the account log's entries after seq with the device's key alone: what a device asks whose session was ended.
func (c *Client) LogByKey(ctx context.Context, s Signer, since uint64) (out wire.LogPage, err error) {
	return out, c.call(ctx, "GET", "/v1/sessions/log?since="+strconv.FormatUint(since, 10), &s, nil, nil, &out)
}

// DeleteAccount removes the account with everything that the server has of it.
func (s *Session) DeleteAccount(ctx context.Context, in wire.AccountDelete) error {
	return s.do(ctx, "POST", "/v1/account/delete", in, nil)
}

// Pairings lists the requests of new devices that wait for this account.
func (s *Session) Pairings(ctx context.Context) (out wire.Pairings, err error) {
	return out, s.do(ctx, "GET", "/v1/pairings", nil, &out)
}

// Pairing fetches one request; R is in it once it is revealed to this device.
func (s *Session) Pairing(ctx context.Context, pairing id.ID) (out wire.Pairing, err error) {
	return out, s.do(ctx, "GET", "/v1/pairings/"+pairing.String(), nil, &out)
}

// AnswerPairing gives this device's nonce; one device answers, once.
func (s *Session) AnswerPairing(ctx context.Context, in wire.PairingAnswer) error {
	return s.do(ctx, "POST", "/v1/pairings/answer", in, nil)
}

// RefusePairing ends a request.
func (s *Session) RefusePairing(ctx context.Context, in wire.PairingRefuse) error {
	return s.do(ctx, "POST", "/v1/pairings/refuse", in, nil)
}

// PairingStart asks an account's devices to take a new one in. The signer's account is zero, here and in the two calls below: the new
// device does not know it yet.
func (c *Client) PairingStart(ctx context.Context, s Signer, in wire.PairingStart) (out wire.PairingStarted, err error) {
	return out, c.call(ctx, "POST", "/v1/pairings/start", &s, nil, in, &out)
}

// PairingPoll asks how far the request has come. The server holds it for up to 20 s while the state is in.Known.
func (c *Client) PairingPoll(ctx context.Context, s Signer, in wire.PairingPoll) (out wire.PairingPolled, err error) {
	return out, c.call(ctx, "POST", "/v1/pairings/poll", &s, nil, in, &out)
}

// PairingReveal opens the commitment once the answer is there.
func (c *Client) PairingReveal(ctx context.Context, s Signer, in wire.PairingReveal) error {
	return c.call(ctx, "POST", "/v1/pairings/reveal", &s, nil, in, nil)
}

// RecoveryLookup asks which account a recovery code belongs to. The answer is the same in form for a tag that no account has.
func (c *Client) RecoveryLookup(ctx context.Context, tag [32]byte) (out wire.LookedUp, err error) {
	return out, c.call(ctx, "POST", "/v1/recovery/lookup", nil, nil, wire.Lookup{Tag: tag[:]}, &out)
}

// RecoveryChallenge asks for the nonce of the proof in RecoveryStart.
func (c *Client) RecoveryChallenge(ctx context.Context, account id.ID) (out wire.Challenged, err error) {
	return out, c.call(ctx, "POST", "/v1/recovery/challenge", nil, nil, wire.Challenge{AccountID: account.String()}, &out)
}

// RecoveryStart proves the recovery code and has a code mailed to the account's address.
func (c *Client) RecoveryStart(ctx context.Context, in wire.RecoveryStart) (out wire.RecoveryStarted, err error) {
	return out, c.call(ctx, "POST", "/v1/recovery/start", nil, nil, in, &out)
}

// RecoveryVerify trades the mailed code for the beginning of the delay.
func (c *Client) RecoveryVerify(ctx context.Context, s Signer, code string) (out wire.RecoveryVerified, err error) {
	return out, c.call(ctx, "POST", "/v1/recovery/verify", &s, nil, wire.RecoveryVerify{Code: code}, &out)
}

// RecoveryMail asks how far the mail with this device's code has come.
func (c *Client) RecoveryMail(ctx context.Context, s Signer) (out wire.MailState, err error) {
	return out, c.call(ctx, "POST", "/v1/recovery/mail", &s, nil, wire.CodeMail{}, &out)
}

// RecoveryOpen opens a session that may read, and change the account once. Before the delay is over the error is a *wire.Error of
// CodeRecoveryWaits with ReadyAt.
func (c *Client) RecoveryOpen(ctx context.Context, s Signer) (out wire.RecoveryOpened, err error) {
	return out, c.call(ctx, "POST", "/v1/recovery/open", &s, nil, struct{}{}, &out)
}

// CancelRecovery ends a recovery that is under way.
func (s *Session) CancelRecovery(ctx context.Context) error {
	return s.do(ctx, "POST", "/v1/recovery/cancel", struct{}{}, nil)
}
