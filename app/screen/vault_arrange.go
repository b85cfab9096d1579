package screen

import (
	"context"
	"errors"
	"strings"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

// targets are what an action is for: the items that are selected together, or the one that is shown, as far as they are where want says.
func (v *Vault) targets(want func(*vault.Summary) bool) (items []id.ID, title string) {
	if v.marked == nil {
		if s, ok := v.chosen(); ok && want(s) {
			return []id.ID{s.ID}, titleOf(v.env.Words, s.Title)
		}
		return nil, ""
	}
	for _, s := range v.rows {
		if v.marked.has(s.ID) && want(s) {
			items, title = append(items, s.ID), titleOf(v.env.Words, s.Title)
		}
	}
	return items, title
}

func trashed(s *vault.Summary) bool { return s.TrashedAt != 0 }
func kept(s *vault.Summary) bool    { return s.TrashedAt == 0 }

// chosen is the selected item as the vault has it now, which may be newer than the list.
func (v *Vault) chosen() (*vault.Summary, bool) { return v.vault.Summary(v.selected) }

// ToggleFavorite makes the selected items favorites; if all are, no longer.
func (v *Vault) ToggleFavorite() {
	if all, _ := v.allAre(); all {
		v.arrange(kept, vault.AsFavorite(false), "unfavorited")
		return
	}
	v.arrange(kept, vault.AsFavorite(true), "favorited")
}

// ToggleArchive puts the selected items into the archive; if all are there, it takes them out.
func (v *Vault) ToggleArchive() {
	v.leavePane(func() {
		if _, all := v.allAre(); all {
			v.arrange(kept, vault.InArchive(false), "unarchived")
			return
		}
		v.arrange(kept, vault.InArchive(true), "archived")
	})
}

// Trash moves the selected items to the trash.
func (v *Vault) Trash() {
	v.leavePane(func() { v.arrange(kept, vault.InTrash(true), "trashed") })
}

// Restore takes the selected items out of the trash.
func (v *Vault) Restore() { v.arrange(trashed, vault.InTrash(false), "restored") }

// Move puts the selected items into a folder, one of State.Folders.
func (v *Vault) Move(choice string) {
	if folder, err := id.Parse(choice); err == nil || choice == "" {
		v.arrange(kept, vault.ToFolder(folder), "moved")
	}
}

// AddTag gives the selected items a tag.
func (v *Vault) AddTag(tag string) {
	if tag = strings.TrimSpace(tag); tag != "" {
		v.arrange(kept, vault.WithTag(tag), "tagged")
	}
}

// RemoveTag takes a tag from the selected items.
func (v *Vault) RemoveTag(tag string) { v.arrange(kept, vault.WithoutTag(tag), "untagged") }

// arrange changes the selected items that are where want says, in one transaction, and says so with a way back. said is the key of the
// words: screen.vault.<said> for one item, screen.bulk.<said> for several.
func (v *Vault) arrange(want func(*vault.Summary) bool, to vault.Rearrangement, said string) {
	items, title := v.targets(want)
	v.arrangeItems(items, to, func(n int) string {
		if n == 1 && v.env.Words.Has("screen.vault."+said) {
			return v.text("screen.vault."+said, "title", title)
		}
		return v.env.Words.Count("screen.bulk."+said, n)
	})
}

func (v *Vault) arrangeItems(items []id.ID, to vault.Rearrangement, said func(n int) string) {
	if len(items) == 0 {
		return
	}
	onMany(v, len(items), func(ctx context.Context, progress func(done, total int)) (vault.Arranged, error) {
		return v.vault.Arrange(ctx, items, to, progress)
	}, func(done vault.Arranged) { v.arranged(done, said) })
}

// arranged says what was done; where nothing was to be done, nothing, and what was done before can still be taken back.
func (v *Vault) arranged(done vault.Arranged, said func(n int) string) {
	text, undo := said(done.Changed), func() { v.takeBack(done) }
	if done.Changed == 0 {
		text, undo = "", nil
	}
	if done.Left > 0 {
		text = strings.TrimSpace(text + " " + v.env.Words.Count("screen.bulk.left", done.Left))
	}
	if text != "" {
		v.sayAndUndo(text, undo)
	}
}

// takeBack undoes a change of items. What was changed otherwise since, here or on another device, stays, and that is said.
func (v *Vault) takeBack(done vault.Arranged) {
	onMany(v, done.Changed, func(ctx context.Context, progress func(done, total int)) (vault.Arranged, error) {
		return v.vault.Rearrange(ctx, done, progress)
	}, func(back vault.Arranged) {
		text := v.text("screen.bulk.undone")
		if back.Left > 0 {
			text = v.env.Words.Count("screen.bulk.undoneBut", back.Left)
		}
		v.say(text, nil)
	})
}

// manyItems is from how many items on a change is worth a report on how far it is.
const manyItems = 500

// onMany changes many items off the UI goroutine, one such change after the other: what was asked for is not forgotten because the one
// before has not reported yet. Until it is done, Undo stops it, and nothing of it stays.
func onMany[T any](v *Vault, total int, do func(ctx context.Context, progress func(done, total int)) (T, error), done func(T)) {
	if v.stopWork != nil {
		v.nextWork = append(v.nextWork, func() { onMany(v, total, do, done) })
		return
	}
	stopped, stop := context.WithCancel(context.Background())
	v.stopWork = stop
	Run(v.run, func(ctx context.Context) (T, error) {
		// Whether it was stopped in time is the vault's to say: a stop that comes too late changes nothing any more.
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(stopped, cancel)()
		return do(ctx, v.progressOf(total))
	}, func(result T, err error) {
		stop()
		v.stopWork = nil
		v.hideProgress()
		switch {
		case errors.Is(err, context.Canceled):
			v.say(v.text("screen.bulk.stopped"), nil)
		case err != nil:
			v.fail(explain(v.env.Words, err))
		default:
			v.problem = Message{}
			done(result)
		}
		if len(v.nextWork) > 0 {
			next := v.nextWork[0]
			v.nextWork = v.nextWork[1:]
			next()
		}
		v.changed()
	})
	v.changed()
}

// progressOf reports every percent of a long change.
func (v *Vault) progressOf(total int) func(done, total int) {
	if total < manyItems {
		return nil
	}
	show := v.run.progress(func(done, total int) {
		if v.stopWork != nil {
			v.showProgress(done, total)
		}
	})
	every := max(total/100, 1)
	return func(done, total int) {
		if done%every == 0 {
			show(done, total)
		}
	}
}

// showProgress keeps a toast in sight that says how far a change is, with a button that stops it.
func (v *Vault) showProgress(done, total int) {
	if v.hideToast != nil {
		v.hideToast()
	}
	v.toasts++
	v.toast = Toast{Number: v.toasts, Text: v.env.Words.Count("screen.bulk.progress", total, "done", done), Undo: v.text("screen.bulk.stop"), Busy: true}
	v.changed()
}

func (v *Vault) hideProgress() {
	if v.toast.Busy {
		v.toast = Toast{}
	}
}

// discard moves the selected items to the trash; those that are in it are deleted for ever, after asking.
func (v *Vault) discard() {
	if v.inTrash() {
		v.DeleteForever()
		return
	}
	v.Trash()
}

// DeleteForever deletes the selected items of the trash, after asking with their number.
func (v *Vault) DeleteForever() {
	items, title := v.targets(trashed)
	if len(items) == 1 {
		v.askToDelete(items, "deleteForever", func(int) string { return v.text("screen.vault.deleted", "title", title) }, "title", title)
	} else {
		v.askToDelete(items, "deleteMany", func(n int) string { return v.env.Words.Count("screen.bulk.deleted", n) })
	}
}

// EmptyTrash deletes everything in the trash, after asking.
func (v *Vault) EmptyTrash() {
	var items []id.ID
	for _, s := range v.vault.Query(vault.Filter{Trash: true}) {
		items = append(items, s.ID)
	}
	v.askToDelete(items, "emptyTrash", func(int) string { return v.text("screen.vault.trashEmptied") })
}

// askToDelete deletes items of the trash after a yes. What was taken out of the trash meanwhile stays.
func (v *Vault) askToDelete(items []id.ID, question string, said func(n int) string, args ...any) {
	if len(items) == 0 {
		return
	}
	count := v.env.Words.Count("screen.vault.count", len(items))
	v.withFiles(func(files string) {
		v.askWith(question, files, func() {
			onMany(v, len(items), func(ctx context.Context, progress func(done, total int)) (int, error) {
				return v.vault.DeleteTrashed(ctx, items, progress)
			}, func(n int) {
				v.undo = nil
				v.say(said(n), nil)
			})
		}, append(args, "count", count)...)
	}, items...)
}

// RenameTag gives a tag another name on all items that have it, wherever they are.
func (v *Vault) RenameTag(tag, name string) {
	name = strings.TrimSpace(name)
	if name == "" || name == tag {
		return
	}
	v.arrangeItems(v.tagged(tag), vault.RenamedTag(tag, name), func(n int) string {
		if v.place == (Place{Kind: PlaceTag, Tag: tag}) {
			v.Go(Place{Kind: PlaceTag, Tag: name})
		}
		return v.text("screen.bulk.tagRenamed", "name", name)
	})
}

// DeleteTag takes a tag from all items that have it, wherever they are. The items stay.
func (v *Vault) DeleteTag(tag string) {
	v.arrangeItems(v.tagged(tag), vault.WithoutTag(tag), func(int) string {
		if v.place == (Place{Kind: PlaceTag, Tag: tag}) {
			v.Go(Place{})
		}
		return v.text("screen.bulk.tagDeleted", "name", tag)
	})
}

func (v *Vault) tagged(tag string) (items []id.ID) {
	for _, where := range []vault.Filter{{Tag: tag}, {Tag: tag, Archive: true}, {Tag: tag, Trash: true}} {
		for _, s := range v.vault.Query(where) {
			items = append(items, s.ID)
		}
	}
	return items
}
