package screen

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

// fileBatch is what was chosen or dropped in one go: how it went is said once.
type fileBatch struct {
	left     int
	attached []string // names
	refused  []refusal
}

// refusal is a file that was not attached.
type refusal struct{ name, reason string }

// candidate is a file that somebody wants to attach, looked at before the work begins.
type candidate struct {
	path, name string
	size       int64
	err        error
}

// The reasons why a file is not even begun with, besides those of the disk.
var (
	errFolder  = errors.New("a folder")
	errSpecial = errors.New("no ordinary file")
)

func examine(path string) candidate {
	c := candidate{path: path, name: strings.ToValidUTF8(filepath.Base(path), "\uFFFD")}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		c.err = err
	case info.IsDir():
		c.err = errFolder
	case !info.Mode().IsRegular():
		c.err = errSpecial
	case info.Size() > vault.MaxAttachment:
		c.size, c.err = info.Size(), vault.ErrFileTooLarge
	default:
		c.size = info.Size()
	}
	return c
}

// attachLater adds files that were asked for in a dialog, unless the vault is locked by then.
func (f *files) attachLater(item id.ID, paths []string) {
	if !f.run.Stopped() {
		f.attach(item, paths)
	}
}

// attach adds files to an item, one after the other.
func (f *files) attach(item id.ID, paths []string) {
	Run(f.run, func(context.Context) ([]candidate, error) {
		candidates := make([]candidate, len(paths))
		for i, path := range paths {
			candidates[i] = examine(path)
		}
		return candidates, nil
	}, func(candidates []candidate, _ error) { f.enqueue(item, candidates) })
}

func (f *files) enqueue(item id.ID, candidates []candidate) {
	b := &fileBatch{}
	for _, c := range candidates {
		if c.err != nil {
			b.refuse(c.name, f.reason(c.size, c.err))
			continue
		}
		b.left++
		f.count++
		f.jobs = append(slices.Clip(f.jobs), &fileJob{item: item, path: c.path, name: c.name, size: c.size, batch: b, number: f.count})
	}
	f.report(b)
	f.next()
	f.show()
}

func (b *fileBatch) refuse(name, reason string) { b.refused = append(b.refused, refusal{name, reason}) }

// reason says why a file was not attached.
func (f *files) reason(size int64, err error) string {
	words := f.env.Words
	switch {
	case errors.Is(err, errFolder):
		return words.Text("screen.files.refused.folder")
	case errors.Is(err, errSpecial):
		return words.Text("screen.files.refused.special")
	case errors.Is(err, vault.ErrFileTooLarge) && size > 0:
		size += 1<<20 - 1 // rounded up: what is just over the limit does not read like it
		return words.Text("screen.files.refused.large", "size", fileSize(words, size), "limit", fileSize(words, vault.MaxAttachment))
	}
	m := explain(words, err)
	return strings.TrimSpace(m.What + " " + m.Next)
}

// next begins with the next file, unless one is being attached.
func (f *files) next() {
	waiting := f.attaching()
	if len(waiting) == 0 || waiting[0].running {
		return
	}
	j := waiting[0]
	j.running = true
	j.cancel = Run(f.run, func(ctx context.Context) (struct{}, error) { return struct{}{}, f.read(ctx, j) }, func(_ struct{}, err error) {
		if err != nil {
			j.batch.refuse(j.name, f.reason(0, err))
		} else {
			j.batch.attached = append(j.batch.attached, j.name)
		}
		f.settle(j)
	})
}

// read attaches a file. It is called off the UI goroutine.
func (f *files) read(ctx context.Context, j *fileJob) error {
	file, err := os.Open(j.path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = f.from.Attach(ctx, j.item, j.name, &countingReader{file, &j.done}, j.size)
	return err
}

// countingReader counts what is read.
type countingReader struct {
	io.Reader
	done *atomic.Int64
}

func (r *countingReader) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	r.done.Add(int64(n))
	return n, err
}

// settle goes on after a file, and says how it went after the last one of its batch.
func (f *files) settle(j *fileJob) {
	f.end(j)
	j.batch.left--
	f.report(j.batch)
	f.next()
	f.show()
}

// giveUp ends the reading or writing of a file.
func (f *files) giveUp(j *fileJob) {
	if j.cancel != nil {
		j.cancel()
	}
	if j.saves() {
		f.end(j)
		f.show()
		return
	}
	f.settle(j)
}

func (f *files) report(b *fileBatch) {
	if b.left > 0 {
		return
	}
	words := f.env.Words
	switch n := len(b.attached); n {
	case 0:
	case 1:
		f.hooks.said(words.Text("screen.files.attached", "name", b.attached[0]), nil)
	default:
		f.hooks.said(words.Count("screen.files.attachedAll", n), nil)
	}
	switch n := len(b.refused); n {
	case 0:
	case 1:
		f.hooks.failed(Message{Tone: ToneWarning, What: words.Text("screen.files.refused", "name", b.refused[0].name), Next: b.refused[0].reason})
	default:
		f.hooks.failed(Message{Tone: ToneWarning, What: words.Count("screen.files.refusedAll", n), Next: b.reasons(words.Text)})
	}
}

// maxReasons is how many refusals are explained by name.
const maxReasons = 3

// reasons explains each refusal once; files that were refused for the same reason are named together.
func (b *fileBatch) reasons(text func(string, ...any) string) string {
	var order []string
	names := map[string][]string{}
	for _, r := range b.refused {
		if names[r.reason] == nil {
			order = append(order, r.reason)
		}
		names[r.reason] = append(names[r.reason], r.name)
	}
	var sentences []string
	for _, reason := range order {
		named := names[reason]
		list := strings.Join(named[:min(len(named), maxReasons)], ", ")
		if len(named) > maxReasons {
			list += " …"
		}
		sentences = append(sentences, text("screen.files.refused.named", "names", list, "reason", reason))
	}
	return strings.Join(sentences, " ")
}
