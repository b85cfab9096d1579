package screen

import (
	"context"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/vault"
)

// attachments is what an open account does with files; session.Unlocked is one.
type attachments interface {
	Vault() *vault.Vault
	Attach(ctx context.Context, item id.ID, name string, r io.Reader, size int64) (vault.Attachment, error)
	Attachments(ctx context.Context, item id.ID) ([]vault.Attachment, error)
	RemovedAttachments(ctx context.Context, item id.ID) ([]vault.Attachment, error)
	SaveAttachment(ctx context.Context, attachment id.ID, path string) error
	RenameAttachment(ctx context.Context, attachment id.ID, name string) error
	Detach(ctx context.Context, item, attachment id.ID) error
	DeleteRemoved(ctx context.Context, item id.ID, attachments ...id.ID) error
	FetchAttachment(attachment id.ID)
	CancelFetch(attachment id.ID)
	Transfers() []session.Transfer
	OnTransfers(f func([]session.Transfer)) (stop func())
}

var _ attachments = (*session.Unlocked)(nil)

// progressPause is how often what is under way is shown anew.
const progressPause = 100 * time.Millisecond

// files carries out what is asked for about attachments and knows what is on its way. It goes on while other items are shown, and ends
// with the screen of the vault. Apart from hear, its methods belong to the UI goroutine.
type files struct {
	env   *Env
	run   *Runner
	from  attachments
	hooks fileHooks

	jobs   []*fileJob
	count  int // of all jobs so far
	moving []session.Transfer
	ticker func() // stops showing progress; nil while nothing is under way

	mu    sync.Mutex
	heard []session.Transfer // what the session told last
}

// fileHooks are the ways back to the screen of the vault.
type fileHooks struct {
	changed func()                                                // what is shown of files is another
	reload  func()                                                // files have come to an item, or gone
	do      func(change func(context.Context) error, done func()) // changes the vault
	said    func(text string, undo func(context.Context) error)   // a toast
	failed  func(Message)
}

// fileJob is a file that is being read into the vault, or written out of it.
type fileJob struct {
	item       id.ID
	attachment id.ID // that is written; zero while a file is attached
	path, name string
	size       int64
	done       atomic.Int64 // bytes
	batch      *fileBatch   // of a file that is attached
	number     int          // tells it from the others that are attached
	running    bool
	cancel     func()
}

func (j *fileJob) saves() bool { return !j.attachment.IsZero() }

// begin follows the transfers of an open account until the returned function is called.
func (f *files) begin(env *Env, run *Runner, from attachments, hooks fileHooks) (release func()) {
	f.env, f.run, f.from, f.hooks = env, run, from, hooks
	release = from.OnTransfers(f.hear)
	f.hear(from.Transfers()) // after that: nothing comes between
	return release
}

// hear notes how the transfers stand. What has begun or ended is shown at once, how many bytes have passed by the next tick. Any
// goroutine may call it.
func (f *files) hear(transfers []session.Transfer) {
	f.mu.Lock()
	news := !slices.EqualFunc(f.heard, transfers, sameStanding)
	f.heard = transfers
	f.mu.Unlock()
	if news {
		f.env.Post(func() {
			if !f.run.Stopped() {
				f.take()
			}
		})
	}
}

func sameStanding(a, b session.Transfer) bool {
	return a.Attachment == b.Attachment && a.Up == b.Up && a.State == b.State
}

// take shows the transfers as they stand now, which may be later than what was heard.
func (f *files) take() {
	before := f.moving
	f.moving = f.from.Transfers()
	if !slices.EqualFunc(before, f.moving, func(a, b session.Transfer) bool { return a.Attachment == b.Attachment }) {
		f.hooks.reload()
	}
	f.show()
}

// show shows what is under way, and again while it is.
func (f *files) show() {
	busy := len(f.jobs) > 0 || slices.ContainsFunc(f.moving, func(t session.Transfer) bool { return t.State == engine.TransferRunning })
	switch {
	case busy && f.ticker == nil:
		f.ticker = f.run.Every(progressPause, f.take)
	case !busy && f.ticker != nil:
		f.ticker()
		f.ticker = nil
	}
	f.hooks.changed()
}

// transfer is how a file is on its way; false if it is not.
func (f *files) transfer(attachment id.ID) (session.Transfer, bool) {
	i := slices.IndexFunc(f.moving, func(t session.Transfer) bool { return t.Attachment == attachment })
	if i < 0 {
		return session.Transfer{}, false
	}
	return f.moving[i], true
}

// saving reports whether a file is being written.
func (f *files) saving(attachment id.ID) bool {
	return slices.ContainsFunc(f.jobs, func(j *fileJob) bool { return j.attachment == attachment })
}

// attaching are the files that are not in the vault yet.
func (f *files) attaching() []*fileJob {
	var jobs []*fileJob
	for _, j := range f.jobs {
		if !j.saves() {
			jobs = append(jobs, j)
		}
	}
	return jobs
}

func (f *files) end(job *fileJob) {
	f.jobs = slices.DeleteFunc(slices.Clone(f.jobs), func(j *fileJob) bool { return j == job })
}

// save asks where a file shall go and writes it there.
func (f *files) save(item id.ID, a vault.Attachment) {
	f.env.SaveAs(vault.SafeFileName(a.Name), func(path string, _ bool) {
		if !f.run.Stopped() && !f.saving(a.ID) {
			f.write(&fileJob{item: item, attachment: a.ID, name: a.Name, path: path, running: true})
		}
	})
}

func (f *files) write(j *fileJob) {
	f.jobs = append(slices.Clip(f.jobs), j)
	j.cancel = Run(f.run, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, f.from.SaveAttachment(ctx, j.attachment, j.path)
	}, func(_ struct{}, err error) {
		f.end(j)
		if err != nil {
			f.hooks.failed(explain(f.env.Words, err))
		} else {
			f.hooks.said(f.env.Words.Text("screen.files.saved", "path", j.path), nil)
		}
		f.show()
	})
	f.show()
}

// rename gives a file another name.
func (f *files) rename(a vault.Attachment, name string) {
	to := func(name string) func(context.Context) error {
		return func(ctx context.Context) error { return f.from.RenameAttachment(ctx, a.ID, name) }
	}
	f.hooks.do(to(name), func() {
		f.hooks.said(f.env.Words.Text("screen.files.renamed", "name", name), to(a.Name))
		f.hooks.reload()
	})
}

// remove takes a file off an item. To undo it is to go back before that edit.
func (f *files) remove(item id.ID, a vault.Attachment) {
	var edit vault.Edit
	f.hooks.do(func(ctx context.Context) (err error) {
		if err = f.from.Detach(ctx, item, a.ID); err == nil {
			edit, err = lastEdit(ctx, f.from.Vault(), item)
		}
		return err
	}, func() {
		f.hooks.said(f.env.Words.Text("screen.files.removed", "name", a.Name), func(ctx context.Context) error {
			return f.from.Vault().RestoreBefore(ctx, item, edit)
		})
	})
}

// lastEdit is the latest edit of an item that its history knows.
func lastEdit(ctx context.Context, v *vault.Vault, item id.ID) (vault.Edit, error) {
	it, err := v.Get(ctx, item)
	if err != nil {
		return vault.Edit{}, err
	}
	defer it.Wipe()
	edits := it.Edits()
	if len(edits) == 0 {
		return vault.Edit{}, vault.ErrNotFound
	}
	return edits[0], nil
}

// stop ends the writing of a file, or its download.
func (f *files) stop(attachment id.ID) {
	for _, j := range f.jobs {
		if j.attachment == attachment {
			f.giveUp(j)
			return
		}
	}
	f.from.CancelFetch(attachment)
}
