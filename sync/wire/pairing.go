package wire

// POST /v1/pairings/start, signed by the new device's key under the zero account
type (
	PairingStart struct {
		PairingID  string `json:"pairing_id"`
		Email      string `json:"email"`
		Device     Device `json:"device"`
		Commitment []byte `json:"commitment"`
		Language   string `json:"language,omitempty"`
	}
	PairingStarted struct {
		Expires int64 `json:"expires"`
	}
)

// PairingState is how far a pairing has come, for the new device.
type PairingState string

// The states of a pairing. Refused and expired end it.
const (
	PairingWaiting  PairingState = "waiting"
	PairingAnswered PairingState = "answered"
	PairingApproved PairingState = "approved"
	PairingRefused  PairingState = "refused"
	PairingExpired  PairingState = "expired"
)

// POST /v1/pairings/poll, signed as start; the server holds it for up to 20 s while nothing changes.
type (
	PairingPoll struct {
		PairingID string       `json:"pairing_id"`
		Known     PairingState `json:"known"` // the answer comes when the state is another
	}
	PairingPolled struct {
		State       PairingState `json:"state"`
		AccountID   string       `json:"account_id,omitempty"`   // from answered on
		ApproverID  string       `json:"approver_id,omitempty"`  // from answered on
		ApproverKey []byte       `json:"approver_key,omitempty"` // from answered on
		Nonce       []byte       `json:"nonce,omitempty"`        // from answered on
		Approval    *Wrap        `json:"approval,omitempty"`     // when approved
	}
)

// POST /v1/pairings/reveal, signed as start
type PairingReveal struct {
	PairingID string `json:"pairing_id"`
	R         []byte `json:"r"`
}

// GET /v1/pairings
type (
	Pairings struct {
		Pairings []Pairing `json:"pairings"`
	}
	// Pairing is a request as the enrolled devices see it.
	Pairing struct {
		PairingID  string `json:"pairing_id"`
		Device     Device `json:"device"`
		Commitment []byte `json:"commitment"`
		Created    int64  `json:"created"`
		Expires    int64  `json:"expires"`
		R          []byte `json:"r,omitempty"` // once it is revealed, to the device that answered
	}
)

// POST /v1/pairings/answer
type PairingAnswer struct {
	PairingID string `json:"pairing_id"`
	Nonce     []byte `json:"nonce"`
}

// POST /v1/pairings/refuse
type PairingRefuse struct {
	PairingID string `json:"pairing_id"`
}
