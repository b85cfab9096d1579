package screen

import (
	"context"
	"errors"
	"io/fs"
	"runtime"
	"syscall"

	"github.com/coffer-vault/coffer/app/kit"
	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/sync/remote"
	"github.com/coffer-vault/coffer/updater"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/generate"
	"github.com/coffer-vault/coffer/vault/importer"
	"github.com/coffer-vault/coffer/vault/importer/format"
	"github.com/coffer-vault/coffer/vault/otp"
)

// sentence says which words explain an error: error.<key>.what, .safe and .next of the catalog.
type sentence struct {
	err  error
	key  string
	tone Tone
}

// sentences is the one table from errors to words. An error can wrap several of them: the first one counts, so what a decision
// is made of comes before what it was made from. A test keeps the table complete over the packages that a screen can hear from.
var sentences = []sentence{
	{session.ErrPolicy, "policy", ToneWarning},
	{session.ErrPairingRefused, "pairingRefused", ToneWarning},
	{session.ErrPairingExpired, "pairingExpired", ToneWarning},
	{session.ErrPairingDigits, "pairingDigits", ToneError},
	{session.ErrPairingChanged, "pairingChanged", ToneError},
	{session.ErrNoBackup, "noBackup", ToneWarning},
	{session.ErrRecoveryEnded, "recoveryEnded", ToneError},
	{session.ErrOldPassword, "oldPassword", ToneWarning},
	{session.ErrSecretKeyNeeded, "secretKeyNeeded", ToneWarning},
	{session.ErrChangeWaits, "changeWaits", ToneWarning},
	{session.ErrChangeLost, "changeLost", ToneWarning},
	{session.ErrKeysChanged, "keysChanged", ToneWarning},
	{session.ErrSignedOut, "signedOut", ToneWarning},
	{session.ErrWrongPassword, "wrongPassword", ToneError},
	{session.ErrProofFailed, "proofFailed", ToneError},
	{session.ErrSecretKeyMalformed, "secretKey", ToneError},
	{session.ErrKeyringLost, "keyringLost", ToneWarning},
	{session.ErrNoKeyring, "noKeyring", ToneWarning},
	{session.ErrClock, "wrongClock", ToneWarning},
	{session.ErrOffline, "offline", ToneWarning},
	{session.ErrNotCoffer, "notCoffer", ToneError},
	{session.ErrCodeExpired, "codeExpired", ToneError},
	{session.ErrDeviceRevoked, "deviceRevoked", ToneError},
	{session.ErrWeakServer, "weakServer", ToneError},
	{session.ErrDishonestServer, "dishonestServer", ToneError},
	{session.ErrLocked, "locked", ToneWarning},
	{session.ErrUnknownAccount, "unknownAccount", ToneError},
	{session.ErrAlreadyHere, "alreadyHere", ToneWarning},

	{engine.ErrLogBehind, "serverLogBehind", ToneError},
	{engine.ErrLogForked, "serverLogForked", ToneError},
	{engine.ErrRolledBack, "serverRolledBack", ToneError},
	{engine.ErrForked, "serverForked", ToneError},
	{engine.ErrWithheld, "serverWithheld", ToneError},
	{engine.ErrLocalState, "localState", ToneError},
	{remote.ErrCertificateTime, "wrongClock", ToneWarning},
	{remote.ErrUnreachable, "offline", ToneWarning},
	{remote.ErrStrangeAnswer, "notCoffer", ToneError},
	{remote.ErrOrigin, "badOrigin", ToneError},

	{vault.ErrFrozen, "frozen", ToneWarning},
	{vault.ErrFull, "full", ToneError},
	{vault.ErrReadOnly, "readOnly", ToneError},
	{vault.ErrDisk, "disk", ToneError},
	{vault.ErrCannotOpen, "cannotOpen", ToneError},
	{vault.ErrBusy, "busy", ToneWarning},
	{vault.ErrRekeyed, "rekeyed", ToneWarning},
	{vault.ErrOtherAccount, "otherAccount", ToneError},
	{vault.ErrTampered, "tampered", ToneError},
	{vault.ErrOlderCopy, "olderCopy", ToneError},
	{vault.ErrCorrupt, "corrupt", ToneError},
	{vault.ErrNewerSchema, "newerSchema", ToneError},
	{vault.ErrNotAFile, "notAFile", ToneError},
	{vault.ErrNetwork, "onNetwork", ToneError},
	{vault.ErrNotAnchored, "notAnchored", ToneError},
	{vault.ErrClosed, "locked", ToneWarning},
	{vault.ErrNotFound, "itemGone", ToneWarning},
	{vault.ErrUnreadable, "itemUnreadable", ToneError},
	{vault.ErrMissing, "itemMissing", ToneWarning},
	{vault.ErrNewerItem, "itemNewer", ToneWarning},
	{vault.ErrTooLarge, "itemTooLarge", ToneError},
	{vault.ErrInvalid, "itemInvalid", ToneError},
	{vault.ErrFileTooLarge, "fileTooLarge", ToneWarning},
	{vault.ErrFileChanged, "fileChanged", ToneWarning},
	{vault.ErrRow, "localState", ToneError},

	{importer.ErrPrimaryPasswordNeeded, "primaryPasswordNeeded", ToneWarning},
	{importer.ErrWrongPrimaryPassword, "wrongPrimaryPassword", ToneError},
	{importer.ErrInUse, "importInUse", ToneWarning},
	{importer.ErrTooLarge, "importTooLarge", ToneError},
	{importer.ErrMalformed, "importMalformed", ToneError},
	{importer.ErrNoKey, "importNoKey", ToneWarning},
	{format.ErrUnknownFormat, "importUnknown", ToneError},
	{format.ErrAccountRestricted, "importRestricted", ToneError},
	{format.ErrEncryptedExport, "importEncrypted", ToneError},
	{errFileReplaced, "importReplaced", ToneWarning},

	{updater.ErrWrongKeys, "updateWrongKeys", ToneError},
	{updater.ErrExpired, "updateExpired", ToneWarning},
	{updater.ErrRollback, "updateRollback", ToneWarning},
	{updater.ErrTampered, "updateTampered", ToneError},
	{updater.ErrHalted, "updateHalted", ToneQuiet},
	{updater.ErrFailedBefore, "updateFailedBefore", ToneWarning},
	{updater.ErrUnsupportedOS, "updateUnsupportedOS", ToneWarning},
	{updater.ErrTrustDamaged, "updateTrustDamaged", ToneError},
	{updater.ErrNothingStaged, "updateNothingStaged", ToneWarning},
	{updater.ErrOnTrial, "updateOnTrial", ToneWarning},
	{updater.ErrUnsafeFolder, "updateUnsafeFolder", ToneError},
	{updater.ErrHostsUnreachable, "updateUnreachable", ToneWarning},

	{platform.ErrNotFound, "keyringLost", ToneWarning},
	{platform.ErrDamaged, "keyringDamaged", ToneWarning},
	{platform.ErrUnavailable, "noKeyring", ToneWarning},
	{platform.ErrTooLong, "clipboardTooLong", ToneError},
	{platform.ErrURL, "badURL", ToneError},
	{ErrLink, "badLink", ToneWarning},
	{platform.ErrHotKeyTaken, "hotKeyTaken", ToneWarning},
	{platform.ErrNoHotKeys, "noHotKeys", ToneWarning},
	{platform.ErrNotPrivate, "notPrivate", ToneError},
	{platform.ErrRunning, "running", ToneWarning},
	{platform.ErrSilent, "running", ToneWarning},
	{kit.ErrTooLong, "kitTooLong", ToneError},
	{platform.ErrNoPrinting, "noPrinting", ToneWarning},
	{platform.ErrNotPrinted, "notPrinted", ToneError},
	{keys.ErrSecretKeyMalformed, "secretKey", ToneError},
	{keys.ErrSecretKeyChecksum, "secretKey", ToneError},
	{keys.ErrRecoveryCodeMalformed, "recoveryCode", ToneError},
	{keys.ErrRecoveryCodeChecksum, "recoveryCode", ToneError},
	{keys.ErrSecretKeyMissing, "noSecretKey", ToneError},

	{generate.ErrOptions, "generateOptions", ToneError},
	{generate.ErrImpossible, "generateImpossible", ToneError},
	{generate.ErrRules, "generateRules", ToneError},
	{otp.ErrMalformed, "totpMalformed", ToneError},

	{context.DeadlineExceeded, "timeout", ToneWarning},
	{context.Canceled, "canceled", ToneQuiet},
	{fs.ErrPermission, "noFolderPermission", ToneError},
	{syscall.EROFS, "noFolderPermission", ToneError},
	{fs.ErrNotExist, "noFile", ToneError},
}

// explain turns an error into what happened, what is safe and what to do. What the table does not know is a defect of the
// program, and is said to be one; the error's own text is for the log alone.
func explain(words *assets.Catalog, err error) Message {
	if err == nil {
		return Message{}
	}
	if m := explainTyped(words, err); !m.IsZero() {
		return m
	}
	for _, s := range sentences {
		if errors.Is(err, s.err) {
			return s.message(words)
		}
	}
	return sentence{key: "unexpected", tone: ToneError}.message(words)
}

// explainTyped explains the errors that carry a value, or that are recognised by more than a sentinel.
func explainTyped(words *assets.Catalog, err error) Message {
	var (
		code      *session.CodeError
		slow      *session.SlowDownError
		violation *engine.Violation
		waits     *session.RecoveryWaitsError
	)
	switch {
	case errors.As(err, &waits):
		return sentence{key: "recoveryWaits", tone: ToneWarning}.message(words, "time", words.DateTime(waits.Ready.Local()))
	case errors.As(err, &code) && code.TriesLeft > 0:
		m := sentence{key: "codeWrong", tone: ToneError}.message(words)
		m.What = words.Count("error.codeWrong.left", code.TriesLeft)
		return m
	case errors.As(err, &code):
		return sentence{key: "codeSpent", tone: ToneError}.message(words)
	case errors.As(err, &slow):
		return sentence{key: "slowDown", tone: ToneWarning}.message(words, "wait", duration(words, slow.RetryAfter))
	case errors.As(err, &violation) && !errors.Is(err, engine.ErrRolledBack) && !errors.Is(err, engine.ErrForked) && !errors.Is(err, engine.ErrWithheld) &&
		!otherAccount(err):
		return sentence{key: "violation", tone: ToneError}.message(words)
	case diskFull(err):
		return sentence{key: "full", tone: ToneError}.message(words)
	}
	return Message{}
}

func (s sentence) message(words *assets.Catalog, args ...any) Message {
	prefix := "error." + s.key
	return Message{Tone: s.tone, What: words.Text(prefix+".what", args...), Safe: words.Text(prefix+".safe", args...), Next: words.Text(prefix+".next", args...)}
}

// windowsDiskFull is ERROR_DISK_FULL, which Go does not take for ENOSPC.
const windowsDiskFull syscall.Errno = 112

// diskFull recognises a full disk where nothing below has given it a name: saving a file, staging an update.
func diskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || runtime.GOOS == "windows" && errors.Is(err, windowsDiskFull)
}
