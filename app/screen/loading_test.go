package screen

import (
	"testing"

	"github.com/coffer-vault/coffer/app/session"
)

func TestSidebarSaysHowFarAFirstSyncIs(t *testing.T) {
	d, v := fileDesk(t)
	d.until("synced", func() bool { return v.State().Sync.Tone == ToneGood })
	for want, status := range map[string]session.Status{
		"Loading 120 of 1,248 items": {State: session.Syncing, Loaded: 120, ToLoad: 1248},
		"Syncing…":                   {State: session.Syncing},
	} {
		v.status = status
		if got := v.syncLine(); got.Text != want || !got.Busy {
			t.Errorf("%+v, want %q", got, want)
		}
	}
}
