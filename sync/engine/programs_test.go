package engine_test

import (
	"context"
	"testing"

	"pgregory.net/rapid"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/wire"
	"github.com/coffer-vault/coffer/vault"
)

// afterPush lets something happen between a push that the server has taken and its answer.
type afterPush struct {
	*device
	then func()
}

func (a *afterPush) Push(ctx context.Context, v id.ID, in wire.Push) (wire.Pushed, error) {
	out, err := a.device.Push(ctx, v, in)
	if then := a.then; then != nil {
		a.then = nil
		then()
	}
	return out, err
}

// Two programs have one file open. While the answer to a push of the one is on its way, the other syncs, finds the commit at the server
// and settles it: the first goes on, and nothing is sent twice.
func TestAnotherProgramSettlesAPush(t *testing.T) {
	once(t, func(rt *rapid.T, dir string) {
		l := newLife(rt, dir, 1)
		app := l.devices[0]
		tool := *app
		tool.vault = nil
		tool.restart(rt)
		defer func() { tool.vault.Close() }()
		way := &afterPush{device: app, then: func() { tool.sync(rt) }}
		app.remote = way
		app.restart(rt)
		l.save(app, vault.Item{Kind: vault.Login, Title: "item"})
		if _, err := app.engine.Sync(rt.Context(), nil); err != nil {
			rt.Fatal(err)
		}
		if n := len(l.world.commits); n != 1 || way.then != nil {
			rt.Fatalf("%d commits", n)
		}
		l.settle()
	})
}
