package main

import (
	"container/list"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/coffer-vault/coffer/cloud/api"
)

// connections bounds how many there are at once, in all and from one address: each costs a file descriptor and memory before it has said
// who it is (docs/adr/0034-how-many-connections.md). Where there are too many, a new one takes the place of the one that has been quiet
// longest, of the same address where that one has too many: that has asked nothing yet, or nothing since its last answer. A client opens
// another when it has something to ask. Requests under way and event streams are never closed for it; where there is nothing else, the
// new one is refused.
type connections struct {
	most, each int // each is 0 where all come from one address: a proxy's
	log        *slog.Logger

	mu                 sync.Mutex
	open               int
	quiet              list.List // of *bounded, the one that is quiet longest first
	from               map[netip.Prefix]*origin
	displaced, refused uint64
	told               time.Time // when the log last heard that there are too many
}

// origin is an address that has connections.
type origin struct {
	open  int
	quiet list.List
}

// bounded is a connection that counts until it is closed. It has all that net/http asks a TCP connection for.
type bounded struct {
	*net.TCPConn
	all    *connections
	prefix netip.Prefix
	origin *origin
	counts bool
	// Where it is among the quiet ones of all, and of its address; nil while something is asked or it is an event stream.
	inAll, inOrigin *list.Element
}

func newConnections(most, each int, log *slog.Logger) *connections {
	return &connections{most: most, each: each, log: log, from: map[netip.Prefix]*origin{}}
}

// limit returns a listener of which the connections count.
func (a *connections) limit(l net.Listener) net.Listener { return limited{l, a} }

type limited struct {
	net.Listener
	connections *connections
}

func (l limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		tcp, ok := c.(*net.TCPConn)
		if !ok {
			return c, nil // no setting opens another kind
		}
		if one := l.connections.admit(tcp); one != nil {
			return one, nil
		}
		tcp.SetLinger(0) // nothing of it stays behind, not even in the kernel
		tcp.Close()
	}
}

// admit counts a connection, for which it may close another one; nil if there is no room.
func (a *connections) admit(tcp *net.TCPConn) *bounded {
	c := &bounded{TCPConn: tcp, all: a, prefix: api.NetworkOf(tcp.RemoteAddr().(*net.TCPAddr).AddrPort().Addr()), counts: true}
	a.mu.Lock()
	defer a.mu.Unlock()
	c.origin = a.from[c.prefix]
	if c.origin == nil {
		c.origin = &origin{}
	}
	quiet := &a.quiet
	if ofOne := a.each > 0 && c.origin.open >= a.each; ofOne || a.open >= a.most {
		if ofOne {
			quiet = &c.origin.quiet
		}
		a.tell()
		if quiet.Len() == 0 {
			a.refused++
			return nil
		}
		away := quiet.Front().Value.(*bounded)
		a.displaced++
		a.drop(away)
		go away.TCPConn.Close() // whoever reads it hears so, and closes the rest
	}
	a.from[c.prefix] = c.origin
	a.open++
	c.origin.open++
	c.rest()
	return c
}

// drop ends the counting of a connection.
func (a *connections) drop(c *bounded) {
	if !c.counts {
		return
	}
	c.counts = false
	c.stir()
	a.open--
	if c.origin.open--; c.origin.open == 0 {
		delete(a.from, c.prefix)
	}
}

// rest puts a connection behind all that are quiet, stir takes it out of them.
func (c *bounded) rest() {
	if c.counts && c.inAll == nil {
		c.inAll, c.inOrigin = c.all.quiet.PushBack(c), c.origin.quiet.PushBack(c)
	}
}

func (c *bounded) stir() {
	if c.inAll != nil {
		c.all.quiet.Remove(c.inAll)
		c.origin.quiet.Remove(c.inOrigin)
		c.inAll, c.inOrigin = nil, nil
	}
}

// Close implements net.Conn.
func (c *bounded) Close() error {
	c.all.mu.Lock()
	c.all.drop(c)
	c.all.mu.Unlock()
	return c.TCPConn.Close()
}

// follow is a http.Server.ConnState.
func (a *connections) follow(c net.Conn, state http.ConnState) {
	if over, ok := c.(interface{ NetConn() net.Conn }); ok { // TLS
		c = over.NetConn()
	}
	b, ok := c.(*bounded)
	if !ok {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch state {
	case http.StateIdle:
		b.rest()
	case http.StateActive, http.StateHijacked:
		b.stir()
	}
}

// tell says at most once a minute that there are too many connections, without a word of whose they are.
func (a *connections) tell() {
	if now := time.Now(); now.Sub(a.told) >= time.Minute {
		a.told = now
		a.log.Warn("too many connections", "open", a.open, "addresses", len(a.from), "most", a.most, "mostPerAddress", a.each)
	}
}

// counted is what the metrics show.
func (a *connections) counted() (open int, displaced, refused uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.open, a.displaced, a.refused
}

// Without a setting there may be as many connections as three quarters of the files that this process may open, and no more than that
// many: a process with fewer streams than that is a busy one.
const usualConnections = 50_000

// filesBeside are those that the process may need beside connections: its database, mails, certificates, packages.
const filesBeside = 128

// openConnections holds the settings against what the system lets this process have.
func openConnections(o options, files uint64, log *slog.Logger) (*connections, error) {
	most, each := o.connections, o.connectionsPerAddress
	if o.behindProxy || o.dev {
		each = 0
	}
	if most == 0 {
		most = usualConnections
		if files > 0 {
			most = min(most, int(min(files, 1<<30)/4*3))
		}
	} else if files > 0 && uint64(most)+filesBeside > files {
		return nil, problems{{o.where["connections"], fmt.Sprintf("this process may open %d files", files),
			fmt.Sprintf("raise its limit (LimitNOFILE of the unit, ulimit -n) to %d, or write a lower number", most+filesBeside)}}
	}
	return newConnections(most, each, log), nil
}
