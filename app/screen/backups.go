package screen

import (
	"context"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

// Backups lists the copies of the vault on this PC and brings items back from one.
type Backups struct {
	Sheet
	config BackupsConfig
	all    []session.Backup
	from   session.Backup
	found  []vault.Found
}

// BackupsConfig is what the sheet about backups works with.
type BackupsConfig struct {
	Unlocked *session.Unlocked
	Close    func()
	Said     func(text string)
}

// maxFound is how many items of a backup are listed. All of them can be brought back at once in any case.
const maxFound = 50

// NewBackups shows the backups.
func NewBackups(env *Env, config BackupsConfig) *Backups {
	b := &Backups{config: config}
	b.start(env, "backups", config.Close)
	b.home()
	return b
}

// home lists the backups, and none before they are read.
func (b *Backups) home() {
	b.show(sheetPage{name: "list", rows: b.rows, open: b.compare, submit: func() {
		b.do(b.config.Unlocked.BackUp, b.home)
	}})
	load(b, func(context.Context) ([]session.Backup, error) { return b.config.Unlocked.Backups() }, func(all []session.Backup) {
		b.all = all
		b.changed()
	})
}

// load reads what the page shows, unless another page is shown by then.
func load[T any](b *Backups, work func(context.Context) (T, error), done func(T)) {
	turned := b.pages
	Run(b.run, work, func(value T, err error) {
		switch {
		case turned != b.pages:
		case err != nil:
			b.fail(err)
		default:
			done(value)
		}
	})
}

func (b *Backups) rows() []SheetRow {
	var rows []SheetRow
	for _, backup := range b.all {
		when := b.env.Words.DateTime(backup.Time.Local())
		rows = append(rows, SheetRow{ID: backup.ID, Icon: assets.IconHistory, Title: when, Detail: sizeText(b.env.Words, backup.Size), Open: when})
	}
	if len(rows) == 0 {
		rows = []SheetRow{{Icon: assets.IconClock, Title: b.text("screen.backups.row.none"), Detail: b.text("screen.backups.row.noneDetail")}}
	}
	return rows
}

// compare looks for what a backup has and the vault has otherwise.
func (b *Backups) compare(backup string) {
	for _, candidate := range b.all {
		if candidate.ID == backup {
			b.from = candidate
			b.compareFrom()
		}
	}
}

func (b *Backups) compareFrom() {
	b.turn("compare", sheetPage{wait: true})
	load(b, func(ctx context.Context) ([]vault.Found, error) {
		return b.config.Unlocked.CompareBackup(ctx, b.from.ID)
	}, func(found []vault.Found) {
		b.found = found
		b.items()
	})
}

// turn turns to a page about the backup that was chosen.
func (b *Backups) turn(name string, p sheetPage) {
	p.name, p.back = name, b.home
	p.args = []any{"time", b.env.Words.DateTime(b.from.Time.Local()), "count", b.env.Words.Count("screen.vault.count", len(b.found))}
	b.show(p)
}

func (b *Backups) items() {
	if len(b.found) == 0 {
		b.turn("same", sheetPage{})
		return
	}
	b.turn("items", sheetPage{rows: b.foundRows, act: func(row, _ string) {
		if item, err := id.Parse(row); err == nil {
			b.restore(item)
		}
	}, submit: func() {
		var all []id.ID
		for _, f := range b.found {
			all = append(all, f.ID)
		}
		b.restore(all...)
	}})
}

func (b *Backups) foundRows() []SheetRow {
	var rows []SheetRow
	for _, f := range b.found[:min(len(b.found), maxFound)] {
		title, detail := titleOf(b.env.Words, f.Title), b.text("screen.backups.row.changed")
		if f.Gone {
			detail = b.text("screen.backups.row.gone")
		}
		if f.Subtitle != "" {
			detail = f.Subtitle + "  ·  " + detail
		}
		rows = append(rows, SheetRow{ID: f.ID.String(), Icon: kindIcon(f.Kind), Title: title, Detail: detail, Actions: []Choice{{ID: "restore", Label: b.text("screen.backups.row.restore")}}})
	}
	if more := len(b.found) - maxFound; more > 0 {
		rows = append(rows, SheetRow{Icon: assets.IconEllipsis, Title: b.env.Words.Count("screen.backups.row.more", more)})
	}
	return rows
}

// restore brings items back and compares again: what is left can be brought back too.
func (b *Backups) restore(items ...id.ID) {
	var restored int
	b.do(func(ctx context.Context) (err error) {
		restored, err = b.config.Unlocked.RestoreBackup(ctx, b.from.ID, items)
		return err
	}, func() {
		b.config.Said(b.env.Words.Count("screen.backups.restored", restored))
		if len(items) == len(b.found) {
			b.config.Close()
			return
		}
		b.compareFrom()
	})
}
