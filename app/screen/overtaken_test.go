package screen

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// What is read in the background is overtaken here by what happens meanwhile, in the order that a busy machine makes now and then.

// A sync by itself finds the sign-out before there is a screen that could be told.
func TestSignedOutBeforeTheVaultIsShown(t *testing.T) {
	d, _, server := openDesk(t)
	other := testpc.New(t, "PC B", nil).SignIn(t, server, anna, d.shell.unlocked.SecretKey())
	d.shell.Lock()
	d.until("locked", func() bool { return d.shell.State().Page == PageUnlock })
	<-d.shell.closed
	if err := other.SignOutOthers(t.Context()); err != nil {
		t.Fatal(err)
	}
	u := d.pc.Unlock(t)
	testpc.Until(t, u, "the sign-out", func() bool { return u.Status().Notices.SignedOut })
	d.shell.opened(u)
	d.until("locked again", func() bool { return d.shell.State().Page == PageUnlock })
	if notice := d.shell.State().Notice; !strings.Contains(notice.What, "signed out") {
		t.Errorf("%+v", notice)
	}
}

// held is a queue on which the nth thing that is posted, from a hold on, waits for the test.
type held struct {
	post              func(func())
	nth               atomic.Int32
	here, leave, gone chan struct{}
}

func (h *held) hold(nth int32) {
	h.here, h.leave, h.gone = make(chan struct{}), make(chan struct{}), make(chan struct{})
	h.nth.Store(nth)
}

func (h *held) Post(f func()) {
	if h.nth.Add(-1) != 0 {
		h.post(f)
		return
	}
	close(h.here)
	<-h.leave
	h.post(f)
	close(h.gone)
}

func (h *held) release() {
	close(h.leave)
	<-h.gone
}

// overtakenConflicts is an item with two conflicts, on a screen whose readings the test can hold.
func overtakenConflicts(t *testing.T) (*desk, *held, *Conflicts, *vault.Vault) {
	t.Helper()
	d, _, item := conflictDesk(t)
	h := &held{post: d.queue.Post}
	env := *d.env
	env.Post = h.Post
	store := d.shell.unlocked.Vault()
	c := NewConflicts(&env, ConflictsConfig{Vault: store, Item: item, Devices: func() map[id.ID]string { return nil }})
	t.Cleanup(c.Leave)
	d.until("conflicts", func() bool { return !c.State().Loading && len(c.State().Fields) == 2 })
	return d, h, c, store
}

// settleElsewhere decides all that is open, as a sync would bring it.
func settleElsewhere(t *testing.T, store *vault.Vault, item id.ID) {
	t.Helper()
	it, err := store.Get(t.Context(), item)
	if err != nil {
		t.Fatal(err)
	}
	for _, conflict := range it.Conflicts() {
		if err := store.ResolveConflict(t.Context(), item, conflict, false); err != nil {
			t.Fatal(err)
		}
	}
}

// The item changes after it was read for a decision, and before that is shown.
func TestAConflictThatIsSettledWhileAnotherIs(t *testing.T) {
	d, h, c, store := overtakenConflicts(t)
	h.hold(2) // after the news of the change
	c.Choose(fieldOf(t, c, "Username").ID, false)
	<-h.here
	settleElsewhere(t, store, c.config.Item)
	d.queue.Drain()
	h.release()
	d.until("both are decided", func() bool { return !c.State().Busy && !c.State().Loading && len(c.State().Fields) == 0 })
}

// Of two readings the one that began first ends last.
func TestAnOlderReadingOfAConflictIsNotShown(t *testing.T) {
	d, h, c, store := overtakenConflicts(t)
	h.hold(1)
	c.reload()
	<-h.here
	settleElsewhere(t, store, c.config.Item)
	d.until("both are decided", func() bool { return !c.State().Loading && len(c.State().Fields) == 0 })
	h.release()
	d.queue.Drain()
	if n := len(c.State().Fields); n != 0 {
		t.Errorf("%d fields are to be decided again", n)
	}
}

// slowList holds the first list of files that has one which the server lacks.
type slowList struct {
	attachments
	once        sync.Once
	here, leave chan struct{}
}

func (s *slowList) Attachments(ctx context.Context, item id.ID) ([]vault.Attachment, error) {
	all, err := s.attachments.Attachments(ctx, item)
	if len(all) > 0 && all[0].Waiting {
		s.once.Do(func() {
			close(s.here)
			<-s.leave
		})
	}
	return all, err
}

// The files are read before a sync has sent the last one, and shown after it.
func TestAFileIsSentWhileTheFilesAreListed(t *testing.T) {
	d, v, _ := openDeskOn(t, testpc.New(t, "Anna's PC", func(c *session.Config) { c.Driven = true }))
	d.add("Bank", "anna", "hunter2")
	u, item := d.shell.unlocked, d.show(v, "Bank").id
	testpc.Sync(t, u)
	list := &slowList{attachments: u, here: make(chan struct{}), leave: make(chan struct{})}
	v.files.from = list
	if _, err := u.Attach(t.Context(), item, "note.txt", strings.NewReader("a note"), 6); err != nil {
		t.Fatal(err)
	}
	d.queue.Drain() // the news of the change
	<-list.here
	for range 2 {
		if err := u.CarryFiles(t.Context()); err != nil {
			t.Fatal(err)
		}
		testpc.Sync(t, u)
	}
	if all, err := u.Attachments(t.Context(), item); err != nil || len(all) != 1 || all[0].Waiting {
		t.Fatalf("%+v, %v", all, err)
	}
	d.queue.Drain()
	close(list.leave)
	d.untilUploaded(v, "note.txt", "6 bytes")
}

// The list shows the outcome of a change before the change has reported; what is asked for then follows it.
func TestAChangeOfManyWaitsForTheOneBefore(t *testing.T) {
	d, v, _ := openDesk(t)
	var order []string
	for _, name := range []string{"first", "second", "third"} {
		v.onMany(func(context.Context, func(done, total int)) (func() outcome, error) {
			return func() outcome { order = append(order, name); return outcome{} }, nil
		})
	}
	d.until("all", func() bool { return len(order) == 3 })
	if got := strings.Join(order, " "); got != "first second third" || v.stopWork != nil {
		t.Errorf("%s", got)
	}
}
