package screen

import (
	"context"
	"slices"
	"strings"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

// chosen is the selected item as the vault has it now, which may be newer than the list.
func (v *Vault) chosen() (*vault.Summary, bool) { return v.vault.Summary(v.selected) }

// ToggleFavorite makes the selected item a favorite, or no longer.
func (v *Vault) ToggleFavorite() {
	item, ok := v.chosen()
	if !ok || item.TrashedAt != 0 {
		return
	}
	set := func(favorite bool) func(context.Context) error {
		return func(ctx context.Context) error { return v.vault.SetFavorite(ctx, favorite, item.ID) }
	}
	key := "screen.vault.favorited"
	if item.Favorite {
		key = "screen.vault.unfavorited"
	}
	v.do(set(!item.Favorite), func() { v.say(v.text(key), set(item.Favorite)) })
}

// ToggleArchive puts the selected item into the archive, or takes it out.
func (v *Vault) ToggleArchive() {
	item, ok := v.chosen()
	if !ok || item.TrashedAt != 0 {
		return
	}
	set := func(archive bool) func(context.Context) error {
		return func(ctx context.Context) error { return v.vault.Archive(ctx, archive, item.ID) }
	}
	key, archive := "screen.vault.archived", item.ArchivedAt == 0
	if !archive {
		key = "screen.vault.unarchived"
	}
	v.leavePane(func() {
		v.do(set(archive), func() { v.say(v.text(key, "title", titleOf(v.env.Words, item.Title)), set(!archive)) })
	})
}

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

// Trash moves the selected item to the trash.
func (v *Vault) Trash() {
	item, ok := v.chosen()
	if !ok || item.TrashedAt != 0 {
		return
	}
	v.leavePane(func() {
		v.do(func(ctx context.Context) error { return v.vault.Trash(ctx, item.ID) }, func() {
			v.say(v.text("screen.vault.trashed", "title", titleOf(v.env.Words, item.Title)), func(ctx context.Context) error {
				return v.vault.Restore(ctx, item.ID)
			})
		})
	})
}

// Restore takes the selected item out of the trash.
func (v *Vault) Restore() {
	item, ok := v.chosen()
	if !ok || item.TrashedAt == 0 {
		return
	}
	v.do(func(ctx context.Context) error { return v.vault.Restore(ctx, item.ID) }, func() {
		v.say(v.text("screen.vault.restored", "title", titleOf(v.env.Words, item.Title)), func(ctx context.Context) error {
			return v.vault.Trash(ctx, item.ID)
		})
	})
}

// DeleteForever deletes the selected item of the trash, after asking.
func (v *Vault) DeleteForever() {
	item, ok := v.chosen()
	if !ok || item.TrashedAt == 0 {
		return
	}
	title := titleOf(v.env.Words, item.Title)
	v.withFiles(func(files string) {
		v.askWith("deleteForever", files, func() {
			v.do(func(ctx context.Context) error { return v.vault.DeleteForever(ctx, item.ID) }, func() {
				v.say(v.text("screen.vault.deleted", "title", title), nil)
			})
		}, "title", title)
	}, item.ID)
}

// EmptyTrash deletes everything in the trash, after asking.
func (v *Vault) EmptyTrash() {
	var items []id.ID
	for _, s := range v.vault.Query(vault.Filter{Trash: true}) {
		items = append(items, s.ID)
	}
	v.withFiles(func(files string) {
		v.askWith("emptyTrash", files, func() {
			v.do(func(ctx context.Context) error {
				_, err := v.vault.EmptyTrash(ctx)
				return err
			}, func() { v.say(v.text("screen.vault.trashEmptied"), nil) })
		}, "count", v.env.Words.Count("screen.vault.count", len(items)))
	}, items...)
}

// Move puts the selected item into a folder, one of State.Folders.
func (v *Vault) Move(choice string) {
	item, ok := v.chosen()
	folder, err := id.Parse(choice)
	if !ok || err != nil && choice != "" || folder == item.Folder {
		return
	}
	to := func(folder id.ID) func(context.Context) error {
		return func(ctx context.Context) error { return v.vault.Move(ctx, folder, item.ID) }
	}
	v.do(to(folder), func() { v.say(v.text("screen.vault.moved"), to(item.Folder)) })
}

// AddFolder makes a folder in another one, or at the top for the zero id, and shows it.
func (v *Vault) AddFolder(parent id.ID, name string) {
	name = strings.TrimSpace(name)
	if name == "" {
		return
	}
	Run(v.run, func(ctx context.Context) (vault.Folder, error) {
		return v.vault.SaveFolder(ctx, vault.Folder{Name: name, Parent: parent})
	}, func(f vault.Folder, err error) {
		if err != nil {
			v.fail(explain(v.env.Words, err))
			return
		}
		v.Go(Place{Kind: PlaceFolder, Folder: f.ID})
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
	save := func(f vault.Folder) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := v.vault.SaveFolder(ctx, f)
			return err
		}
	}
	v.do(save(after), func() { v.say(said, save(before)) })
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

// DeleteFolder deletes a folder, after asking. Its items stay.
func (v *Vault) DeleteFolder(folder id.ID) {
	v.askBefore("deleteFolder", func() {
		v.do(func(ctx context.Context) error { return v.vault.DeleteFolder(ctx, folder) }, func() {
			if v.place.Folder == folder {
				v.Go(Place{})
			}
		})
	}, "name", v.folderName(folder))
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

// OpenGenerator shows the generator on its own: what it makes goes to the clipboard.
func (v *Vault) OpenGenerator() {
	v.openGenerator(v.text("screen.generator.copy"), func(value secret.Bytes) {
		v.copyText(value, v.text("screen.generator.password"))
	})
}

// OpenGeneratorFor shows the generator; use gets what the person chooses, and its ownership.
func (v *Vault) OpenGeneratorFor(use func(secret.Bytes)) {
	v.openGenerator(v.text("screen.generator.use"), use)
}

func (v *Vault) openGenerator(label string, use func(secret.Bytes)) {
	if v.generator != nil {
		return
	}
	v.generator = NewGenerator(v.env, GeneratorConfig{
		History: &v.generated,
		Label:   label,
		Use: func(value secret.Bytes) {
			v.closeGenerator()
			use(value)
		},
		Copied: func(value secret.Bytes) { v.copyText(value, v.text("screen.generator.password")) },
		Cancel: v.closeGenerator,
	})
	v.changed()
}

func (v *Vault) closeGenerator() {
	v.generator.Leave()
	v.generator = nil
	v.changed()
}

// OpenSettings shows the settings.
func (v *Vault) OpenSettings() {
	if v.settings != nil {
		return
	}
	v.settings = v.config.NewSettings(v.config.Unlocked, v.closeSettings)
	v.settings.leads = map[string]func(){SettingsAccount: v.OpenAccount, SettingsDevices: v.OpenDevices, SettingsBackups: v.OpenBackups}
	v.changed()
}

func (v *Vault) closeSettings() {
	v.settings.Leave()
	v.settings = nil
	v.changed()
}

// OpenImport shows the import from browsers.
func (v *Vault) OpenImport() { v.openImport(false) }

func (v *Vault) openImport(first bool) {
	if v.imports != nil {
		return
	}
	v.imports = NewImport(v.env, ImportConfig{Unlocked: v.config.Unlocked, First: first, Done: func() {
		v.imports.Leave()
		v.imports = nil
		v.changed()
	}})
	v.changed()
}

// OpenTrouble opens the dialog that leads out of a stopped sync.
func (v *Vault) OpenTrouble() {
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

// openRejoin sets this PC up again from the account that the server shows.
func (v *Vault) openRejoin() {
	v.openSheet(NewRejoin(v.env, RejoinConfig{
		Unlocked: v.config.Unlocked, Status: v.status, Close: v.closeSheet, Opened: v.config.Reopened,
	}))
}

func (v *Vault) closeDialogs() {
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

// Do carries out what a key stands for. Search, List and Back move the focus, which is the view's; Save is the editor's.
func (v *Vault) Do(action Action) {
	if do := v.actions()[action]; do != nil {
		do()
	}
}

func (v *Vault) actions() map[Action]func() {
	actions := map[Action]func(){
		ActionNew: func() { v.New(string(vault.Login)) }, ActionEdit: v.Edit, ActionFavorite: v.ToggleFavorite,
		ActionGenerator: v.OpenGenerator, ActionSettings: v.OpenSettings, ActionLock: v.Lock, ActionTrash: v.Trash,
	}
	if v.inTrash() {
		actions[ActionTrash] = v.DeleteForever
		delete(actions, ActionNew)
	}
	if d := v.detail; d != nil {
		actions[ActionCopyUser], actions[ActionCopyPassword], actions[ActionCopyCode] = d.CopyUser, d.CopyPassword, d.CopyCode
		actions[ActionOpenSite], actions[ActionReveal] = d.OpenSite, d.RevealPassword
	}
	if v.editor != nil {
		actions[ActionSave], actions[ActionBack] = v.editor.Save, v.editor.Cancel
	}
	if v.dialog() != DialogNone {
		return map[Action]func(){ActionLock: v.Lock} // what lies over the window takes the keys
	}
	return actions
}
