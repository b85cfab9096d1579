//go:build system && linux

package cloud_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/chain"
)

// pusher is one device that pushes tombstones, which need no envelope.
type pusher struct {
	*person
	tree *chain.Tree
	at   chain.Head
}

func (p *pusher) next(t testing.TB) cloud.Push {
	t.Helper()
	change := chain.Change{Object: id.New(), New: 1, Action: chain.Tombstone}
	p.tree.Set(change.Row())
	logSeq, hash := p.log.Head()
	list, err := chain.EncodeChanges([]chain.Change{change})
	if err != nil {
		t.Fatal(err)
	}
	s, err := chain.Commit{
		Vault: p.vault, Seq: p.at.Seq + 1, Parent: p.at.Hash, Root: p.tree.Root(), Epoch: 1, LogSeq: logSeq, LogHash: hash, Op: id.New(), Device: p.device.ID,
	}.Sign(p.key, list)
	if err != nil {
		t.Fatal(err)
	}
	return cloud.Push{Signed: s}
}

// Accounts that push at once are in nobody's way for long: every commit is taken, and the share of transactions that are begun again is told.
func TestManyPushAtOnce(t *testing.T) {
	const accounts, commits = 8, 40
	w := newWorld(t)
	var all []*pusher
	for i := range accounts {
		p := newPerson(fmt.Sprintf("p%d@example.org", i))
		w.signUp(p)
		all = append(all, &pusher{person: p, tree: chain.NewTree(p.vault)})
	}
	w.statements.take()
	begin := time.Now()
	var pushing sync.WaitGroup
	for _, p := range all {
		pushing.Go(func() {
			for range commits {
				head, err := w.Vaults.Push(t.Context(), p.caller(), p.vault, p.next(t))
				if err != nil {
					t.Error(err)
					return
				}
				p.at = head
			}
		})
	}
	pushing.Wait()
	took := time.Since(begin)
	runs := 0
	for _, statement := range w.statements.take() {
		if strings.HasPrefix(statement, "SELECT seq, commit_bytes") {
			runs++
		}
	}
	t.Logf("%d commits of %d accounts at once in %v, %d transactions begun again", accounts*commits, accounts, took.Round(time.Millisecond), runs-accounts*commits)
}

// Of two devices' commits for one place one is taken, and the other is told so: never both, never neither.
func TestTwoPushToOnePlace(t *testing.T) {
	w, p := newWorld(t), newPerson("ada@example.org")
	w.signUp(p)
	one := &pusher{person: p, tree: chain.NewTree(p.vault)}
	for range 20 {
		other := *one
		other.tree = chain.NewTree(p.vault)
		for row := range one.tree.Rows {
			other.tree.Set(row)
		}
		pushes := []cloud.Push{one.next(t), other.next(t)}
		heads, errs := make([]chain.Head, 2), make([]error, 2)
		var pushing sync.WaitGroup
		for i := range pushes {
			pushing.Go(func() { heads[i], errs[i] = w.Vaults.Push(t.Context(), p.caller(), p.vault, pushes[i]) })
		}
		pushing.Wait()
		var moved *cloud.HeadMoved
		switch {
		case errs[0] == nil && errors.As(errs[1], &moved):
			one.at = heads[0]
		case errs[1] == nil && errors.As(errs[0], &moved):
			other.at, one = heads[1], &other
		default:
			t.Fatalf("%v, %v", errs[0], errs[1])
		}
	}
}
