//go:build system && linux

package cluster

import (
	"slices"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/internal/testpg"
)

func newCluster(t *testing.T, settings ...string) *testpg.Cluster {
	t.Helper()
	c, err := testpg.New(settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Remove() })
	return c
}

// A change on one device is on the other, where each is with another process: the second one's process hears of it.
func TestChangeReachesTheOtherProcess(t *testing.T) {
	s := newSite(t, newCluster(t).Database(t), 3)
	at := func(i int) func(*session.Config) {
		return func(c *session.Config) { c.Transport = through{s.addresses[i]} }
	}
	a := s.signUp(testpc.New(t, "PC A", at(0)), "ada@example.org")
	b := s.signIn(testpc.New(t, "PC B", at(1)), "ada@example.org", a.SecretKey())
	testpc.Sync(t, b)
	const samples = 1000
	var took []time.Duration
	for range samples {
		item := testpc.Save(t, a, testpc.Login("News", "ada", "secret"))
		testpc.Sync(t, a)
		begin := time.Now()
		// It polls only every few minutes: this is done by events, or not in time.
		testpc.Until(t, b, "an item of the other device", func() bool {
			_, err := b.Vault().Get(t.Context(), item.ID)
			return err == nil
		})
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	t.Logf("from the acknowledgement on one device to the item on the other, %d times: median %v, 99 of 100 within %v, longest %v",
		samples, took[samples/2], took[samples*99/100], took[samples-1])
}

// A process that is killed takes nothing with it, and its clients go on with the others.
func TestKilledProcess(t *testing.T) {
	s := newSite(t, newCluster(t).Database(t), 3)
	w := s.writers(3)
	w.more(5)
	s.processes[0].kill()
	w.more(20)
	w.verify("one of three processes killed")
}

// The primary is killed while clients write; a synchronous standby has all that was acknowledged.
func TestKilledPrimary(t *testing.T) {
	primary := newCluster(t)
	standby, err := primary.Standby("s1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { standby.Remove() })
	if err := primary.Set("synchronous_standby_names", "s1"); err != nil {
		t.Fatal(err)
	}
	if err := primary.SQL("postgres", "CREATE DATABASE coffer"); err != nil {
		t.Fatal(err)
	}
	s := newSite(t, "postgres://coffer@/coffer?host="+primary.Dir+","+standby.Dir+"&target_session_attrs=read-write", 3)
	w := s.writers(4)
	w.more(10)
	if err := primary.Kill(); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if err := standby.Promote(); err != nil {
		t.Fatal(err)
	}
	t.Logf("the standby was promoted in %v", time.Since(begin).Round(time.Millisecond))
	w.more(20)
	w.verify("primary killed, standby promoted at once")
}
