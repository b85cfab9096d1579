package screen

import (
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/id"
)

// DeviceRow is one device of the account.
type DeviceRow struct {
	ID     id.ID
	Name   string
	Icon   assets.IconName
	Detail string // "Linux · last seen on 20 September 2026, 00:50"
	This   bool   // the one at which the person sits
}

// platforms are the systems a device can have, with names that are the same in every language.
var platforms = map[string]string{"windows": "Windows", "macos": "macOS", "linux": "Linux"}

func platformName(platform string) string {
	if name := platforms[platform]; name != "" {
		return name
	}
	return platform
}

func deviceRow(words *assets.Catalog, d session.Device) DeviceRow {
	row := DeviceRow{ID: d.ID, Name: d.Name, Icon: assets.IconLaptop, This: d.This}
	switch {
	case d.LastSeen.IsZero():
		row.Detail = words.Text("screen.device.added", "platform", platformName(d.Platform), "time", words.DateTime(d.Added.Local()))
	default:
		row.Detail = words.Text("screen.device.lastSeen", "platform", platformName(d.Platform), "time", words.DateTime(d.LastSeen.Local()))
	}
	return row
}
