// Package wire holds the JSON of the cloud API, version 1: plain types that client and server share, and nothing that acts.
//
// Binary values are []byte (base64 in JSON), ids are 32 lower-case hex digits, times are Unix milliseconds UTC. The meaning of
// every field is in docs/protocol.md; limits on sizes are the constants below, and both sides enforce them.
package wire

// Limits of the protocol (docs/protocol.md §2).
const (
	MaxEnvelope       = 1 << 20
	MaxChunks         = 101 // of an attachment: what 100 MiB need
	MaxChanges        = 1000
	MaxCommitBytes    = 8 << 20
	MaxObjects        = 250_000
	MaxAnswer         = 16 << 20
	MaxRequest        = 12 << 20
	MaxDeviceName     = 64
	PageObjects       = 1000
	PageRows          = 5000
	PageCommits       = 500
	PageEnvelopeBytes = 4 << 20
)

// Names of the headers that sign a request (docs/protocol.md §8).
const (
	HeaderAccount   = "Coffer-Account"
	HeaderDevice    = "Coffer-Device"
	HeaderTime      = "Coffer-Time"
	HeaderNonce     = "Coffer-Nonce"
	HeaderSignature = "Coffer-Signature"
)

// Code is the machine-readable reason of an error answer.
type Code string

// The codes of docs/protocol.md §8.
const (
	CodeInvalid        Code = "invalid"
	CodeProofFailed    Code = "proof_failed"
	CodeSessionEnded   Code = "session_ended"
	CodeClockSkew      Code = "clock_skew"
	CodeCodeWrong      Code = "code_wrong"
	CodeCodeExpired    Code = "code_expired"
	CodeDeviceRevoked  Code = "device_revoked"
	CodeDeviceUnlisted Code = "device_unlisted"
	CodeRecoveryWaits  Code = "recovery_waits"
	CodeNotFound       Code = "not_found"
	CodeConflict       Code = "conflict"
	CodeOpReused       Code = "op_reused"
	CodeTooLarge       Code = "too_large"
	CodeQuotaExceeded  Code = "quota_exceeded"
	CodeRootMismatch   Code = "root_mismatch"
	CodeBadCommit      Code = "bad_commit"
	CodeBadEntry       Code = "bad_entry"
	CodeSlowDown       Code = "slow_down"
	CodeUnavailable    Code = "unavailable"
)

// Error is the body of every answer that is not a success.
type Error struct {
	Code       Code   `json:"code"`
	Message    string `json:"message,omitempty"`     // for developers; never shown to people
	ServerTime int64  `json:"server_time,omitempty"` // with clock_skew
	TriesLeft  *int   `json:"tries_left,omitempty"`  // with code_wrong
	RetryAfter int    `json:"retry_after,omitempty"` // seconds, with slow_down and unavailable
	Head       *Head  `json:"head,omitempty"`        // with conflict on a vault
	LogSeq     *int64 `json:"log_seq,omitempty"`     // with conflict on the account log
	ReadyAt    int64  `json:"ready_at,omitempty"`    // with recovery_waits
	Limit      int64  `json:"limit,omitempty"`       // bytes that the account may have, with quota_exceeded
	Used       int64  `json:"used,omitempty"`        // bytes that it has
}

// Error makes the answer usable as a Go error; it holds nothing but the code.
func (e *Error) Error() string { return "server answered " + string(e.Code) }
