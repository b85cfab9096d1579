package wire

// FreshProof shows that whoever asks knows the master password now, and not only that a device is unlocked. Each request says which
// message is signed.
type FreshProof struct {
	Nonce     []byte `json:"nonce"`
	Expires   int64  `json:"expires"`
	Signature []byte `json:"signature"` // by the login key in force, purpose account-change
}

// POST /v1/account/challenge answers Challenged: the nonce of a FreshProof, good for one.

// POST /v1/account/change appends a batch of log entries with every sealed key that they name: all of it or nothing.
type (
	AccountChange struct {
		Entries        []SignedEntry `json:"entries"`
		SealedAccount  []byte        `json:"sealed_account_key,omitempty"`  // with credentials
		SealedRecovery []byte        `json:"sealed_recovery_key,omitempty"` // with credentials whose recovery sealing is another than before
		SealedIdentity []byte        `json:"sealed_identity,omitempty"`     // with identity-rotate
		LookupTag      []byte        `json:"lookup_tag,omitempty"`          // with credentials: of the Secret Key in force from now on
		RecoveryTag    []byte        `json:"recovery_tag,omitempty"`        // with SealedRecovery
		Vaults         []SealedVault `json:"vaults,omitempty"`              // with vault-epochs, in their order
		Wraps          []DeviceWrap  `json:"wraps,omitempty"`               // with a new Secret Key: for every other live device; of an approval: for the new one
		PairingID      string        `json:"pairing_id,omitempty"`          // of an approval: device-add alone, by the device that answered
		Proof          *FreshProof   `json:"proof,omitempty"`               // but for device-rename alone
	}
	// DeviceWrap is a wrap for one device.
	DeviceWrap struct {
		DeviceID string `json:"device_id"`
		Wrap
	}
	// Wrap is a signed HPKE wrap of the Secret Key.
	Wrap struct {
		Wrap      []byte `json:"wrap"` // canonical CBOR
		Signature []byte `json:"wrap_signature"`
	}
)

// POST /v1/email/start mails one code to the old address and one to the new.
type (
	EmailStart struct {
		Email string     `json:"email"`
		Proof FreshProof `json:"proof"`
	}
	EmailStarted struct {
		Expires int64 `json:"expires"`
	}
)

// POST /v1/email/resend mails two other codes for the change that the device has begun; those before are void.
type EmailResend struct{}

// POST /v1/email/mail asks how far one of the two mails has come. It is answered with a MailState.
type EmailMail struct {
	Mailbox string `json:"mailbox"`
}

// The mailboxes of a change of address.
const (
	MailboxOld = "old"
	MailboxNew = "new"
)

// POST /v1/email/finish
type EmailFinish struct {
	CodeOld string      `json:"code_old"`
	CodeNew string      `json:"code_new"`
	Entry   SignedEntry `json:"entry"` // email-change
}

// POST /v1/account/delete
type AccountDelete struct {
	Proof FreshProof `json:"proof"`
}

// POST /v1/sessions/end-others ends the sessions of all other devices. Its body is a LogAppend with the sign-out entry.
