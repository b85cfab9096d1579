// Package trace tells a hook how long each request took, and each transaction in it, under the names of W3C Trace Context, so that they
// stand in one tree with what a proxy tells of the same request. Nothing of who asked is in it. Without a hook nothing is done.
package trace

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"regexp"
	"time"

	"github.com/coffer-vault/coffer/cloud"
)

// Span is a part of the work that ended.
type Span struct {
	Trace  [16]byte
	ID     [8]byte
	Parent [8]byte // what it is a part of: the proxy's span, a request, or zeros
	Name   string  // the template of a route, or the kind of a transaction
	Begin  time.Time
	Took   time.Duration
	Failed bool // by the server's fault
}

// Hook is told of every span, on the goroutine of the request, at the same time as others. nil: tracing is off.
type Hook func(Span)

// Parent is what a proxy says that a request is a part of.
type Parent struct {
	Trace   [16]byte
	ID      [8]byte
	Sampled bool // whether it records this trace
}

// header is a traceparent of W3C Trace Context: version, trace, span, flags. A later version may have more after them.
var header = regexp.MustCompile(`^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$`)

// Parse reads a traceparent; ok is false for none and for a malformed one, which is to be passed over.
func Parse(traceparent string) (p Parent, ok bool) {
	parts := header.FindStringSubmatch(traceparent)
	if parts == nil || parts[1] == "ff" || parts[1] == "00" && parts[5] != "" {
		return Parent{}, false
	}
	var flags [1]byte
	hex.Decode(p.Trace[:], []byte(parts[2]))
	hex.Decode(p.ID[:], []byte(parts[3]))
	hex.Decode(flags[:], []byte(parts[4]))
	p.Sampled = flags[0]&1 != 0
	if p.Trace == [16]byte{} || p.ID == [8]byte{} {
		return Parent{}, false
	}
	return p, true
}

type contextKey struct{}

// request is one that is traced.
type request struct {
	Span
	hook Hook
}

// Begin returns a context whose request and transactions are told. One that a proxy does not record is not told; without a proxy's word
// the trace begins here.
func (h Hook) Begin(ctx context.Context, traceparent string) context.Context {
	if h == nil {
		return ctx
	}
	r := &request{hook: h, Span: Span{ID: newID(), Begin: time.Now()}}
	if p, ok := Parse(traceparent); !ok {
		rand.Read(r.Trace[:])
	} else if p.Sampled {
		r.Trace, r.Parent = p.Trace, p.ID
	} else {
		return ctx
	}
	return context.WithValue(ctx, contextKey{}, r)
}

// ID is the trace of a request in hex, empty if it is not traced.
func ID(ctx context.Context) string {
	r, ok := ctx.Value(contextKey{}).(*request)
	if !ok {
		return ""
	}
	return hex.EncodeToString(r.Trace[:])
}

// End tells of a request that ended. Without Begin it does nothing.
func End(ctx context.Context, route string, failed bool) {
	if r, ok := ctx.Value(contextKey{}).(*request); ok {
		r.tell(r.Span, route, failed)
	}
}

func (r *request) tell(s Span, name string, failed bool) {
	s.Name, s.Failed, s.Took = name, failed, time.Since(s.Begin)
	r.hook(s)
}

// part runs a part of a request, and tells of it if the request is traced.
func part(ctx context.Context, name string, do func() error) error {
	r, ok := ctx.Value(contextKey{}).(*request)
	if !ok {
		return do()
	}
	s := Span{Trace: r.Trace, ID: newID(), Parent: r.ID, Begin: time.Now()}
	err := do()
	r.tell(s, name, cloud.Failed(err))
	return err
}

func newID() (id [8]byte) {
	rand.Read(id[:])
	return id
}

// Store tells of the transactions of requests, with all their tries and waits.
func Store(next cloud.Store) cloud.Store { return store{next} }

type store struct{ next cloud.Store }

func (s store) Update(ctx context.Context, do func(cloud.Tx) error) error {
	return part(ctx, "update", func() error { return s.next.Update(ctx, do) })
}

func (s store) View(ctx context.Context, do func(cloud.Tx) error) error {
	return part(ctx, "view", func() error { return s.next.View(ctx, do) })
}

func (s store) Scrub(ctx context.Context) error { return s.next.Scrub(ctx) }

func (s store) Glance(ctx context.Context, do func(cloud.Tx) error) error {
	return part(ctx, "glance", func() error { return s.next.Glance(ctx, do) })
}
