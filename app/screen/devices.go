package screen

import (
	"context"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/id"
)

// Devices lists the devices of the account, renames and removes them, and lets new ones in.
type Devices struct {
	Sheet
	config   DevicesConfig
	devices  []session.Device
	requests []session.PairingRequest
	loading  bool
	approval *session.Approval
}

// DevicesConfig is what the device screen works with.
type DevicesConfig struct {
	Unlocked *session.Unlocked
	Close    func()
	Said     func(text string)
}

// The buttons of a device.
const (
	deviceRename = "rename"
	deviceRemove = "remove"
	rowAdd       = "add"
)

// requestPause is how often new devices are looked for while the page about them is shown.
const requestPause = 2 * time.Second

// NewDevices shows the devices.
func NewDevices(env *Env, config DevicesConfig) *Devices {
	d := &Devices{config: config}
	d.unlocked = config.Unlocked
	d.start(env, "devices", config.Close)
	d.home()
	return d
}

func (d *Devices) home() {
	d.show(sheetPage{name: "list", rows: d.rows, open: func(string) { d.addPage() }, act: d.act})
	d.load()
}

// load asks the log and the server; without the server the list is that of the last sync.
func (d *Devices) load() {
	d.loading = true
	Run(d.run, d.unlocked.Devices, func(devices []session.Device, err error) {
		d.devices, d.loading = devices, false
		if err != nil {
			d.problem = explain(d.env.Words, err)
		}
		d.changed()
	})
}

func (d *Devices) rows() []SheetRow {
	add := d.text("screen.devices.row.add")
	rows := []SheetRow{{ID: rowAdd, Icon: assets.IconPlus, Title: add, Detail: d.text("screen.devices.row.add.detail"), Open: add}}
	if n := d.unlocked.Status().Notices.Pairings; n > 0 {
		rows[0].Detail, rows[0].Tone = d.env.Words.Count("screen.devices.row.waiting", n), ToneWarning
	}
	for _, device := range d.devices {
		row := deviceRow(d.env.Words, device)
		r := SheetRow{ID: row.ID.String(), Icon: row.Icon, Title: row.Name, Detail: row.Detail, Actions: []Choice{{ID: deviceRename, Label: d.text("screen.devices.row.rename")}}}
		if row.This {
			r.Detail, r.Tone = d.text("screen.devices.row.this"), ToneGood
		} else {
			r.Actions = append(r.Actions, Choice{ID: deviceRemove, Label: d.text("screen.devices.row.remove")})
		}
		rows = append(rows, r)
	}
	return rows
}

func (d *Devices) act(row, action string) {
	for _, device := range d.devices {
		switch {
		case device.ID.String() != row:
		case action == deviceRename:
			d.renamePage(device)
		case action == deviceRemove && !device.This:
			d.removePage(device)
		}
	}
}

// Remove begins with the question whether a device shall be removed.
func (d *Devices) Remove(device session.Device) { d.removePage(device) }

// Add begins with the new devices that wait.
func (d *Devices) Add() { d.addPage() }

func (d *Devices) renamePage(device session.Device) {
	d.texts["name"] = device.Name
	d.show(sheetPage{name: "rename", args: []any{"device", device.Name}, fields: []SheetField{{ID: "name", Label: d.text("screen.devices.rename.field")}}, back: d.home, submit: func() {
		name := strings.TrimSpace(d.texts["name"])
		if name == "" {
			return
		}
		d.do(func(ctx context.Context) error { return d.unlocked.RenameDevice(ctx, device.ID, name) }, d.home)
	}})
}

func (d *Devices) removePage(device session.Device) {
	d.show(sheetPage{name: "remove", args: []any{"device", device.Name}, fields: []SheetField{d.passwordField()}, back: d.home, danger: true, submit: func() {
		password := d.password(fieldPassword)
		d.do(func(ctx context.Context) error {
			defer password.Wipe()
			return d.unlocked.Change(ctx, session.Change{Password: password, Remove: []id.ID{device.ID}})
		}, func() {
			d.devices = nil // as they were before
			d.show(d.kitPage("kit", d.home))
		})
	}})
}

// addPage lists the new devices that wait, and looks again whenever one comes.
func (d *Devices) addPage() {
	d.show(sheetPage{name: "add", rows: d.requestRows, back: d.home, open: func(row string) {
		if request, err := id.Parse(row); err == nil {
			d.answer(request)
		}
	}})
	d.lookForRequests()
}

func (d *Devices) lookForRequests() {
	page := d.pages
	Run(d.run, d.unlocked.Pairings, func(requests []session.PairingRequest, err error) {
		if page != d.pages {
			return
		}
		d.requests = requests
		if err != nil {
			d.problem = explain(d.env.Words, err)
		}
		d.changed()
		d.run.After(requestPause, func() {
			if page == d.pages {
				d.lookForRequests()
			}
		})
	})
}

func (d *Devices) requestRows() []SheetRow {
	var rows []SheetRow
	for _, r := range d.requests {
		detail := d.text("screen.devices.add.request", "platform", platformName(r.Platform), "time", d.env.Words.DateTime(r.Created.Local()))
		rows = append(rows, SheetRow{ID: r.ID.String(), Icon: assets.IconLaptop, Title: r.Name, Detail: detail, Open: d.text("screen.devices.add.approve")})
	}
	return rows
}

// answer takes a request up and waits for the new device's half.
func (d *Devices) answer(request id.ID) {
	var approval *session.Approval // one that was given up must not take the place of the next
	d.do(func(ctx context.Context) (err error) {
		if approval, err = d.unlocked.Answer(ctx, request); err != nil {
			return err
		}
		return approval.Revealed(ctx)
	}, func() {
		d.approval = approval
		d.digitsPage()
	})
}

func (d *Devices) digitsPage() {
	delete(d.texts, "digits")
	approval := d.approval
	d.show(sheetPage{
		name: "digits", fields: []SheetField{{ID: "digits", Label: d.text("screen.devices.digits.field"), Placeholder: "123 456", Kind: FieldDigits}},
		back: d.refuse,
		submit: func() {
			typed := d.texts["digits"]
			d.do(func(ctx context.Context) error {
				if strings.HasPrefix(strings.TrimSpace(typed), "coffer:") {
					return approval.CheckCode(typed)
				}
				return approval.Check(ctx, typed)
			}, d.approvePage)
		},
	})
}

// refuse goes back whatever the server says: a request that nobody approves is void soon.
func (d *Devices) refuse() {
	approval := d.approval
	d.do(func(ctx context.Context) error {
		_ = approval.Refuse(ctx)
		return nil
	}, d.addPage)
}

// approvePage asks for the master password: whoever finds this PC unlocked shall not let a device of his own in.
func (d *Devices) approvePage() {
	approval := d.approval
	d.show(sheetPage{
		name: "approve", args: []any{"device", approval.Device()}, fields: []SheetField{d.passwordField()}, back: d.refuse,
		submit: func() {
			password := d.password(fieldPassword)
			d.do(func(ctx context.Context) error {
				defer password.Wipe()
				return approval.Approve(ctx, password)
			}, d.shownPage)
		},
	})
}

// shownPage shows the digits that prove this device to the new one.
func (d *Devices) shownPage() {
	d.show(sheetPage{name: "shown", digits: d.approval.Digits(), stay: true, submit: d.donePage})
}

func (d *Devices) donePage() {
	d.home()
	d.config.Said(d.text("screen.devices.added"))
}
