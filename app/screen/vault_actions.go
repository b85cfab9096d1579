package screen

import (
	"context"
	"slices"
	"strings"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

// restoreVersion makes an item what it was before an edit. To undo it is to go back before that.
func (v *Vault) restoreVersion(item id.ID, edit vault.Edit) {
	undo := func(ctx context.Context) error {
		it, err := v.vault.Get(ctx, item)
		if err != nil {
			return err
		}
		defer it.Wipe()
		return v.vault.RestoreBefore(ctx, item, it.Edits()[0])
	}
	v.do(func(ctx context.Context) error { return v.vault.RestoreBefore(ctx, item, edit) }, func() {
		v.say(v.text("screen.vault.versionRestored"), undo)
	})
}

// AddFolder makes a folder in another one, or at the top for the zero id, and shows it.
func (v *Vault) AddFolder(parent id.ID, name string) {
	v.makeFolder(parent, name, func(folder id.ID) { v.Go(Place{Kind: PlaceFolder, Folder: folder}) })
}

// makeFolder saves a new folder; then follows, unless it has no name.
func (v *Vault) makeFolder(parent id.ID, name string, then func(folder id.ID)) {
	name = strings.TrimSpace(name)
	if name == "" {
		return
	}
	v.undo = nil
	Run(v.run, func(ctx context.Context) (vault.Folder, error) {
		return v.vault.SaveFolder(ctx, vault.Folder{Name: name, Parent: parent})
	}, func(f vault.Folder, err error) {
		if err != nil {
			v.fail(explain(v.env.Words, err))
			return
		}
		then(f.ID)
	})
}

// RenameFolder gives a folder another name.
func (v *Vault) RenameFolder(folder id.ID, name string) {
	before, ok := v.folder(folder)
	after := before
	if after.Name = strings.TrimSpace(name); ok && after.Name != "" && after != before {
		v.saveFolder(before, after, v.text("screen.vault.renamed", "name", after.Name))
	}
}

// MoveFolder puts a folder into another one of State.FolderParents.
func (v *Vault) MoveFolder(folder id.ID, choice string) {
	before, ok := v.folder(folder)
	after := before
	after.Parent, _ = id.Parse(choice) // "" is the top
	if ok && after != before {
		v.saveFolder(before, after, v.text("screen.vault.folderMoved", "name", after.Name))
	}
}

func (v *Vault) saveFolder(before, after vault.Folder, said string) {
	v.do(func(ctx context.Context) error {
		_, err := v.vault.SaveFolder(ctx, after)
		return err
	}, func() {
		v.say(said, func(ctx context.Context) error { return v.vault.RevertFolder(ctx, before, after) })
	})
}

// FolderParents are the places where a folder can be moved: the top, with an empty ID, and every folder that is not in it.
func (v *Vault) FolderParents(folder id.ID) []Choice {
	moving, _ := v.folder(folder)
	choices := []Choice{{Label: v.text("screen.vault.folderTop"), Selected: moving.Parent.IsZero()}}
	inside := false // those in a folder follow it, deeper
	for _, f := range v.folders {
		inside = f.ID == folder || inside && f.Depth > moving.Depth
		if !inside {
			choices = append(choices, Choice{ID: f.ID.String(), Label: f.Path, Selected: f.ID == moving.Parent})
		}
	}
	return choices
}

func (v *Vault) folder(folder id.ID) (vault.Folder, bool) {
	i := slices.IndexFunc(v.folders, func(f vault.Folder) bool { return f.ID == folder })
	if i < 0 {
		return vault.Folder{}, false
	}
	return v.folders[i], true
}

// DeleteFolder deletes a folder, after asking. Its items stay, and remember it: saved again, it has all of them that are in no other one
// by then.
func (v *Vault) DeleteFolder(folder id.ID) {
	name := v.folderName(folder)
	v.askBefore("deleteFolder", func() {
		var before vault.Item // a name and a place, and which names it had
		v.do(func(ctx context.Context) (err error) {
			if before, err = v.vault.Get(ctx, folder); err != nil {
				return err
			}
			return v.vault.DeleteFolder(ctx, folder)
		}, func() {
			if v.place.Folder == folder {
				v.Go(Place{})
			}
			v.say(v.text("screen.vault.folderDeleted", "name", name), func(ctx context.Context) error {
				_, err := v.vault.Save(ctx, before)
				return err
			})
		})
	}, "name", name)
}

// askBefore shows a question; confirm follows a yes.
func (v *Vault) askBefore(key string, confirm func(), args ...any) {
	v.askWith(key, "", confirm, args...)
}

// askWith is askBefore with a further sentence.
func (v *Vault) askWith(key, more string, confirm func(), args ...any) {
	prefix := "screen.vault.ask." + key
	v.ask = Question{Title: v.text(prefix+".title", args...), Body: strings.TrimSpace(v.text(prefix+".body", args...) + " " + more),
		Confirm: v.text(prefix + ".confirm"), Cancel: v.text("screen.cancel"), Danger: true}
	v.confirm = confirm
	v.changed()
}

// Answer is what the person says to State.Ask.
func (v *Vault) Answer(yes bool) {
	confirm := v.confirm
	v.ask, v.confirm = Question{}, nil
	v.changed()
	if yes && confirm != nil {
		confirm()
	}
}

// Sync brings the vault in step with the server now; the outcome is in State.Sync.
func (v *Vault) Sync() {
	Run(v.run, func(ctx context.Context) (struct{}, error) { return struct{}{}, v.config.Unlocked.Sync(ctx) }, func(struct{}, error) {})
}

// Lock locks the vault.
func (v *Vault) Lock() { v.config.Lock() }

// LockAll locks every account.
func (v *Vault) LockAll() { v.config.LockAll() }

// SwitchTo shows another account, one of State.Accounts. This one stays open.
func (v *Vault) SwitchTo(choice string) {
	account, err := id.Parse(choice)
	if (err == nil || choice == "") && account != v.config.Unlocked.Account().ID {
		v.config.SwitchTo(account)
	}
}

// OpenSettings shows the settings.
func (v *Vault) OpenSettings() {
	if v.settings != nil {
		return
	}
	v.settings = v.config.NewSettings(v.config.Unlocked, v.closeSettings)
	v.settings.leads = map[string]func(){SettingsAccount: v.OpenAccount, SettingsDevices: v.OpenDevices, SettingsBackups: v.OpenBackups, SettingsImport: v.OpenImport, SettingsExport: v.OpenExport}
	v.changed()
}

func (v *Vault) closeSettings() {
	v.settings.Leave()
	v.settings = nil
	v.changed()
}

// OpenImport shows the import from browsers and files.
func (v *Vault) OpenImport() { v.openImport(ImportConfig{}) }

func (v *Vault) openImport(c ImportConfig) {
	if v.imports != nil {
		return
	}
	c.Unlocked, c.Done = v.config.Unlocked, func() {
		v.imports.Leave()
		v.imports = nil
		v.changed()
	}
	v.imports = NewImport(v.env, c)
	v.changed()
}

// OpenTrouble opens the dialog that leads out of a stopped sync.
func (v *Vault) OpenTrouble() {
	if v.removedHere() {
		v.openRejoin()
		return
	}
	if v.trouble != nil || !hasWayOut(v.status.Err) {
		return
	}
	done := func(said string) {
		v.trouble.Leave()
		v.trouble = nil
		if said != "" {
			v.say(said, nil)
		}
		v.changed()
	}
	v.trouble = NewTrouble(v.env, TroubleConfig{Unlocked: v.config.Unlocked, Status: v.status, Done: done, Rejoin: func() {
		done("")
		v.openRejoin()
	}})
	v.changed()
}

// openRejoin sets this PC up again from the account that the server shows. What is being typed is saved or given up before: this screen
// ends with it.
func (v *Vault) openRejoin() {
	v.leavePane(func() {
		v.closePane()
		v.selectNear(0)
		v.openSheet(NewRejoin(v.env, RejoinConfig{
			Unlocked: v.config.Unlocked, Status: v.status, Close: v.closeSheet, Opened: v.config.Reopened,
		}))
	})
}

func (v *Vault) closeDialogs() {
	if v.palette != nil {
		v.palette.Leave()
		v.palette = nil
	}
	if v.generator != nil {
		v.generator.Leave()
	}
	if v.settings != nil {
		v.settings.Leave()
	}
	if v.imports != nil {
		v.imports.Leave()
	}
	if v.trouble != nil {
		v.trouble.Leave()
	}
	if v.sheet != nil {
		v.sheet.Leave()
	}
	v.generator, v.settings, v.imports, v.trouble, v.sheet = nil, nil, nil, nil, nil
}
