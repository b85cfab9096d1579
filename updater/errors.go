package updater

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Why a release is not accepted. ErrHostsUnreachable is reported only if no host gave an answer; a host that lies is worth more.
var (
	ErrHostsUnreachable = errors.New("no update host gave a usable answer")
	ErrWrongKeys        = errors.New("update is not signed by the keys this program trusts")
	ErrExpired          = errors.New("update information has expired: the host withholds newer one, or this clock is wrong")
	ErrRollback         = errors.New("update is older than what is known already")
	ErrTampered         = errors.New("update was changed or is malformed")
	ErrHalted           = errors.New("release was withdrawn")
	ErrFailedBefore     = errors.New("release failed on this computer before")
	ErrUnsupportedOS    = errors.New("release needs a newer operating system")
	ErrTrustDamaged     = errors.New("the newest root of update trust is damaged; install Coffer again")
)

// Why a staged release is not applied.
var (
	ErrNothingStaged = errors.New("no release is staged")
	ErrOnTrial       = errors.New("the last update has not proved healthy yet")
	ErrUnsafeFolder  = errors.New("program folder can be changed by others")
)

// mostTelling joins what the hosts did wrong. Silence counts only if no host spoke.
func mostTelling(failures []error) error {
	var lies []error
	for _, err := range failures {
		if !errors.Is(err, ErrHostsUnreachable) {
			lies = append(lies, err)
		}
	}
	if len(lies) > 0 {
		return errors.Join(lies...)
	}
	return errors.Join(failures...)
}

// classify gives an error of go-tuf or of a download its sentinel. Failures of this computer, such as a full disk, keep none.
func classify(err error) error {
	kind := ErrTampered
	switch {
	case err == nil, errors.Is(err, ErrHostsUnreachable), errors.Is(err, ErrExpired), errors.Is(err, ErrTampered), errors.Is(err, ErrTrustDamaged):
		return err
	case errors.Is(err, &metadata.ErrUnsignedMetadata{}):
		kind = ErrWrongKeys
	case errors.Is(err, &metadata.ErrExpiredMetadata{}):
		kind = ErrExpired
	case errors.Is(err, &metadata.ErrBadVersionNumber{}):
		kind = ErrRollback
	case errors.Is(err, &metadata.ErrDownloadHTTP{}):
		kind = ErrHostsUnreachable
	case isLocal(err):
		return err
	}
	return fmt.Errorf("%w: %w", kind, err)
}

// maxReason bounds what is remembered of an error that is this computer's, in bytes.
const maxReason = 300

// reason is an error as it is remembered. Of what a host may have put into it nothing stays but the kind.
func reason(err error) string {
	for _, kind := range []error{ErrTrustDamaged, ErrWrongKeys, ErrTampered, ErrExpired, ErrHostsUnreachable} {
		if errors.Is(err, kind) {
			return kind.Error()
		}
	}
	said := err.Error()
	return strings.ToValidUTF8(said[:min(len(said), maxReason)], "")
}

// silence is why a host gave no answer. A certificate that is not valid now is like metadata that is not: most often this clock is wrong.
func silence(err error) error {
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.Expired {
		return ErrExpired
	}
	return ErrHostsUnreachable
}

// isLocal recognises errors of the file system.
func isLocal(err error) bool {
	var path *fs.PathError
	var link *os.LinkError
	var errno syscall.Errno
	return errors.As(err, &path) || errors.As(err, &link) || errors.As(err, &errno)
}
