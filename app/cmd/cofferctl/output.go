package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/importer"
	"github.com/coffer-vault/coffer/vault/importer/format"
)

// print writes v as JSON, or calls text for people.
func (p *program) print(v any, text func()) error {
	if !p.json {
		text()
		return nil
	}
	enc := json.NewEncoder(p.stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// sentence says what to do about an error, for those that people meet. The rest speaks for itself.
func sentence(err error) string {
	var slow *session.SlowDownError
	var code *session.CodeError
	if errors.As(err, &slow) {
		return fmt.Sprintf("too many tries. Wait %s and try again.", slow.RetryAfter)
	}
	if errors.As(err, &code) {
		return fmt.Sprintf("that code is wrong; %d tries are left. Use the newest mail.", code.TriesLeft)
	}
	for _, s := range sentences {
		if errors.Is(err, s.err) {
			return s.text
		}
	}
	return err.Error()
}

var sentences = []struct {
	err  error
	text string
}{
	{session.ErrWrongPassword, "wrong master password. Nothing was changed."},
	{session.ErrProofFailed, "the server does not accept this combination of e-mail, master password and Secret Key. Check all three."},
	{session.ErrSecretKeyMalformed, "that is no Secret Key. It begins with C1- and is on the emergency kit."},
	{session.ErrKeyringLost, "this user's keyring has no Secret Key for the account. Use --secret-key to type it; it is on the emergency kit."},
	{session.ErrNoKeyring, "no keyring answers. Sign in to the desktop, or use --secret-key to type the Secret Key."},
	{session.ErrClock, "the server's certificate is not valid at the date and time of this PC: set its clock. If that is right, the certificate has expired. The vault on this PC works without the server."},
	{session.ErrOffline, "the server is not reachable. The vault on this PC works without it; try again later."},
	{session.ErrNotCoffer, "what answers at this address is no Coffer server. Check the address, and whether a proxy stands in between."},
	{session.ErrCodeExpired, "the code has expired. Run the command again for a new one."},
	{session.ErrDeviceRevoked, "the server says that this PC was removed from the account. Sign in again to use it."},
	{session.ErrSignedOut, "another device has signed this PC out. Run the command again."},
	{session.ErrKeysChanged, "another device has changed the keys of the account. Open the app, which asks for the master password that is in force now."},
	{engine.ErrLogBehind, "the server has lost changes of the account's devices or keys. Open the app to set this PC up again; nothing here is lost."},
	{engine.ErrLogForked, "the server shows other devices or keys for the account. Open the app to set this PC up again; nothing here is lost."},
	{engine.ErrLocalState, "they are not what the last commit says. cofferctl vault repair fetches them again; what was typed here stays."},
	{vault.ErrRekeyed, "another program on this PC has changed the keys of the account meanwhile. Nothing more was written; run the command again."},
	{session.ErrWeakServer, "the server asked for a weaker protection of the password than this PC accepts. Nothing was sent. Tell your administrator."},
	{session.ErrDishonestServer, "the server sent keys that do not belong to this account. Nothing was stored. Tell your administrator."},
	{session.ErrAlreadyHere, "the account is already on this PC. It only has to be unlocked."},
	{vault.ErrOtherAccount, "in the place of the vault file is that of another account. It was not opened or changed. Move it out of Coffer's folder and put the right one back, or sign in again then: what was synced is on the server."},
	{vault.ErrTampered, "the vault file was changed outside Coffer, and was not opened. cofferctl vault repair goes on from the server's state and keeps what was typed here."},
	{vault.ErrOlderCopy, "an older copy of the vault file was put back. Open the app to decide what to do."},
	{vault.ErrCorrupt, "the vault file is damaged. cofferctl vault repair goes on from the server, from backups, and from what can be read of the file, which it keeps."},
	{vault.ErrNewerSchema, "the vault file was written by a newer version of Coffer. Update this PC."},
	{vault.ErrFull, "the disk is full. Free some space and try again; nothing was lost."},
	{vault.ErrReadOnly, "the vault file cannot be written. Check the permissions of the folder; nothing was lost."},
	{vault.ErrFileTooLarge, "it is larger than an attachment can be: 100 MB."},
	{vault.ErrFileChanged, "it changed while it was read. Close the program that writes to it and try again."},
	{importer.ErrPrimaryPasswordNeeded, "it is protected by a password of its own, which was not given."},
	{importer.ErrWrongPrimaryPassword, "that is not the password that protects it."},
	{importer.ErrInUse, "another program keeps writing to it. Close that program and try again."},
	{importer.ErrTooLarge, "it is larger than any export is."},
	{importer.ErrMalformed, "it is damaged."},
	{format.ErrUnknownFormat, "it is no export that Coffer knows. Most programs can export CSV with a line of column names, which it reads."},
	{format.ErrEncryptedExport, "only its own program opens this encrypted export. Export again without encryption, and delete the file after the import."},
	{format.ErrKeyFile, "the key file is damaged. Take a copy of it that still opens the database in its own program."},
	{format.ErrAccountRestricted, "only the Bitwarden account that made this export can open it. Export again and choose a password-protected file, or one without encryption."},
	{vault.ErrBusy, "another program keeps the vault file locked. Try again."},
}
