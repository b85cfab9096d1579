package screen

import (
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/sync/engine"
)

// traffic is what is on its way in one direction.
type traffic struct {
	files       int
	running     bool
	done, total int64
}

func (t *traffic) add(one session.Transfer) {
	t.files++
	t.running = t.running || one.State == engine.TransferRunning
	t.done += one.Done
	t.total += one.Total
}

// withTransfers says in the sync line which files are on their way. Trouble of the sync itself comes before them.
func (v *Vault) withTransfers(line SyncLine) SyncLine {
	var up, down, stuck traffic
	for _, t := range v.files.moving {
		switch {
		case t.State > engine.TransferRunning:
			stuck.add(t)
		case t.Up:
			up.add(t)
		default:
			down.add(t)
		}
	}
	if up.files > 0 {
		line.Note = v.env.Words.Count("screen.sync.uploadsGoOn", up.files)
	}
	switch {
	case !line.Problem.IsZero() || line.Tone == ToneError:
	case up.running:
		return v.trafficLine("screen.sync.uploading", up, line.Note)
	case down.running:
		return v.trafficLine("screen.sync.downloading", down, line.Note)
	case line.Tone == ToneGood && stuck.files > 0:
		line.Icon, line.Tone, line.Text = assets.IconCloudAlert, ToneWarning, v.env.Words.Count("screen.sync.stuck", stuck.files)
	}
	return line
}

func (v *Vault) trafficLine(key string, t traffic, note string) SyncLine {
	return SyncLine{Icon: assets.IconCloudUpload, Busy: true, Note: note, Text: v.env.Words.Count(key, t.files, "percent", percent(int(t.done), int(t.total)))}
}
