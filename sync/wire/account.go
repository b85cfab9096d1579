package wire

// Device describes the installation that asks.
type Device struct {
	ID         string `json:"id"`
	PublicKey  []byte `json:"public_key"`            // Ed25519, 32 bytes
	ReceiveKey []byte `json:"receive_key,omitempty"` // HPKE, MLKEM768X25519, 1216 bytes
	Name       string `json:"name"`
	Platform   string `json:"platform"` // "windows", "macos", "linux"
}

// SignedEntry is an entry of the account log with its signature by the identity key.
type SignedEntry struct {
	Entry     []byte `json:"entry"` // canonical CBOR
	Signature []byte `json:"signature"`
}

// Session opens the API to one device.
type Session struct {
	AccessToken   []byte `json:"access_token"`
	AccessExpires int64  `json:"access_expires"`
	RefreshToken  []byte `json:"refresh_token"`
}

// POST /v1/signup/start
type (
	SignupStart struct {
		Email    string `json:"email"`
		Language string `json:"language,omitempty"` // BCP 47, for the mail
	}
	SignupStarted struct {
		SignupID string `json:"signup_id"`
		Expires  int64  `json:"expires"`
	}
)

// POST /v1/signup/verify
type (
	SignupVerify struct {
		SignupID string `json:"signup_id"`
		Code     string `json:"code"`
	}
	SignupVerified struct {
		Token []byte `json:"token"` // opens signup/finish once, for an hour
	}
)

// POST /v1/signup/finish, signed by the device key
type (
	SignupFinish struct {
		Token          []byte        `json:"token"`
		AccountID      string        `json:"account_id"`
		LookupTag      []byte        `json:"lookup_tag"`
		RecoveryTag    []byte        `json:"recovery_tag,omitempty"`
		SealedAccount  []byte        `json:"sealed_account_key"`
		SealedRecovery []byte        `json:"sealed_recovery_key,omitempty"`
		SealedIdentity []byte        `json:"sealed_identity"`
		VaultID        string        `json:"vault_id"`
		SealedVault    []byte        `json:"sealed_vault_key"`
		Device         Device        `json:"device"`
		Log            []SignedEntry `json:"log"` // genesis, credentials, device-add, vault-epoch
	}
	SignupFinished struct {
		Session Session `json:"session"`
	}
)

// POST /v1/signin/lookup
type (
	Lookup struct {
		Tag []byte `json:"tag"`
	}
	LookedUp struct {
		AccountID  string `json:"account_id"`
		Generation uint64 `json:"generation"`
		Profile    string `json:"profile"`
	}
)

// POST /v1/signin/challenge
type (
	Challenge struct {
		AccountID string `json:"account_id"`
	}
	Challenged struct {
		Nonce   []byte `json:"nonce"`
		Expires int64  `json:"expires"`
	}
)

// POST /v1/signin/prove
type (
	Prove struct {
		AccountID       string `json:"account_id"`
		Email           string `json:"email"`
		Device          Device `json:"device"`
		Nonce           []byte `json:"nonce"`
		Expires         int64  `json:"expires"`
		LoginSignature  []byte `json:"login_signature"`
		DeviceSignature []byte `json:"device_signature"`
		Language        string `json:"language,omitempty"`
	}
	// Proved carries a session for a live device, or the expiry of the code that was mailed for a new one.
	Proved struct {
		Session     *Session `json:"session,omitempty"`
		CodeExpires int64    `json:"code_expires,omitempty"`
	}
)

// POST /v1/signin/verify-device and /v1/signin/resend, signed by the device key without a token
type (
	VerifyDevice struct {
		Code string `json:"code"`
	}
	VerifiedDevice struct {
		Session Session `json:"session"`
	}
	Resend struct{}
	Resent struct {
		CodeExpires int64 `json:"code_expires"`
	}
)

// POST /v1/signup/mail; /v1/signin/mail and /v1/recovery/mail, signed by the device key without a token
type (
	SignupMail struct {
		SignupID string `json:"signup_id"`
	}
	CodeMail  struct{}
	MailState struct {
		State string `json:"state"`
	}
)

// How far the mail with a code has come.
const (
	MailQueued  = "queued"  // the server tries to hand it over
	MailSent    = "sent"    // the server's mail server has it
	MailRefused = "refused" // by the server's mail server, for good
	MailBounced = "bounced" // given back by a mail server after it
	MailLate    = "late"    // the code was void before a mail server took it
)

// POST /v1/sessions/refresh, signed by the device key without a token
type Refresh struct {
	RefreshToken []byte `json:"refresh_token"`
}

// GET /v1/account/keys
type (
	KeyBundle struct {
		AccountID      string        `json:"account_id"`
		Email          string        `json:"email"`
		Generation     uint64        `json:"generation"`
		Profile        string        `json:"profile"`
		SealedAccount  []byte        `json:"sealed_account_key,omitempty"`
		SealedRecovery []byte        `json:"sealed_recovery_key,omitempty"` // to a device that recovers, instead of the one above
		SealedIdentity []byte        `json:"sealed_identity"`
		Vaults         []SealedVault `json:"vaults"` // every epoch, oldest first
		Log            []SignedEntry `json:"log"`
		Wrap           *Wrap         `json:"wrap,omitempty"` // the Secret Key for this device, after it was changed
	}
	SealedVault struct {
		VaultID        string `json:"vault_id"`
		Epoch          uint32 `json:"epoch"`
		SealedVault    []byte `json:"sealed_vault_key"`
		SealedPrevious []byte `json:"sealed_previous_key,omitempty"` // the key of the epoch before, under this one
	}
)

// GET /v1/account/log?since=N answers the entries with seq > N, and the head; GET /v1/sessions/log the same to a device without a
// session, signed by its key. POST /v1/account/log appends a device-add or a server-restore, POST /v1/sessions/end-others a sign-out.
// Whatever names sealed keys goes by /v1/account/change.
type (
	LogPage struct {
		HeadSeq  uint64        `json:"head_seq"`
		HeadHash []byte        `json:"head_hash"`
		Entries  []SignedEntry `json:"entries"`
	}
	LogAppend struct {
		SignedEntry
	}
)

// GET /v1/me
type (
	Me struct {
		AccountID string       `json:"account_id"`
		Email     string       `json:"email"`
		Devices   []DeviceInfo `json:"devices"`
		Recovery  *Recovery    `json:"recovery,omitempty"` // under way; any device can cancel it
	}
	DeviceInfo struct {
		ID       string `json:"id"`
		Name     string `json:"name"`
		Platform string `json:"platform"`
		Created  int64  `json:"created"`
		LastSeen int64  `json:"last_seen"`
		Revoked  bool   `json:"revoked"`
	}
)
