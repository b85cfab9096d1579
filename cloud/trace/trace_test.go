package trace_test

import (
	"context"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/cloud/trace"
)

const (
	traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	spanID  = "00f067aa0ba902b7"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]struct{ ok, sampled bool }{
		"00-" + traceID + "-" + spanID + "-01":                  {true, true},
		"00-" + traceID + "-" + spanID + "-00":                  {true, false},
		"cc-" + traceID + "-" + spanID + "-03-later":            {true, true},
		"00-" + traceID + "-" + spanID + "-01-later":            {},
		"ff-" + traceID + "-" + spanID + "-01":                  {},
		"00-" + traceID + "-0000000000000000-01":                {},
		"00-00000000000000000000000000000000-" + spanID + "-01": {},
		"00-4BF92F3577B34DA6A3CE929D0E0E4736-" + spanID + "-01": {},
		"00-" + traceID + "-" + spanID + "-01\n":                {}, "ada@example.org": {}, "": {},
	} {
		p, ok := trace.Parse(text)
		if ok != want.ok || p.Sampled != want.sampled || ok && (hex.EncodeToString(p.Trace[:]) != traceID || hex.EncodeToString(p.ID[:]) != spanID) {
			t.Errorf("%q: %+v, %v", text, p, ok)
		}
	}
}

// none is a store that fails as it is told to.
type none struct{ err error }

func (n none) Update(context.Context, func(cloud.Tx) error) error { return n.err }
func (n none) View(context.Context, func(cloud.Tx) error) error   { return n.err }
func (n none) Scrub(context.Context) error                        { return n.err }
func (n none) Glance(context.Context, func(cloud.Tx) error) error { return n.err }

// Transactions are parts of their request, and the request is a part of what a proxy says; a decision about a request is no failure.
func TestSpans(t *testing.T) {
	var told []trace.Span
	hook := trace.Hook(func(s trace.Span) { told = append(told, s) })
	run := func(h trace.Hook, parent string) context.Context {
		told = nil
		ctx := h.Begin(t.Context(), parent)
		trace.Store(none{errors.New("disk full")}).Update(ctx, nil)
		trace.Store(none{cloud.ErrNotFound}).View(ctx, nil)
		trace.Store(none{}).Glance(ctx, nil)
		trace.End(ctx, "GET /v1/me", true)
		return ctx
	}
	for parent, proxy := range map[string]bool{"00-" + traceID + "-" + spanID + "-01": true, "": false} {
		ctx := run(hook, parent)
		if len(told) != 4 {
			t.Fatalf("%q: %d spans", parent, len(told))
		}
		request := told[3]
		if got := hex.EncodeToString(request.Trace[:]); (got == traceID) != proxy || got != trace.ID(ctx) {
			t.Errorf("%q: trace %s", parent, got)
		}
		if (hex.EncodeToString(request.Parent[:]) == spanID) != proxy || !proxy && request.Parent != [8]byte{} {
			t.Errorf("%q: the request's parent is %x", parent, request.Parent)
		}
		ids := map[[8]byte]bool{{}: true, request.ID: true}
		for i, want := range []trace.Span{{Name: "update", Failed: true}, {Name: "view"}, {Name: "glance"}} {
			got := told[i]
			if got.Name != want.Name || got.Failed != want.Failed || got.Trace != request.Trace || got.Parent != request.ID || ids[got.ID] ||
				got.Begin.Before(request.Begin) || got.Took > request.Took {
				t.Errorf("%q: %+v", parent, got)
			}
			ids[got.ID] = true
		}
		if request.Name != "GET /v1/me" || !request.Failed {
			t.Errorf("%q: %+v", parent, request)
		}
	}
	for what, ctx := range map[string]context.Context{"off": run(nil, ""), "not recorded": run(hook, "00-"+traceID+"-"+spanID+"-00")} {
		if len(told) != 0 || trace.ID(ctx) != "" {
			t.Errorf("%s: %v", what, told)
		}
	}
}
