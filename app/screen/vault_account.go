package screen

import (
	"context"
	"errors"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// SheetModel is what a view needs of a Sheet, whichever it is.
type SheetModel interface {
	State() SheetState
	OnChange(func(SheetState))
	SetText(field, typed string)
	SetPassword(field string, typed secret.Bytes)
	Submit()
	Open(row string)
	Act(row, action string)
	Follow(link string)
	Back()
	SaveKit()
	PrintKit()
	ConfirmKit(yes bool)
	Leave()
}

var (
	_ SheetModel = (*Account)(nil)
	_ SheetModel = (*Devices)(nil)
	_ SheetModel = (*Backups)(nil)
	_ SheetModel = (*Export)(nil)
	_ SheetModel = (*NewDevice)(nil)
	_ SheetModel = (*Recover)(nil)
	_ SheetModel = (*Confirm)(nil)
	_ SheetModel = (*Adopt)(nil)
	_ SheetModel = (*Rejoin)(nil)
)

// Sheet is the model of DialogSheet.
func (v *Vault) Sheet() SheetModel { return v.sheet }

func (v *Vault) openSheet(sheet SheetModel) {
	if v.sheet != nil {
		v.sheet.Leave()
	}
	v.sheet = sheet
	v.changed()
}

func (v *Vault) closeSheet() {
	if v.sheet != nil {
		v.sheet.Leave()
		v.sheet = nil
		v.changed()
	}
}

// OpenAccount shows what protects the account.
func (v *Vault) OpenAccount() {
	v.openSheet(NewAccount(v.env, AccountConfig{Unlocked: v.config.Unlocked, Close: v.closeSheet, Said: v.said, Deleted: v.config.Deleted}))
}

// OpenDevices shows the devices of the account.
func (v *Vault) OpenDevices() { v.openDevices() }

func (v *Vault) openDevices() *Devices {
	devices := NewDevices(v.env, DevicesConfig{Unlocked: v.config.Unlocked, Close: v.closeSheet, Said: v.said})
	v.openSheet(devices)
	return devices
}

// OpenBackups shows the copies of the vault on this PC.
func (v *Vault) OpenBackups() {
	v.openSheet(NewBackups(v.env, BackupsConfig{Unlocked: v.config.Unlocked, Close: v.closeSheet, Said: v.said}))
}

func (v *Vault) said(text string) { v.say(text, nil) }

// openConfirm asks, after an enrolment with the kit, whether the state is the newest; until then the vault is read-only.
func (v *Vault) openConfirm() {
	if _, open := v.sheet.(*Confirm); !open && v.status.Notices.Confirm {
		v.openSheet(NewConfirm(v.env, v.config.Unlocked, v.closeSheet, v.config.Forget))
	}
}

// AccountNotice is what the person has to be told or asked about the account, over the list.
type AccountNotice struct {
	Message Message
	Actions []Choice
}

// The actions of notices.
const (
	noticeAdopt        = "adopt"
	noticeStopRecovery = "stopRecovery"
	noticeKnown        = "known"
	noticeNotMine      = "notMine"
	noticePairing      = "pairing"
	noticeKit          = "kit"
	noticeBack         = "back"
	noticeForget       = "forget"
)

// accountNotice is the most urgent of what there is to say.
func (v *Vault) accountNotice() AccountNotice {
	n := v.status.Notices
	fresh := v.config.Unlocked.NewDevices()
	switch {
	case v.removedHere():
		return AccountNotice{explain(v.env.Words, v.status.Err), v.noticeActions(noticeForget, noticeBack)}
	case n.KeysChanged:
		return AccountNotice{explain(v.env.Words, session.ErrKeysChanged), v.noticeActions(noticeAdopt)}
	case n.Recovery != nil:
		m := sentence{key: "recoveryUnderWay", tone: ToneError}.message(v.env.Words, "device", n.Recovery.Device, "time", v.env.Words.DateTime(n.Recovery.Ready.Local()))
		return AccountNotice{m, v.noticeActions(noticeStopRecovery)}
	case len(fresh) > 0:
		d := fresh[len(fresh)-1]
		key := "newDevice"
		if d.Approver != "" {
			key = "newDeviceApproved"
		}
		args := []any{"device", d.Name, "platform", platformName(d.Platform), "time", v.env.Words.DateTime(d.Added.Local()), "approver", d.Approver}
		m := sentence{key: key, tone: ToneWarning}.message(v.env.Words, args...)
		return AccountNotice{m, v.noticeActions(noticeNotMine, noticeKnown)}
	case n.Pairings > 0:
		m := Message{Tone: ToneWarning, What: v.env.Words.Count("screen.devices.row.waiting", n.Pairings)}
		return AccountNotice{m, v.noticeActions(noticePairing)}
	case n.ChangeLost:
		return AccountNotice{Message: explain(v.env.Words, session.ErrChangeLost)}
	case n.Changing:
		return AccountNotice{Message: explain(v.env.Words, session.ErrChangeWaits)}
	case n.KitDue:
		return AccountNotice{sentence{key: "kitDue", tone: ToneWarning}.message(v.env.Words), v.noticeActions(noticeKit)}
	}
	return AccountNotice{}
}

// removedHere tells whether this PC was removed from the account. It can be signed in again with what it has, or the account goes off it.
func (v *Vault) removedHere() bool { return errors.Is(v.status.Err, session.ErrDeviceRevoked) }

// forgetHere asks whether the account shall be removed from this PC.
func (v *Vault) forgetHere() {
	v.OpenSettings()
	v.settings.Forget()
}

func (v *Vault) noticeActions(ids ...string) []Choice {
	var actions []Choice
	for _, action := range ids {
		actions = append(actions, Choice{ID: action, Label: v.text("screen.notice." + action)})
	}
	return actions
}

// ActOnNotice presses a button of State.Notice.
func (v *Vault) ActOnNotice(action string) {
	u := v.config.Unlocked
	fresh := u.NewDevices()
	switch action {
	case noticeAdopt:
		v.openSheet(NewAdopt(v.env, u, v.closeSheet, func() {
			v.closeSheet()
			v.said(v.text("screen.adopt.done"))
		}))
	case noticeStopRecovery:
		v.do(u.CancelRecovery, func() { v.said(v.text("screen.notice.recoveryStopped")) })
	case noticeKnown:
		v.do(func(ctx context.Context) error { return u.KnowDevices(ctx) }, func() {})
	case noticeNotMine:
		if len(fresh) > 0 {
			v.openDevices().Remove(fresh[len(fresh)-1])
		}
	case noticePairing:
		v.openDevices().Add()
	case noticeKit:
		v.OpenSettings()
	case noticeBack:
		v.openRejoin()
	case noticeForget:
		v.forgetHere()
	}
}
