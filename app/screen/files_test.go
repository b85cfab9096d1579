package screen

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/vault"
)

// scripted are attachments whose every state a test can set, also those that take a server that is full or lies.
type scripted struct {
	attachments // what is not scripted is not called

	mu               sync.Mutex
	present, removed []vault.Attachment
	moving           []session.Transfer
	listErr          error
	attached         []string
	fetched          []id.ID
	canceled         []id.ID
	attach           func(ctx context.Context, name string, r io.Reader) error // nil: reads it
}

func (s *scripted) Attachments(context.Context, id.ID) ([]vault.Attachment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.present, s.listErr
}

func (s *scripted) RemovedAttachments(context.Context, id.ID) ([]vault.Attachment, error) {
	return s.removed, nil
}

func (s *scripted) Attach(ctx context.Context, _ id.ID, name string, r io.Reader, _ int64) (vault.Attachment, error) {
	if s.attach != nil {
		if err := s.attach(ctx, name, r); err != nil {
			return vault.Attachment{}, err
		}
	} else if _, err := io.Copy(io.Discard, r); err != nil {
		return vault.Attachment{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attached = append(s.attached, name)
	return vault.Attachment{}, nil
}

func (s *scripted) FetchAttachment(a id.ID) { s.fetched = append(s.fetched, a) }
func (s *scripted) CancelFetch(a id.ID)     { s.canceled = append(s.canceled, a) }
func (s *scripted) Transfers() []session.Transfer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.moving
}

func (s *scripted) move(moving []session.Transfer) []session.Transfer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moving = moving
	return moving
}

func (s *scripted) OnTransfers(func([]session.Transfer)) (stop func()) { return func() {} }

// filesDesk is the details of a login, with files, over scripted attachments.
type filesDesk struct {
	*desk
	from   *scripted
	files  *files
	detail *Detail
	said   []string
	failed []Message
}

func newFilesDesk(t *testing.T, from *scripted, it vault.Item) *filesDesk {
	t.Helper()
	env, d := newEnv(t)
	fd := &filesDesk{desk: d, from: from, files: &files{}}
	fd.files.begin(env, NewRunner(env.Post, env.Clock), from, fileHooks{
		changed: func() {
			if fd.detail != nil {
				fd.detail.changed()
			}
		},
		reload: func() {
			if fd.detail != nil {
				fd.detail.reloadFiles()
			}
		},
		said:   func(text string, _ func(context.Context) error) { fd.said = append(fd.said, text) },
		failed: func(m Message) { fd.failed = append(fd.failed, m) },
	})
	fd.detail = loadedWith(d, env, it, func(c *DetailConfig) { c.files = fd.files })
	d.until("files", func() bool { return fd.detail.State().Files.Shown })
	return fd
}

func (d *filesDesk) rows() string {
	var rows []string
	for _, row := range d.detail.State().Files.Rows {
		actions := ""
		for _, a := range row.Actions {
			actions += " " + a.ID
			checkWords(d.t, row.Name, a.Label, a.Tip)
		}
		for _, a := range row.Menu {
			checkWords(d.t, row.Name, a.Label, a.Tip)
		}
		rows = append(rows, row.Name+": "+row.Status+" ["+strings.TrimSpace(actions)+"]")
		checkWords(d.t, row.Name, row.Status)
	}
	return strings.Join(rows, "\n")
}

func TestFileRowSaysWhereTheFileIs(t *testing.T) {
	whole := vault.Attachment{ID: id.New(), Name: "contract.pdf", Size: 2_500_000, Chunks: 3, Here: 3}
	cloud, waiting := whole, whole
	cloud.Here, waiting.Waiting = 1, true
	up := func(state engine.TransferState, err error) *session.Transfer {
		return &session.Transfer{Attachment: whole.ID, Up: true, Done: 1_150_000, Total: 2_500_000, State: state, Err: err}
	}
	down := func(state engine.TransferState, err error) *session.Transfer {
		t := up(state, err)
		t.Up = false
		return t
	}
	for name, test := range map[string]struct {
		file     vault.Attachment
		transfer *session.Transfer
		status   string
		actions  string
		loud     bool
	}{
		"here":                {whole, nil, "2.3 MB", "save", false},
		"in the cloud":        {cloud, nil, "2.3 MB  ·  In the cloud", "download", false},
		"not sent":            {waiting, nil, "2.3 MB  ·  Waits to be uploaded", "save", false},
		"up, waiting":         {waiting, up(engine.TransferWaiting, nil), "2.3 MB  ·  Waits to be uploaded", "save", false},
		"up, running":         {waiting, up(engine.TransferRunning, nil), "Uploading  ·  46% of 2.3 MB", "save", false},
		"up, no room":         {waiting, up(engine.TransferQuota, nil), "2.3 MB  ·  Your account has no room left. It stays on this PC.", "retry save", true},
		"up, failed":          {waiting, up(engine.TransferFailed, vault.ErrDisk), "2.3 MB  ·  The disk could not read or write the vault file.", "retry save", true},
		"down, waiting":       {cloud, down(engine.TransferWaiting, nil), "2.3 MB  ·  Waits for the network", "cancel", false},
		"down, running":       {cloud, down(engine.TransferRunning, nil), "Downloading  ·  46% of 2.3 MB", "cancel", false},
		"down, not complete":  {cloud, down(engine.TransferIncomplete, nil), "2.3 MB  ·  Incomplete on the server", "retry", true},
		"down, no room here":  {cloud, down(engine.TransferFailed, vault.ErrFull), "2.3 MB  ·  The disk is full, so Coffer could not save.", "retry", true},
		"down, unknown error": {cloud, down(engine.TransferFailed, errors.New("odd")), "2.3 MB  ·  Something went wrong that Coffer did not expect.", "retry", true},
	} {
		t.Run(name, func(t *testing.T) {
			from := &scripted{present: []vault.Attachment{test.file}}
			if test.transfer != nil {
				from.moving = []session.Transfer{*test.transfer}
			}
			d := newFilesDesk(t, from, testpc.Login("Bank", "anna", "hunter2"))
			d.queue.Drain()
			if got, want := d.rows(), "contract.pdf: "+test.status+" ["+test.actions+"]"; got != want {
				t.Errorf("%s, want %s", got, want)
			}
			row := d.detail.State().Files.Rows[0]
			moving := test.transfer != nil && test.transfer.State == engine.TransferRunning
			if row.Moving != moving || moving && row.Fraction != .46 || (row.Tone == ToneError) != test.loud || row.Icon != "file-text" {
				t.Errorf("%+v", row)
			}
			if len(row.Menu) != 2 || row.Menu[0].ID != FileRename || row.Menu[1].ID != FileRemove {
				t.Errorf("menu %+v", row.Menu)
			}
		})
	}
}

func TestActionsOnTransfers(t *testing.T) {
	a := vault.Attachment{ID: id.New(), Name: "big.iso", Size: 50 << 20, Chunks: 50}
	d := newFilesDesk(t, &scripted{present: []vault.Attachment{a}}, testpc.Login("Bank", "anna", "hunter2"))
	row := a.ID.String()
	d.detail.ActOnFile(row, FileDownload)
	d.detail.ActOnFile(row, FileRetry)
	d.detail.ActOnFile(row, FileCancel)
	d.detail.ActOnFile("nonsense", FileDownload)
	d.detail.ActOnFile(id.New().String(), FileDownload)
	if len(d.from.fetched) != 2 || len(d.from.canceled) != 1 || d.from.canceled[0] != a.ID {
		t.Errorf("fetched %v, canceled %v", d.from.fetched, d.from.canceled)
	}
}

func TestFilesOfAnItemThatCannotBeChanged(t *testing.T) {
	a := vault.Attachment{ID: id.New(), Name: "a.pdf", Size: 5, Chunks: 1, Here: 1}
	it := testpc.Login("Bank", "anna", "hunter2")
	it.TrashedAt = 5
	d := newFilesDesk(t, &scripted{present: []vault.Attachment{a}}, it)
	card := d.detail.State().Files
	if card.Attach != "" || len(card.Rows[0].Menu) != 0 || d.rows() != "a.pdf: 5 bytes [save]" {
		t.Errorf("%+v", card)
	}
	d.detail.AttachFiles() // would ask for files, which the environment of this test cannot
	d.detail.RenameFile(a.ID.String(), "b.pdf")
	d.detail.ActOnFile(a.ID.String(), FileRemove)
}

func TestCardIsThereWhereFilesCanBe(t *testing.T) {
	document := vault.Item{Kind: vault.Document, Title: "Passport"}
	for name, test := range map[string]struct {
		item  vault.Item
		first bool
		empty bool
	}{
		"login":    {testpc.Login("Bank", "anna", "hunter2"), false, false},
		"document": {document, true, true},
	} {
		card := newFilesDesk(t, &scripted{}, test.item).detail.State().Files
		if card.First != test.first || (card.Empty != "") != test.empty || card.Attach != "Attach files…" || card.Hint != "Up to 100 MB each. You can drop files here too." {
			t.Errorf("%s: %+v", name, card)
		}
		checkWords(t, name, card.Title, card.Empty)
	}
	d := newFilesDesk(t, &scripted{listErr: vault.ErrDisk}, document)
	if card := d.detail.State().Files; card.Problem.What == "" {
		t.Errorf("files that cannot be listed: %+v", card)
	}
}

// attachNow attaches and waits until all of it is over.
func (d *filesDesk) attachNow(paths ...string) {
	d.t.Helper()
	d.files.attach(d.detail.id, paths)
	d.until("files attached", func() bool {
		return len(d.said)+len(d.failed) > 0 && len(d.files.jobs) == 0
	})
}

func TestFilesAreAttachedOneAfterTheOther(t *testing.T) {
	folder := tree(t, "b.txt", "a.txt", "Photos/")
	d := newFilesDesk(t, &scripted{}, testpc.Login("Bank", "anna", "hunter2"))
	d.attachNow(filepath.Join(folder, "b.txt"), filepath.Join(folder, "a.txt"))
	if got := strings.Join(d.from.attached, " "); got != "b.txt a.txt" || len(d.said) != 1 || d.said[0] != "2 files are attached." || d.failed != nil {
		t.Errorf("attached %s, said %q, %+v", got, d.said, d.failed)
	}
	d.said = nil
	d.attachNow(filepath.Join(folder, "a.txt"))
	if d.said[0] != "a.txt is attached." {
		t.Errorf("said %q", d.said)
	}
}

func TestWhatCannotBeAttachedIsSaidBeforeTheWork(t *testing.T) {
	folder := tree(t, "small.txt", "Photos/", "Music/")
	large := filepath.Join(folder, "film.mkv")
	if err := os.WriteFile(large, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, vault.MaxAttachment+1); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		names      []string
		attached   string
		what, next string
	}{
		"a folder":   {[]string{"Photos"}, "", "Photos was not attached.", "It is a folder. Pack it into a ZIP archive and attach that."},
		"too large":  {[]string{"film.mkv"}, "", "film.mkv was not attached.", "It has 101 MB, and an attachment can have up to 100 MB."},
		"gone":       {[]string{"gone.txt"}, "", "gone.txt was not attached.", "The file or folder is gone. Choose another one."},
		"some of it": {[]string{"Photos", "small.txt", "Music", "film.mkv"}, "small.txt", "3 files were not attached.", "Photos, Music: It is a folder."},
	} {
		t.Run(name, func(t *testing.T) {
			d := newFilesDesk(t, &scripted{}, testpc.Login("Bank", "anna", "hunter2"))
			var paths []string
			for _, n := range test.names {
				paths = append(paths, filepath.Join(folder, n))
			}
			d.attachNow(paths...)
			if len(d.failed) != 1 || d.failed[0].What != test.what || !strings.HasPrefix(d.failed[0].Next, test.next) {
				t.Errorf("%+v", d.failed)
			}
			if got := strings.Join(d.from.attached, " "); got != test.attached {
				t.Errorf("attached %q", got)
			}
		})
	}
}

// stepwise reads a byte of a file for every step it is given.
func stepwise(steps <-chan struct{}, stepped chan<- struct{}) func(context.Context, string, io.Reader) error {
	return func(ctx context.Context, _ string, r io.Reader) error {
		for {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-steps:
			}
			n, err := io.ReadFull(r, make([]byte, 1))
			if stepped <- struct{}{}; n == 0 {
				return nil
			}
			if err != nil {
				return err
			}
		}
	}
}

func TestAttachingShowsHowFarItIs(t *testing.T) {
	folder := tree(t, "12345678", "second")
	steps, stepped, second := make(chan struct{}), make(chan struct{}), make(chan struct{})
	first := stepwise(steps, stepped)
	attach := func(ctx context.Context, name string, r io.Reader) error {
		if name != "second" {
			return first(ctx, name, r)
		}
		<-second
		return nil
	}
	d := newFilesDesk(t, &scripted{attach: attach}, testpc.Login("Bank", "anna", "hunter2"))
	d.files.attach(d.detail.id, []string{filepath.Join(folder, "12345678"), filepath.Join(folder, "second")})
	d.until("the first file", func() bool { return len(d.detail.State().Files.Rows) == 2 })
	if got := d.rows(); got != "12345678: Attaching  ·  0% of 8 bytes [cancel]\nsecond: 6 bytes  ·  Waits its turn [cancel]" {
		t.Errorf("rows %s", got)
	}
	for range 4 {
		steps <- struct{}{}
		<-stepped
	}
	d.clock.Advance(d.queue, progressPause)
	if row := d.detail.State().Files.Rows[0]; row.Fraction != .5 || row.Status != "Attaching  ·  50% of 8 bytes" {
		t.Errorf("%+v", row)
	}
	// The first one is given up: the second one begins, and nothing of the first is in the vault.
	d.detail.ActOnFile(d.detail.State().Files.Rows[0].ID, FileCancel)
	if got := d.rows(); got != "second: Attaching  ·  0% of 6 bytes [cancel]" {
		t.Errorf("rows %s", got)
	}
	close(second)
	d.until("end", func() bool { return len(d.said) > 0 })
	if len(d.from.attached) != 1 || d.said[0] != "second is attached." || d.files.ticker != nil {
		t.Errorf("attached %q, said %q", d.from.attached, d.said)
	}
}

func TestProgressIsShownTenTimesASecondAtMost(t *testing.T) {
	a := vault.Attachment{ID: id.New(), Name: "big.iso", Size: 1000, Chunks: 1, Here: 1, Waiting: true}
	d := newFilesDesk(t, &scripted{present: []vault.Attachment{a}}, testpc.Login("Bank", "anna", "hunter2"))
	// How far a transfer is changes by the clock alone; the list of files, which is read anew, may come at any time.
	shown := map[float64]bool{}
	d.detail.OnChange(func(s DetailState) { shown[s.Files.Rows[0].Fraction] = true })
	at := func(done int64) []session.Transfer {
		return []session.Transfer{{Attachment: a.ID, Up: true, Done: done, Total: 1000, State: engine.TransferRunning}}
	}
	d.files.hear(d.from.move(at(0)))
	d.until("start", func() bool { return d.detail.State().Files.Rows[0].Moving })
	for done := range int64(500) {
		d.files.hear(d.from.move(at(done)))
		d.queue.Drain()
	}
	if len(shown) != 1 || !shown[0] {
		t.Errorf("shown %v within no time", shown)
	}
	d.clock.Advance(d.queue, progressPause)
	if len(shown) != 2 || !shown[.499] {
		t.Errorf("shown %v", shown)
	}
	d.files.hear(d.from.move(nil))
	d.until("end", func() bool { return !d.detail.State().Files.Rows[0].Moving })
	if d.files.ticker != nil {
		t.Error("the clock goes on with nothing under way")
	}
}
