package ui

import (
	"errors"
	"path/filepath"
	"slices"
	"time"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/internal/sqlite"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// openVault sits down at an unlocked vault with one item in it.
func (a *album) openVault() {
	a.Helper()
	a.sit(openDesk(a.TB))
	a.add("GitHub", "anna", "Vg7#kQ2m-Lr9!tXe4wPz")
	a.waitFor("Synced")
}

// sheet is the dialog that is open.
func (a *album) sheet() screen.SheetModel { return a.shell.Vault().Sheet() }

// secondDevice is another device of the account, which this one knows.
func (a *album) secondDevice() {
	a.Helper()
	a.other = newPC(a, "Anna’s desktop", nil).SignIn(a, a.server, anna, a.secretKey())
	a.shell.Vault().Sync()
	a.waitFor("New device")
}

// account shows what can be changed, and what follows.
func (a *album) account() {
	a.openVault()
	a.secondDevice()
	a.take("notice-device")
	a.do("It was me")
	a.desk.account()
	a.take("account")
	for _, row := range []string{"email", "kit", "rotate", "signOut", "delete"} {
		a.sheet().Open(row)
		a.take("account-" + row)
		a.sheet().Back()
	}
	a.sheet().Open("password")
	a.typeText("not it")
	a.tabTo("New master password")
	a.typeText("correct horse")
	a.waitFor("Weak")
	a.take("account-password")
	a.tabTo("Repeat")
	a.typeText("correct horse")
	a.keys(fyne.KeyReturn)
	a.waitFor("That is not the master password.")
	a.take("account-password-wrong")
	a.sheet().Back()
	a.changeEmail()
	a.sheet().Open("kit")
	a.typeText(testpc.Password)
	a.keys(fyne.KeyReturn)
	a.waitFor("Save your new emergency kit")
	a.take("account-new-kit")
	a.saveKit()
	a.take("account-new-kit-saved")
	a.do("Done")
	a.waitFor("Your new keys are in force.")
	a.shell.Vault().DismissToast()
	a.removeDevice()
	a.changeOffline()
}

func (a *album) changeEmail() {
	a.sheet().Open("email")
	a.typeText("anna.keller@example.com")
	a.tabTo("Master password")
	a.typeText(testpc.Password)
	a.keys(fyne.KeyReturn)
	a.waitFor("Enter both codes")
	a.server.LastCode(a, anna)
	a.server.WaitMailState(a, anna, cloud.MailSent)
	a.server.LastCode(a, "anna.keller@example.com")
	a.server.Bounce(a, "anna.keller@example.com")
	a.mailIs("The mail came back: the mailbox does not take it.", 3*time.Second)
	a.waitFor("The mail is on its way. If it does not arrive, look among spam.")
	a.take("account-codes-mail")
	a.typeText("AAAA-AAAA") // the other field has the keyboard then
	a.typeText("BBBB-BBBB")
	a.keys(fyne.KeyReturn)
	a.until("the codes are wrong", func() bool { return !a.sheet().State().Problem.IsZero() })
	a.take("account-codes")
	a.sheet().Back()
	a.sheet().Back()
}

func (a *album) removeDevice() {
	a.devices()
	a.waitFor("Anna’s desktop")
	a.take("devices")
	other := a.sheet().State().Rows[1].ID
	a.sheet().Act(other, "rename")
	a.take("devices-rename")
	a.sheet().Back()
	a.waitFor("Anna’s desktop")
	a.sheet().Act(other, "remove")
	a.take("devices-remove")
	a.typeText(testpc.Password)
	a.keys(fyne.KeyReturn)
	a.waitFor("The device is removed.")
	a.take("devices-removed")
	a.saveKit()
	a.do("Done")
	a.waitFor("This device")
	a.keys(fyne.KeyEscape)
}

// changeOffline shows a change that waits for the server, and the list of devices without one.
func (a *album) changeOffline() {
	a.server.Stop()
	a.desk.account()
	a.sheet().Open("rotate")
	a.typeText(testpc.Password)
	a.keys(fyne.KeyReturn)
	a.until("an answer", func() bool { return !a.sheet().State().Busy })
	a.take("account-offline")
	a.shell.Vault().Sheet().Back()
	a.keys(fyne.KeyEscape)
	a.press(screen.ActionSettings)
	a.do("Manage devices…")
	a.until("loaded", func() bool { return len(a.sheet().State().Rows) > 1 })
	a.waitFor("Offline")
	a.take("devices-offline")
	a.keys(fyne.KeyEscape)
	a.server.Restart()
}

// approving is the side of a pairing that lets in.
func (a *album) approving() {
	a.openVault()
	a.devices()
	a.keys(fyne.KeyReturn)
	a.waitFor("On the new device install Coffer")
	a.take("devices-add-none")
	a.keys(fyne.KeyEscape, fyne.KeyEscape)
	fresh, err := newPC(a, "Anna’s new PC", nil).BeginPairing(a.Context(), a.server.URL, anna)
	if err != nil {
		a.Fatal(err)
	}
	a.waitFor("asks to be let in")
	a.take("notice-pairing")
	a.do("Look")
	a.waitFor("Anna’s new PC")
	a.take("devices-add")
	answered := make(chan error, 1)
	go func() { answered <- fresh.Answered(a.Context()) }()
	a.do("Approve")
	a.waitFor("Type what the new device shows")
	if err := <-answered; err != nil {
		a.Fatal(err)
	}
	a.sheet().SetText("digits", "000 000")
	a.keys(fyne.KeyReturn)
	a.waitFor("These are not the right digits.")
	a.take("devices-digits")
	a.sheet().SetText("digits", fresh.Digits())
	a.keys(fyne.KeyReturn)
	a.waitFor("Let Anna’s new PC in?")
	a.take("devices-approve")
	a.typeText(testpc.Password)
	a.keys(fyne.KeyReturn)
	a.waitFor("Type these into the new device")
	brush.standIns[a.sheet().State().Digits] = "482 913"
	a.take("devices-shown")
	a.keys(fyne.KeyReturn)
	a.waitFor("The new device is let in.")
	a.take("devices-let-in")
}

// signedUp is an account with one device and one item, and its recovery code.
func (a *album) signedUp() (server *testkit.Server, code string) {
	a.Helper()
	server = newCloud(a)
	a.other = newPC(a, "Anna’s laptop", nil).SignUp(a, server, anna)
	code, err := a.other.RecoveryCode(a.Context())
	if err := errors.Join(err, a.other.SkipBrowserImport(a.Context()), a.other.KitSaved(a.Context())); err != nil {
		a.Fatal(err)
	}
	testpc.Save(a, a.other, testpc.Login("Mail", "anna", "first"))
	testpc.Sync(a, a.other)
	return server, code
}

// signIn turns to the page for accounts that exist.
func (a *album) signIn() {
	a.Helper()
	a.waitFor("Welcome to Coffer")
	a.do("Sign in")
	a.waitFor("You need your master password and the Secret Key")
}

// newDevice is the side of a pairing that is let in.
func (a *album) newDevice() {
	server, _ := a.signedUp()
	a.sit(newDesk(a.TB, newPC(a, "Anna’s new PC", nil), server))
	a.signIn()
	a.typeText(anna)
	a.do("Approve from another device")
	a.waitFor("Approve this PC on another device")
	a.take("pair-wait")
	approval := a.answer()
	a.waitFor("Type these into the other device")
	brush.standIns[a.shell.Welcome().Sheet().State().Digits] = "175 206"
	a.take("pair-digits")
	if err := approval.Refuse(a.Context()); err != nil {
		a.Fatal(err)
	}
	a.waitFor("This PC was not let in")
	a.take("pair-ended")
	a.keys(fyne.KeyReturn)
	a.waitFor("Approve this PC on another device")
	approval = a.answer()
	a.waitFor("Type these into the other device")
	revealed, digits := approval.Revealed(a.Context()), a.shell.Welcome().Sheet().State().Digits
	checked := approval.Check(a.Context(), digits)
	if err := errors.Join(revealed, checked, approval.Approve(a.Context(), testpc.Typed(testpc.Password))); err != nil {
		a.Fatal(err)
	}
	a.waitFor("There is one try.")
	a.take("pair-confirm")
	a.typeText(approval.Digits())
	a.keys(fyne.KeyReturn)
	a.waitFor("Enter your master password")
	a.typeText("not it")
	a.keys(fyne.KeyReturn)
	a.waitFor("That is not the master password.")
	a.take("pair-password")
}

// answer takes up, on the other device, the request of this one.
func (a *album) answer() *session.Approval {
	a.Helper()
	requests, err := a.other.Pairings(a.Context())
	if err != nil || len(requests) != 1 {
		a.Fatalf("%d requests, %v", len(requests), err)
	}
	approval, err := a.other.Answer(a.Context(), requests[0].ID)
	if err != nil {
		a.Fatal(err)
	}
	return approval
}

// withTheKit signs in with the Secret Key, where no other device vouches for the state.
func (a *album) withTheKit() {
	server, _ := a.signedUp()
	a.sit(newDesk(a.TB, newPC(a, "Anna’s new PC", nil), server))
	a.take("welcome-choose")
	a.signIn()
	a.take("welcome-sign-in")
	a.keys(fyne.KeyReturn)
	a.take("welcome-sign-in-missing")
	a.typeText(anna)
	a.tabTo("Master password")
	a.typeText(testpc.Password)
	a.tabTo("Secret Key")
	a.typeText("C1-6DFN1-XC1H1-DTHTQ-M8PPC-5F5TW-CN99P")
	a.take("welcome-sign-in-filled")
	a.shell.Welcome().SetSecretKey(a.other.SecretKey())
	a.keys(fyne.KeyReturn)
	a.waitFor("Enter the code")
	a.typeText(server.LastCode(a, anna))
	a.waitFor("Yes, this is it")
	a.take("confirm-state")
	a.do("Something is missing")
	a.waitFor("Remove from this PC")
	a.take("confirm-reject")
}

// notices shows what stands over the vault, and where it leads.
func (a *album) notices() {
	ctx := a.Context()
	server, pc := newCloud(a), newPC(a, "Anna’s laptop", nil)
	u := pc.SignUp(a, server, anna)
	code, err := u.RecoveryCode(ctx)
	if err := errors.Join(err, u.SkipBrowserImport(ctx)); err != nil {
		a.Fatal(err)
	}
	u.Lock()
	a.sit(newDesk(a.TB, pc, server))
	a.unlock()
	a.waitFor("Your emergency kit is not saved yet.")
	a.take("notice-kit")
	recovery, err := newPC(a, "Eve’s PC", nil).BeginRecovery(ctx, server.URL, anna, code)
	if err == nil {
		err = recovery.Verify(ctx, server.LastCode(a, anna))
	}
	if err != nil {
		a.Fatal(err)
	}
	a.waitFor("Somebody is recovering your account")
	a.take("notice-recovery")
	a.do("Stop it")
	a.waitFor("The recovery is stopped.")
	a.take("notice-recovery-stopped")
	a.shell.Vault().DismissToast()
	a.keysChanged()
	a.signedOut()
}

func (a *album) keysChanged() {
	a.secondDevice()
	change := session.Change{Password: testpc.Typed(testpc.Password), NewSecretKey: true, NewPassword: testpc.Typed(freshPassword)}
	if err := a.other.Change(a.Context(), change); err != nil {
		a.Fatal(err)
	}
	a.shell.Vault().Sync()
	a.waitFor("The keys of your account were changed")
	a.take("notice-keys")
	a.do("Enter password")
	a.waitFor("Your keys were changed")
	a.take("adopt")
	a.do("The emergency kit is a new one too")
	a.waitFor("Secret Key of the newest emergency kit")
	a.take("adopt-with-key")
	a.keys(fyne.KeyEscape)
	a.do("Enter password")
	a.waitFor("Your keys were changed")
	a.typeText(freshPassword)
	a.keys(fyne.KeyReturn)
	a.waitFor("The new keys are in use here.")
}

func (a *album) signedOut() {
	a.shell.Vault().Sync()
	a.waitFor("Synced")
	if err := a.other.SignOutOthers(a.Context()); err != nil {
		a.Fatal(err)
	}
	a.waitFor("This PC was signed out from another device.")
	a.take("unlock-signed-out")
}

// waysOut shows a server that went back, and a file that somebody else has changed.
func (a *album) waysOut() {
	server, pc := newCloud(a), newPC(a, "Anna’s laptop", nil)
	u := pc.SignUp(a, server, anna)
	if err := errors.Join(u.SkipBrowserImport(a.Context()), u.KitSaved(a.Context())); err != nil {
		a.Fatal(err)
	}
	testpc.Save(a, u, testpc.Login("Earlier", "anna", "1"))
	testpc.Sync(a, u)
	old := server.Backup()
	testpc.Save(a, u, testpc.Login("Later", "anna", "2"))
	testpc.Sync(a, u)
	server.Restore(old)
	u.Lock()
	a.sit(newDesk(a.TB, pc, server))
	a.unlock()
	a.waitFor("Sync has stopped")
	a.take("trouble")
	a.shell.Vault().OpenTrouble()
	a.waitFor("went back")
	brush.standIns[a.evidence()] = "/home/anna/.local/share/coffer/vaults/0198d3c5a21b7e64.evidence-50e90b63.json"
	a.take("trouble-server")
	a.do("Go on with the server")
	a.waitFor("Sync goes on.")
	a.take("trouble-over")
	a.waitFor("Synced")
	a.changedOutside(`DELETE FROM object WHERE length(base_envelope) = (SELECT max(length(base_envelope)) FROM object)`)
	a.unlock()
	a.waitFor("Sync has stopped")
	a.shell.Vault().OpenTrouble()
	a.waitFor("Load from the server")
	a.take("trouble-file")
	a.keys(fyne.KeyReturn)
	a.changedOutside(`UPDATE account SET profile = 'P1'`)
	a.waitFor("Welcome back")
	a.typeText(testpc.Password)
	a.keys(fyne.KeyReturn)
	a.waitFor("Load from the server")
	a.take("unlock-reload")
	server.Stop()
	a.do("Load from the server")
	a.until("an answer", func() bool { return !a.shell.Unlock().State().Busy })
	a.take("unlock-reload-offline")
}

// evidence is the file with what the server has sent.
func (a *album) evidence() string {
	a.Helper()
	kept, err := filepath.Glob(filepath.Join(a.pc.Paths.Data, "*.evidence-*.json"))
	if err != nil || len(kept) != 1 {
		a.Fatalf("%q, %v", kept, err)
	}
	return kept[0]
}

// setUpAgain shows the way out where the server has lost changes of the account.
func (a *album) setUpAgain() {
	server, pc := newCloud(a), newPC(a, "Anna’s laptop", nil)
	u := pc.SignUp(a, server, anna)
	if err := errors.Join(u.SkipBrowserImport(a.Context()), u.KitSaved(a.Context())); err != nil {
		a.Fatal(err)
	}
	kit, old := u.SecretKey(), server.Backup()
	if err := u.Change(a.Context(), session.Change{Password: testpc.Typed(testpc.Password), NewSecretKey: true}); err != nil {
		a.Fatal(err)
	}
	testpc.Save(a, u, testpc.Login("Later", "anna", "2"))
	testpc.Sync(a, u)
	server.Restore(old)
	u.Lock()
	a.sit(newDesk(a.TB, pc, server))
	a.unlock()
	a.waitFor("Sync has stopped")
	a.shell.Vault().OpenTrouble()
	a.until("the sheet", func() bool { return a.sheet() != nil && a.sheet().State().Page == "rejoin.password" })
	a.take("rejoin")
	a.sheet().Follow("withKey")
	a.sheet().SetPassword(screen.PasswordField, testpc.Typed(testpc.Password))
	a.sheet().SetText("key", kit)
	brush.standIns[kit] = "C1-6DFN1-XC1H1-DTHTQ-M8PPC-5F5TW-CN99P"
	a.take("rejoin-key")
	a.sheet().Submit()
	a.until("the comparison", func() bool { return a.sheet().State().Page == "rejoin.differs" && !a.sheet().State().Busy })
	a.take("rejoin-differs")
}

// backups shows the copies of the vault, and what comes back from one.
func (a *album) backups() {
	a.openVault()
	u := a.shell.Vault()
	u.Select(0)
	a.waitForItem("GitHub")
	u.ToggleArchive()
	a.waitFor("is in the archive")
	u.Go(screen.Place{Kind: screen.PlaceArchive})
	a.until("the item in the archive", func() bool { // the message about the archive may read like the banner
		d := u.Detail()
		return d != nil && slices.ContainsFunc(d.State().Banners, func(b screen.Banner) bool { return b.Kind == screen.BannerArchived })
	})
	a.take("archive")
	u.Detail().Act(screen.BannerArchived)
	a.waitFor("The archive is empty")
	a.take("archive-empty")
	u.Go(screen.Place{})
	a.waitFor("1 item")
	u.OpenSettings()
	a.tabTo("Backups on this PC")
	a.take("settings-backups")
	a.keys(fyne.KeyEscape)
	u.OpenBackups()
	a.waitFor("No backup yet")
	a.take("backups-none")
	a.sheet().Submit()
	a.waitFor("KB")
	a.take("backups")
	a.keys(fyne.KeyEscape)
	u.Select(0)
	a.waitForItem("GitHub")
	u.Trash()
	a.waitFor("is in the trash")
	u.EmptyTrash()
	a.waitFor("Empty the trash?")
	u.Answer(true)
	a.waitFor("The trash is empty.")
	u.OpenBackups()
	a.waitFor("KB")
	a.sheet().Open(a.sheet().State().Rows[0].ID)
	a.waitFor("Bring all back")
	a.take("backups-items")
	a.sheet().Submit()
	a.waitFor("as it was")
}

// changedOutside locks and changes the vault's file as somebody could who has the disk.
func (a *album) changedOutside(statement string) {
	a.Helper()
	a.lockAndWait()
	account := a.pc.Manager.Accounts()[0].ID
	db, err := sqlite.Open(a.Context(), a.pc.Paths.Account(account), sqlite.Options{})
	if err != nil {
		a.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		a.Fatal(err)
	}
}
