package engine_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/sync/wire"
	"github.com/coffer-vault/coffer/vault"
)

// answering lets something happen between what the server does for one request and its answer.
type answering struct {
	*device
	answered func()
}

func (a *answering) Log(ctx context.Context, since uint64) (wire.LogPage, error) {
	defer a.answered()
	return a.device.Log(ctx, since)
}

func (a *answering) Head(ctx context.Context, v id.ID) (wire.HeadCommit, error) {
	defer a.answered()
	return a.device.Head(ctx, v)
}

func (a *answering) Changes(ctx context.Context, v id.ID, since uint64) (wire.Changes, error) {
	defer a.answered()
	return a.device.Changes(ctx, v, since)
}

func (a *answering) Objects(ctx context.Context, v id.ID, after string) (wire.Objects, error) {
	defer a.answered()
	return a.device.Objects(ctx, v, after)
}

func (a *answering) Fetch(ctx context.Context, v id.ID, objects []id.ID) (wire.Fetched, error) {
	defer a.answered()
	return a.device.Fetch(ctx, v, objects)
}

func (a *answering) Push(ctx context.Context, v id.ID, in wire.Push) (wire.Pushed, error) {
	defer a.answered()
	return a.device.Push(ctx, v, in)
}

// secondProgram opens the file of a device once more.
func secondProgram(rt *rapid.T, app *device) *device {
	tool := *app
	tool.vault, tool.remote = nil, nil
	tool.restart(rt)
	return &tool
}

// after calls f at the count-th call, once.
func after(count int, f func()) func() {
	return func() {
		if count--; count == 0 {
			f()
		}
	}
}

// Two programs have one file open. Between any request of the one and its answer, and between any two of its transactions, the other
// syncs, with or without something new of its own and of another device: the first goes on, everybody comes to the same, and nothing is
// lost.
func TestAnotherProgramSyncsAtAnyMoment(t *testing.T) {
	quiet := func(*life, *device) {}
	busy := func(l *life, tool *device) {
		l.save(tool, vault.Item{Kind: vault.Login, Title: "of the tool"})
		l.world.enter(l.t, chain.DeviceAdd{Device: id.New(), Key: signing.Generate().Public(), Name: "new", Platform: "linux"})
		l.writeElsewhere()
	}
	atRequest := func(app *device, f func()) { app.remote = &answering{app, f} }
	afterTransaction := func(app *device, f func()) { app.after = f }
	for name, overtaking := range map[string]overtaking{
		"at a request, it only syncs":            {atRequest, quiet},
		"at a request, and there is news":        {atRequest, busy},
		"after a transaction, and there is news": {afterTransaction, busy},
	} {
		t.Run(name, func(t *testing.T) {
			for moment, came := 1, true; came; moment++ {
				once(t, func(rt *rapid.T, dir string) { came = overtaking.at(rt, dir, moment) })
			}
		})
	}
}

// writeElsewhere has the second device change an item and add one.
func (l *life) writeElsewhere() {
	d := l.devices[1]
	d.sync(l.t)
	l.save(d, vault.Item{Kind: vault.Login, Title: "from elsewhere"})
	d.sync(l.t)
}

// overtaking is when another program comes between, and what happens meanwhile.
type overtaking struct {
	when      func(app *device, f func())
	meanwhile func(l *life, tool *device)
}

// at has it happen at a moment, counted over a first sync and a later one. False if there was no such moment.
func (o overtaking) at(rt *rapid.T, dir string, moment int) (came bool) {
	l := newLife(rt, dir, 2)
	for n := range 4 {
		l.save(l.devices[1], vault.Item{Kind: vault.Login, Title: fmt.Sprint("item ", n)})
		l.devices[1].sync(rt)
	}
	app := l.devices[0]
	tool := secondProgram(rt, app)
	defer func() { tool.vault.Close() }()
	o.when(app, after(moment, func() {
		came = true
		o.meanwhile(l, tool)
		tool.sync(rt)
	}))
	app.restart(rt)
	app.engine.SetPage(smallPage)
	for n := range 2 {
		l.save(app, vault.Item{Kind: vault.Login, Title: fmt.Sprint("of the app ", n)})
		if _, err := app.engine.Sync(rt.Context(), nil); err != nil {
			rt.Fatalf("moment %d: %v", moment, err)
		}
	}
	app.remote, app.after = nil, nil
	tool.sync(rt)
	l.settle()
	return came
}

// Two programs have one file open. While the answer to a push of the one is on its way, the other syncs, finds the commit at the server
// and settles it: the first goes on, and nothing is sent twice.
func TestAnotherProgramSettlesAPush(t *testing.T) {
	once(t, func(rt *rapid.T, dir string) {
		l := newLife(rt, dir, 1)
		app := l.devices[0]
		tool := secondProgram(rt, app)
		defer func() { tool.vault.Close() }()
		came := false
		way := &answering{app, after(2, func() { came = true; tool.sync(rt) })}
		app.remote = way
		app.restart(rt)
		l.save(app, vault.Item{Kind: vault.Login, Title: "item"})
		if _, err := app.engine.Sync(rt.Context(), nil); err != nil {
			rt.Fatal(err)
		}
		if n := len(l.world.commits); n != 1 || !came {
			rt.Fatalf("%d commits", n)
		}
		l.settle()
	})
}

// The server shows the one program the commit of one device, and the other that of another one at the same place: what was verified into
// the file holds for both.
func TestAServerThatTellsTwoProgramsDifferentThings(t *testing.T) {
	once(t, func(rt *rapid.T, dir string) {
		l := newLife(rt, dir, 3)
		for _, d := range l.devices {
			d.sync(rt) // the account log is known
		}
		app, before := l.devices[0], l.world.state.clone()
		tool := secondProgram(rt, app)
		defer func() { tool.vault.Close() }()
		app.sync(rt)
		l.writeElsewhere()
		tool.sync(rt)
		l.world.state = before
		l.save(l.devices[2], vault.Item{Kind: vault.Login, Title: "another history"})
		l.devices[2].sync(rt)
		if _, err := app.engine.Sync(rt.Context(), nil); !errors.Is(err, engine.ErrForked) {
			rt.Fatalf("got %v", err)
		}
	})
}
