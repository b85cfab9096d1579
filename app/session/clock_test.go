package session_test

import (
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// wrongClock stands where the test sets it.
type wrongClock struct{ at time.Time }

func (c *wrongClock) now() time.Time { return c.at }

var (
	in1969 = time.Date(1969, 12, 31, 16, 0, 0, 0, time.UTC) // the first hours of 1970, east of Greenwich
	in1970 = time.Date(1970, 1, 1, 0, 1, 0, 0, time.UTC)
	in2100 = time.Date(2100, 6, 1, 0, 0, 0, 0, time.UTC)
)

func wrongPC(t *testing.T, clock *wrongClock) *testpc.PC {
	return testpc.New(t, "PC A", func(c *session.Config) { c.Driven, c.Now = true, clock.now })
}

// Whatever the clock of a PC says and wherever it jumps in the middle of a session: what is typed is saved and synced, also after the
// access token is over; of two edits the later one counts; the other PC has everything; and the history goes back in the order in which
// things were done.
func TestAWrongClockLosesNothing(t *testing.T) {
	now := time.Now()
	for name, clocks := range map[string][2]time.Time{
		"always 1969": {in1969, in1969.Add(time.Minute)}, "always 1970": {in1970, in1970.Add(time.Minute)}, "always 2100": {in2100, in2100.Add(time.Minute)},
		"back by years": {now, in1970}, "forward by years": {now, in2100}, "put right": {in1970, now}, "from 2100 to 1970": {in2100, in1970},
	} {
		t.Run(name, func(t *testing.T) {
			server, clock := testkit.Cloud(t), &wrongClock{clocks[0]}
			a := wrongPC(t, clock)
			u := a.SignUp(t, server, email)
			it := testpc.Save(t, u, testpc.Login("Mail", "anna", "first"))
			testpc.Sync(t, u)
			b := testpc.New(t, "PC B", nil).SignIn(t, server, email, u.SecretKey())
			clock.at = clocks[1]
			it.Set(vault.Password, testpc.Typed("second"))
			it = testpc.Save(t, u, it)
			server.Clock.Advance(11 * time.Minute) // the access token is over
			testpc.Sync(t, u)
			clock.at = clocks[0]
			it.Set(vault.Password, testpc.Typed("third"))
			testpc.Save(t, u, it)
			testpc.Sync(t, u)
			testpc.Sync(t, b)
			for _, at := range []*session.Unlocked{u, b} {
				got := testpc.Get(t, at, it.ID)
				if got := passwords(&got); got != "third second first" {
					t.Errorf("password and history: %s", got)
				}
			}
			if off, want := u.Status().ClockOff, clocks[0].Sub(server.Clock.Now()); (off - want).Abs() > time.Hour {
				t.Errorf("the clock is off by %v, and is said to be by %v", want, off)
			}
		})
	}
}

// passwords are that of an item and those before it, the latest first.
func passwords(it *vault.Item) string {
	all := []string{string(it.Value(vault.Password).Reveal())}
	for _, edit := range it.Edits() {
		was, known := it.Before(edit)
		if password := was.Value(vault.Password); known && !password.IsZero() {
			all = append(all, string(password.Reveal()))
		}
	}
	return strings.Join(all, " ")
}

// Two PCs whose clocks are a century apart: who synced first is the one whose value counts, and the other's is kept, whatever the clocks say.
func TestNoClockDecidesAConflict(t *testing.T) {
	for _, years := range [][2]time.Time{{in1970, in2100}, {in2100, in1970}} {
		server := testkit.Cloud(t)
		clocks := [2]*wrongClock{{}, {}}
		for i := range clocks {
			clocks[i].at = years[i]
		}
		a := wrongPC(t, clocks[0]).SignUp(t, server, email)
		it := testpc.Save(t, a, testpc.Login("Mail", "anna", "old"))
		testpc.Sync(t, a)
		b := wrongPC(t, clocks[1]).SignIn(t, server, email, a.SecretKey())
		for at, password := range map[*session.Unlocked]string{a: "of A", b: "of B"} {
			mine := testpc.Get(t, at, it.ID)
			mine.Set(vault.Password, testpc.Typed(password))
			testpc.Save(t, at, mine)
		}
		for _, at := range []*session.Unlocked{a, b, a} {
			testpc.Sync(t, at)
		}
		for _, at := range []*session.Unlocked{a, b} {
			got := testpc.Get(t, at, it.ID)
			conflicts := got.Conflicts()
			if string(got.Value(vault.Password).Reveal()) != "of A" || len(conflicts) != 1 || string(conflicts[0].Value.Reveal()) != "of B" {
				t.Errorf("%s, %d conflicts", got.Value(vault.Password).Reveal(), len(conflicts))
			}
		}
	}
}

// Nothing goes from the trash because of its age: only who empties it does that.
func TestTheTrashKnowsNoAge(t *testing.T) {
	clock := &wrongClock{time.Now()}
	server, a := testkit.Cloud(t), wrongPC(t, clock)
	u := a.SignUp(t, server, email)
	it := testpc.Save(t, u, testpc.Login("Mail", "anna", "x"))
	if err := u.Vault().Trash(t.Context(), it.ID); err != nil {
		t.Fatal(err)
	}
	for _, at := range []time.Time{in2100, in1970, time.Now()} {
		clock.at = at
		testpc.Sync(t, u)
		u.Lock()
		u = a.Unlock(t)
		testpc.Sync(t, u)
		if n := len(u.Vault().Query(vault.Filter{Trash: true})); n != 1 {
			t.Fatalf("in %d there are %d in the trash", at.Year(), n)
		}
	}
}

// The server's certificate is not valid at this PC's time: that is said, and what is typed waits as it does offline.
func TestWrongClockIsSaid(t *testing.T) {
	expired := false
	transport := roundTrip(func(r *http.Request) (*http.Response, error) {
		if expired {
			return nil, x509.CertificateInvalidError{Reason: x509.Expired}
		}
		return http.DefaultTransport.RoundTrip(r)
	})
	pc := testpc.New(t, "PC A", func(c *session.Config) { c.Driven, c.Transport = true, transport })
	u := pc.SignUp(t, testkit.Cloud(t), email)
	expired = true
	testpc.Save(t, u, testpc.Login("Mail", "anna", "x"))
	if err := u.Sync(t.Context()); !errors.Is(err, session.ErrClock) || !errors.Is(err, session.ErrOffline) {
		t.Errorf("%v", err)
	}
	if s := u.Status(); s.State != session.Offline || !errors.Is(s.Err, session.ErrClock) || s.Pending != 1 {
		t.Errorf("%+v", s)
	}
	expired = false
	testpc.Sync(t, u)
}

// A year of backups, and then a clock that is wrong for a week, in either direction: of those from before, what would have stayed does;
// the new ones are kept as well; and afterwards everything goes on.
func TestAWrongClockThrowsNoBackupAway(t *testing.T) {
	const day = 24 * time.Hour
	newest := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	var all []session.Backup
	backUp := func(at time.Time) {
		all = append(all, session.Backup{Time: at, Size: 1000})
		slices.SortFunc(all, func(a, b session.Backup) int { return b.Time.Compare(a.Time) })
		gone := session.Outdated(all, at)
		all = slices.DeleteFunc(all, func(b session.Backup) bool { return among(gone, b.Time) })
	}
	for n := range 400 {
		backUp(newest.Add(time.Duration(n-399) * day))
	}
	for _, wrong := range []time.Time{in1970, in2100} {
		before := slices.Clone(all)
		for n := range 7 {
			backUp(wrong.Add(time.Duration(n) * day))
			if !among(all, wrong.Add(time.Duration(n)*day)) {
				t.Errorf("the one just made in %d is gone", wrong.Year())
			}
		}
		if wrong.Before(newest) {
			for _, b := range before {
				if !among(all, b.Time) {
					t.Errorf("in %d the one of %v was thrown away", wrong.Year(), b.Time)
				}
			}
		}
		if !among(all, newest) || count(all, 2026) < 10 {
			t.Errorf("after %d there are %d of 2026", wrong.Year(), count(all, 2026))
		}
		// The clock is right again: a week later there are the last seven days.
		for n := range 7 {
			newest = newest.Add(day)
			backUp(newest)
			if !among(all, newest) || !among(all, newest.Add(-time.Duration(n)*day)) {
				t.Errorf("day %d after %d: not kept", n, wrong.Year())
			}
		}
	}
	if len(all) > 60 {
		t.Errorf("%d are kept", len(all))
	}
}

func among(all []session.Backup, at time.Time) bool {
	return slices.ContainsFunc(all, func(b session.Backup) bool { return b.Time.Equal(at) })
}

func count(all []session.Backup, year int) (n int) {
	for _, b := range all {
		if b.Time.Year() == year {
			n++
		}
	}
	return n
}

// While the app is open the clock is set back by years: the next backup does not wait until that time comes again.
func TestBackupsGoOnAfterTheClockIsSetBack(t *testing.T) {
	_, u, now := backedUp(t)
	*now = in2100
	session.BackUpIfDue(u)
	*now = in1970
	session.BackUpIfDue(u)
	if n := len(backups(t, u)); n != 2 {
		t.Errorf("%d backups", n)
	}
}

// The copy that is made before the server's state is taken over stays, also where the clock calls it the oldest; and none is too old
// where the clock is wrong.
func TestAWrongClockThrowsNoCopyAway(t *testing.T) {
	clock := &wrongClock{time.Now()}
	pc := wrongPC(t, clock)
	server := testkit.Cloud(t)
	u := pc.SignUp(t, server, email)
	keep := func() string {
		t.Helper()
		path, err := session.KeepCopy(pc.Manager, t.Context(), u)
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	kept := func() int {
		t.Helper()
		found, err := filepath.Glob(filepath.Join(pc.Paths.Data, "*.before-*"))
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	for n := range 3 {
		clock.at = clock.at.Add(time.Duration(n) * time.Second)
		keep()
	}
	clock.at = in1970
	if path := keep(); kept() != 3 || !exists(path) {
		t.Errorf("%d copies, the last one among them: %t", kept(), exists(path))
	}
	for _, at := range []time.Time{in2100, time.Now().Add(60 * 24 * time.Hour)} {
		clock.at = at
		if session.Prune(u, time.Until(at)); kept() != 3 {
			t.Fatalf("in %v there are %d copies", at, kept())
		}
	}
	clock.at = in2100 // and a server that lies
	if session.Prune(u, 0); kept() != 3 {
		t.Errorf("%d copies", kept())
	}
	clock.at = time.Now().Add(60 * 24 * time.Hour)
	if session.Prune(u, 0); kept() != 0 {
		t.Errorf("%d copies of two months ago, with the clock right", kept())
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
