package screen

import (
	"context"
	"errors"
	"strings"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

// targets are what an action is for: the items that are selected together, or the one that is shown, as far as they are where want
// says. pick, which is nil for none, names them; it may take a while and belongs to another goroutine. title is that of one alone.
func (v *Vault) targets(want func(*vault.Summary) bool) (pick func() []id.ID, title string) {
	if v.marked == nil {
		s, ok := v.chosen()
		if !ok || !want(s) {
			return nil, ""
		}
		return func() []id.ID { return []id.ID{s.ID} }, titleOf(v.env.Words, s.Title)
	}
	rows, m := v.rows, v.marked
	if only := m.only(); only >= 0 {
		title = titleOf(v.env.Words, rows[only].Title)
	}
	return func() (items []id.ID) {
		for i, s := range rows {
			if m.has(i) && want(s) {
				items = append(items, s.ID)
			}
		}
		return items
	}, title
}

func trashed(s *vault.Summary) bool { return s.TrashedAt != 0 }
func kept(s *vault.Summary) bool    { return s.TrashedAt == 0 }

// chosen is the selected item as the vault has it now, which may be newer than the list. While a new one is being typed none is.
func (v *Vault) chosen() (*vault.Summary, bool) {
	if v.makesNew() {
		return nil, false
	}
	return v.vault.Summary(v.selected)
}

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

// MoveToNew moves the selected items to a folder that it makes, at the top. To undo it is to move them back: the folder stays.
func (v *Vault) MoveToNew(name string) {
	pick, title := v.targets(kept)
	if pick == nil {
		return
	}
	v.makeFolder(id.ID{}, name, func(folder id.ID) {
		v.arrangeItems(pick, vault.ToFolder(folder), v.saying("moved", title))
	})
}

// AddTag gives the selected items a tag.
func (v *Vault) AddTag(tag string) {
	if tag = strings.TrimSpace(tag); tag != "" {
		v.arrange(kept, vault.WithTag(tag), "tagged")
	}
}

// RemoveTag takes a tag from the selected items.
func (v *Vault) RemoveTag(tag string) { v.arrange(kept, vault.WithoutTag(tag), "untagged") }

// arrange changes the selected items that are where want says, and says so with a way back. said is the key of the words:
// screen.vault.<said> for one item, screen.bulk.<said> for several.
func (v *Vault) arrange(want func(*vault.Summary) bool, to vault.Rearrangement, said string) {
	pick, title := v.targets(want)
	v.arrangeItems(pick, to, v.saying(said, title))
}

// saying says what became of so many items; title is that of one alone.
func (v *Vault) saying(said, title string) func(n int) string {
	return func(n int) string {
		if n == 1 && title != "" && v.env.Words.Has("screen.vault."+said) {
			return v.text("screen.vault."+said, "title", title)
		}
		return v.env.Words.Count("screen.bulk."+said, n)
	}
}

func (v *Vault) arrangeItems(pick func() []id.ID, to vault.Rearrangement, said func(n int) string) {
	if pick == nil {
		return
	}
	v.onMany(func(ctx context.Context, progress func(done, total int)) (func() outcome, error) {
		done, err := v.vault.Arrange(ctx, pick(), to, progress)
		return func() outcome { return v.arranged(done, said) }, err
	})
}

// arranged says what was done; where nothing was to be done, nothing, and what was done before can still be taken back.
func (v *Vault) arranged(done vault.Arranged, said func(n int) string) outcome {
	o := outcome{rest: done.Rest}
	if done.Changed > 0 {
		o.text, o.undo = said(done.Changed), func() { v.takeBack(done) }
	}
	if done.Left > 0 {
		o.text = strings.TrimSpace(o.text + " " + v.env.Words.Count("screen.bulk.left", done.Left))
	}
	return o
}

// takeBack undoes a change of items. What was changed otherwise since, here or on another device, stays, and that is said. Stopped, it
// can be gone on with.
func (v *Vault) takeBack(done vault.Arranged) {
	v.onMany(func(ctx context.Context, progress func(done, total int)) (func() outcome, error) {
		back, err := v.vault.Rearrange(ctx, done, progress)
		return func() outcome { return v.tookBack(back) }, err
	})
}

func (v *Vault) tookBack(back vault.Arranged) outcome {
	switch {
	case back.Rest > 0:
		o := outcome{rest: back.Rest, undo: func() { v.takeBack(back.Remaining()) }}
		if back.Changed > 0 {
			o.text = v.env.Words.Count("screen.bulk.undonePart", back.Changed)
		}
		return o
	case back.Left > 0:
		return outcome{text: v.env.Words.Count("screen.bulk.undoneBut", back.Left)}
	}
	return outcome{text: v.text("screen.bulk.undone")}
}

// outcome is what became of a change of many items.
type outcome struct {
	text string // what was done; empty if nothing was
	undo func() // nil if it cannot be taken back
	rest int    // items that it did not come to, because it was stopped
}

// manyItems is from how many items on a change is worth a report on how far it is.
const manyItems = 500

// many is a change of many items: it says on the UI goroutine what became of it, also beside an error.
type many func(ctx context.Context, progress func(done, total int)) (became func() outcome, err error)

// manyEnded is a change of many items that has come to its end, or was stopped.
type manyEnded struct {
	became func() outcome
	err    error
}

// onMany changes many items off the UI goroutine, one such change after the other: what was asked for is not forgotten because the one
// before has not reported yet. Until it is done, Undo stops it, and so does a lock; the person learns what was done by then.
func (v *Vault) onMany(do many) {
	if v.stopWork != nil {
		v.nextWork = append(v.nextWork, func() { v.onMany(do) })
		return
	}
	stopped, stop := context.WithCancel(context.Background())
	v.stopWork = stop
	progress := v.progressOfMany()
	RunOwned(v.run, func(ctx context.Context) (manyEnded, error) {
		// Whether it was stopped in time is the vault's to say: a stop that comes too late changes nothing any more.
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(stopped, cancel)()
		became, err := do(ctx, progress)
		return manyEnded{became, err}, nil
	}, func(e manyEnded, _ error) {
		stop()
		v.stopWork = nil
		v.hideProgress()
		v.sayEnded(e)
		if len(v.nextWork) > 0 {
			next := v.nextWork[0]
			v.nextWork = v.nextWork[1:]
			next()
		}
		v.changed()
	}, func(e manyEnded) {
		stop()
		v.config.News(v.newsAfterLock(e))
	})
	v.changed()
}

func (v *Vault) sayEnded(e manyEnded) {
	o := e.became()
	v.problem = Message{}
	if e.err != nil && !errors.Is(e.err, context.Canceled) {
		v.fail(explain(v.env.Words, e.err))
		if o.text == "" {
			return
		}
	}
	if text := v.newsOf(o, e.err); text != "" {
		v.sayAndUndo(text, o.undo)
	}
}

// newsOf says what was done, and what was not where something came between.
func (v *Vault) newsOf(o outcome, err error) string {
	switch {
	case err == nil:
		return o.text
	case o.text == "":
		return v.text("screen.bulk.stopped")
	}
	return o.text + " " + v.env.Words.Count("screen.bulk.rest", o.rest)
}

// newsAfterLock is for when the account is shown again; empty where there is nothing to be told.
func (v *Vault) newsAfterLock(e manyEnded) string {
	news := v.newsOf(e.became(), e.err)
	if e.err == nil {
		return news
	}
	return v.text("screen.bulk.lockStopped") + " " + news
}

// progressOfMany reports how far a long change is.
func (v *Vault) progressOfMany() func(done, total int) {
	show := v.run.progress(func(done, total int) {
		if v.stopWork != nil {
			v.showProgress(done, total)
		}
	})
	return func(done, total int) {
		if total >= manyItems {
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
	pick, title := v.targets(trashed)
	if title != "" {
		v.askToDelete(pick, "deleteForever", func(int) string { return v.text("screen.vault.deleted", "title", title) }, "title", title)
	} else {
		v.askToDelete(pick, "deleteMany", func(n int) string { return v.env.Words.Count("screen.bulk.deleted", n) })
	}
}

// EmptyTrash deletes everything in the trash, after asking.
func (v *Vault) EmptyTrash() {
	v.askToDelete(func() (items []id.ID) {
		for _, s := range v.vault.Query(vault.Filter{Trash: true}) {
			items = append(items, s.ID)
		}
		return items
	}, "emptyTrash", func(n int) string { return v.text("screen.vault.trashEmptied") })
}

// doomed are items that somebody wants to delete, and how many files go with them.
type doomed struct {
	items []id.ID
	files int
}

// askToDelete deletes items of the trash after a yes. What was taken out of the trash meanwhile stays.
func (v *Vault) askToDelete(pick func() []id.ID, question string, said func(n int) string, args ...any) {
	if pick == nil {
		return
	}
	Run(v.run, func(ctx context.Context) (doomed, error) {
		items := pick()
		files, err := v.vault.CountFiles(ctx, items)
		return doomed{items, files}, err
	}, func(d doomed, err error) {
		files := ""
		switch {
		case err != nil:
			v.fail(explain(v.env.Words, err))
			return
		case len(d.items) == 0:
			return
		case d.files > 0:
			files = v.env.Words.Count("screen.files.goToo", d.files)
		}
		count := v.env.Words.Count("screen.vault.count", len(d.items))
		v.askWith(question, files, func() { v.deleteTrashed(d.items, said) }, append(args, "count", count)...)
	})
}

func (v *Vault) deleteTrashed(items []id.ID, said func(n int) string) {
	v.onMany(func(ctx context.Context, progress func(done, total int)) (func() outcome, error) {
		n, err := v.vault.DeleteTrashed(ctx, items, progress)
		return func() outcome {
			if n == 0 && err != nil {
				return outcome{}
			}
			v.undo = nil
			if err != nil {
				return outcome{text: v.env.Words.Count("screen.bulk.deleted", n), rest: len(items) - n}
			}
			return outcome{text: said(n)}
		}, err
	})
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

// tagged picks all items that have a tag.
func (v *Vault) tagged(tag string) (pick func() []id.ID) {
	return func() (items []id.ID) {
		for _, where := range []vault.Filter{{Tag: tag}, {Tag: tag, Archive: true}, {Tag: tag, Trash: true}} {
			for _, s := range v.vault.Query(where) {
				items = append(items, s.ID)
			}
		}
		return items
	}
}
