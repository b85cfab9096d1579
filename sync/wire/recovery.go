package wire

// POST /v1/recovery/lookup {tag} and /v1/recovery/challenge answer as their counterparts of a sign-in do.

// POST /v1/recovery/start
type (
	RecoveryStart struct {
		AccountID         string `json:"account_id"`
		Email             string `json:"email"`
		Device            Device `json:"device"`
		Nonce             []byte `json:"nonce"`
		Expires           int64  `json:"expires"`
		RecoverySignature []byte `json:"recovery_signature"`
		DeviceSignature   []byte `json:"device_signature"`
		Language          string `json:"language,omitempty"`
	}
	RecoveryStarted struct {
		CodeExpires int64 `json:"code_expires"`
	}
)

// POST /v1/recovery/verify, signed by the device key without a token, starts the delay.
type (
	RecoveryVerify struct {
		Code string `json:"code"`
	}
	RecoveryVerified struct {
		ReadyAt int64 `json:"ready_at"`
	}
)

// POST /v1/recovery/open, signed by the device key without a token; a session that can read, and change the account once.
type RecoveryOpened struct {
	Session Session `json:"session"`
}

// POST /v1/recovery/cancel, by any live device.

// Recovery is one that is under way, as GET /v1/me tells every device.
type Recovery struct {
	DeviceID   string `json:"device_id"`
	DeviceName string `json:"device_name"`
	Platform   string `json:"platform"`
	Started    int64  `json:"started"`
	ReadyAt    int64  `json:"ready_at"`
}
