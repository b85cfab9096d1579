package remote

import (
	"context"

	"github.com/coffer-vault/coffer/sync/proof"
	"github.com/coffer-vault/coffer/sync/wire"

	"github.com/coffer-vault/coffer/crypto/signing"
)

// The calls of sign-up and sign-in (docs/protocol.md §8). Those without a signer prove nothing yet.

// SignupStart asks for a code by mail.
func (c *Client) SignupStart(ctx context.Context, in wire.SignupStart) (out wire.SignupStarted, err error) {
	return out, c.call(ctx, "POST", "/v1/signup/start", nil, nil, in, &out)
}

// SignupMail asks how far the mail with the code has come.
func (c *Client) SignupMail(ctx context.Context, signupID string) (out wire.MailState, err error) {
	return out, c.call(ctx, "POST", "/v1/signup/mail", nil, nil, wire.SignupMail{SignupID: signupID}, &out)
}

// SignupVerify trades the code for a token.
func (c *Client) SignupVerify(ctx context.Context, in wire.SignupVerify) (out wire.SignupVerified, err error) {
	return out, c.call(ctx, "POST", "/v1/signup/verify", nil, nil, in, &out)
}

// SignupFinish creates the account and opens its first session.
func (c *Client) SignupFinish(ctx context.Context, s Signer, in wire.SignupFinish) (out wire.SignupFinished, err error) {
	return out, c.call(ctx, "POST", "/v1/signup/finish", &s, nil, in, &out)
}

// Lookup asks which account a Secret Key belongs to. The answer is the same in form for a tag that no account has.
func (c *Client) Lookup(ctx context.Context, tag [32]byte) (out wire.LookedUp, err error) {
	return out, c.call(ctx, "POST", "/v1/signin/lookup", nil, nil, wire.Lookup{Tag: tag[:]}, &out)
}

// Prove asks for a nonce and answers it with both signatures. The device's description travels along for the account's owner to
// recognise it.
func (c *Client) Prove(ctx context.Context, s Signer, login signing.PrivateKey, email, language string, device wire.Device) (out wire.Proved, err error) {
	var challenge wire.Challenged
	if err := c.call(ctx, "POST", "/v1/signin/challenge", nil, nil, wire.Challenge{AccountID: s.Account.String()}, &challenge); err != nil {
		return out, err
	}
	message := proof.SignIn{
		Origin: c.origin, Account: s.Account, Email: email, Device: s.Device, DeviceKey: s.Key.Public(),
		Nonce: challenge.Nonce, Expires: challenge.Expires,
	}.Message()
	in := wire.Prove{
		AccountID: s.Account.String(), Email: email, Device: device, Nonce: challenge.Nonce, Expires: challenge.Expires,
		LoginSignature:  login.Sign(signing.SignIn, message),
		DeviceSignature: s.Key.Sign(signing.DeviceProof, message),
		Language:        language,
	}
	return out, c.call(ctx, "POST", "/v1/signin/prove", nil, nil, in, &out)
}

// VerifyDevice trades the mailed code for a session.
func (c *Client) VerifyDevice(ctx context.Context, s Signer, code string) (out wire.VerifiedDevice, err error) {
	return out, c.call(ctx, "POST", "/v1/signin/verify-device", &s, nil, wire.VerifyDevice{Code: code}, &out)
}

// SigninMail asks how far the mail with this device's code has come.
func (c *Client) SigninMail(ctx context.Context, s Signer) (out wire.MailState, err error) {
	return out, c.call(ctx, "POST", "/v1/signin/mail", &s, nil, wire.CodeMail{}, &out)
}

// Resend asks for another code for this device.
func (c *Client) Resend(ctx context.Context, s Signer) (out wire.Resent, err error) {
	return out, c.call(ctx, "POST", "/v1/signin/resend", &s, nil, wire.Resend{}, &out)
}
