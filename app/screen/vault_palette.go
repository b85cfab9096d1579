package screen

import (
	"context"
	"slices"

	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

// maxRecent is how much the palette remembers of what it was used for, until the vault is locked.
const maxRecent = 20

// Palette is the model of State.Palette.
func (v *Vault) Palette() *Palette { return v.palette }

// OnAction sets what carries out the actions that move the focus or open a menu, where they are chosen in the palette.
func (v *Vault) OnAction(do func(Action)) { v.viewDoes = do }

// OpenPalette shows the palette, also over a dialog. What asks a question is answered first.
func (v *Vault) OpenPalette() {
	if v.palette != nil || !v.ask.IsZero() {
		return
	}
	v.palette = NewPalette(v.env, PaletteConfig{
		Vault: v.vault, Commands: v.paletteCommands(), Recent: v.recent, Close: v.closePalette, Chosen: v.choose, OnItem: v.onItem, Folder: v.folderName,
		Label: func(action Action) string {
			if action == ActionList {
				return v.text("screen.palette.open")
			}
			return v.text("screen.action." + string(action))
		},
	})
	v.changed()
}

func (v *Vault) closePalette() {
	if v.palette != nil {
		v.palette.Leave()
		v.palette = nil
		v.changed()
	}
}

// choose closes the palette, and the dialog that it lies over, and then does what was chosen.
func (v *Vault) choose(row string, run func()) {
	v.recent = append([]string{row}, slices.DeleteFunc(slices.Clone(v.recent), func(r string) bool { return r == row })...)
	v.recent = v.recent[:min(len(v.recent), maxRecent)]
	v.closePalette()
	if v.dialog() != DialogNone && v.mayLeaveDialog() {
		v.closeDialogs()
		v.changed()
	}
	run()
}

// mayLeaveDialog tells whether nothing is lost if the dialog over the window is closed: nothing is under way in it, and nothing has to be
// answered.
func (v *Vault) mayLeaveDialog() bool {
	switch v.dialog() {
	case DialogNone, DialogGenerator:
		return true
	case DialogSettings:
		return !v.settings.State().Busy && v.settings.State().Ask.IsZero()
	case DialogImport:
		s := v.imports.State()
		return s.Page != ImportRunning && !s.Busy
	case DialogSheet:
		s := v.sheet.State()
		return !s.Stay && !s.Busy
	}
	return false
}

// paletteCommands are the commands that apply now. Over a dialog that cannot be left there are only those that need no leaving.
func (v *Vault) paletteCommands() []PaletteCommand {
	var all []PaletteCommand
	stay := !v.mayLeaveDialog()
	for _, c := range commands() {
		if c.when == nil || !c.when(v) || stay && !c.anywhere {
			continue
		}
		run := func() { c.do(v) }
		if c.do == nil {
			run = func() { v.viewDoes(c.action) }
		}
		all = append(all, PaletteCommand{ID: string(c.action), Icon: c.icon, Label: v.labelOf(c.action), Action: c.action, Run: run})
	}
	if stay {
		return all
	}
	return slices.Concat(all, v.newCommands(), v.placeCommands(), v.sortCommands(), v.accountCommands())
}

func (v *Vault) newCommands() (all []PaletteCommand) {
	if !v.takesNew() {
		return nil
	}
	for _, spec := range vault.Kinds() {
		all = append(all, PaletteCommand{ID: "new/" + string(spec.Kind), Icon: kindIcon(spec.Kind), Label: kindText(v.env.Words, spec.Kind, "new"),
			Run: func() { v.New(string(spec.Kind)) }})
	}
	return all
}

func (v *Vault) placeCommands() (all []PaletteCommand) {
	for _, section := range v.navigation() {
		for _, row := range section.Places {
			label := row.Label
			if row.Place.Kind == PlaceFolder {
				label = v.folderName(row.Place.Folder)
			}
			place := row.Place
			all = append(all, PaletteCommand{ID: "go/" + row.Place.key(), Icon: row.Icon, Label: v.text("screen.palette.go", "place", label), Run: func() { v.Go(place) }})
		}
	}
	return all
}

// key names a place among the others.
func (p Place) key() string {
	return string(rune('a'+int(p.Kind))) + string(p.Type) + p.Folder.String() + p.Tag
}

func (v *Vault) sortCommands() (all []PaletteCommand) {
	for _, c := range v.sorts() {
		if !c.Selected {
			all = append(all, PaletteCommand{ID: "sort/" + c.ID, Icon: assets.IconArrowUpDown, Label: v.text("screen.palette.sort", "order", c.Label), Run: func() { v.SortBy(c.ID) }})
		}
	}
	return all
}

func (v *Vault) accountCommands() (all []PaletteCommand) {
	for _, c := range v.State().Accounts {
		if c.ID != "" && !c.Selected {
			all = append(all, PaletteCommand{ID: "account/" + c.ID, Icon: assets.IconUser, Label: v.text("screen.palette.account", "account", c.Label), Run: func() { v.SwitchTo(c.ID) }})
		}
	}
	return all
}

// onItem carries out an action on an item, wherever the list is; ActionList opens it.
func (v *Vault) onItem(item id.ID, action Action) {
	switch action {
	case ActionCopyUser, ActionCopyPassword, ActionCopyCode, ActionOpenSite:
		take(v.run, v.vault, item, action, v.env.Clock.Now(), func(t taken, err error) { v.took(item, action, t, err) })
	default:
		v.Reveal(item)
	}
}

func (v *Vault) took(item id.ID, action Action, t taken, err error) {
	switch {
	case err != nil:
		v.fail(explain(v.env.Words, err))
	case t.value.IsZero():
		v.say(v.text(lacksText(action)), nil)
	case action == ActionOpenSite:
		address := t.address()
		v.vault.Used(item)
		v.openAddress(address)
	default:
		v.copyValue(item, t.value, fieldLabel(v.env.Words, t.kind, t.key))
	}
}

// openAddress opens a website in the browser. That changes nothing, so what was changed last can still be taken back.
func (v *Vault) openAddress(address string) {
	Run(v.run, func(context.Context) (struct{}, error) { return struct{}{}, v.env.OpenURL(address) }, func(_ struct{}, err error) {
		if err != nil {
			v.fail(explain(v.env.Words, err))
		}
	})
}

// Reveal goes to an item: where the list does not show it, to a place that does.
func (v *Vault) Reveal(item id.ID) {
	v.leavePane(func() {
		s, ok := v.vault.Summary(item)
		if !ok {
			v.fail(explain(v.env.Words, vault.ErrNotFound))
			return
		}
		if v.indexOf(item) < 0 {
			v.place, v.search = placeOfItem(s), ""
			v.refresh()
		}
		v.vault.Used(item)
		v.marked, v.anchor = nil, item
		v.open(item)
		v.changed()
	})
}

func placeOfItem(s *vault.Summary) Place {
	switch {
	case s.TrashedAt != 0:
		return Place{Kind: PlaceTrash}
	case s.ArchivedAt != 0:
		return Place{Kind: PlaceArchive}
	}
	return Place{}
}
