package screen

import (
	"errors"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
)

// oneTimeCode is the code of a moment, and how long it lasts.
type oneTimeCode struct {
	Text         string
	Left, Period time.Duration
}

// errNoCodes holds until the vault computes one-time codes.
var errNoCodes = errors.New("no one-time codes")

func codeAt(key secret.Bytes, now time.Time) (oneTimeCode, error) {
	return oneTimeCode{}, errNoCodes
}

func validTOTP(key secret.Bytes) bool { return true }
