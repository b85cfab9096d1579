package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// drain ends a server without an answer lost. In this order: /readyz says no, so that a load balancer turns away; no connection is taken
// any more (who connects now waits for the next process, if the service manager has the sockets); every answer asks its client to close,
// until no connection is left or they have had their time; requests under way end.
type drain struct {
	mu                sync.Mutex
	draining, waiting bool
	open              map[net.Conn]bool
	empty             chan struct{} // closed when somebody waits and nothing is open
}

func newDrain() *drain { return &drain{open: map[net.Conn]bool{}, empty: make(chan struct{})} }

var errDraining = errors.New("the server is being stopped")

// err is why the server wants no more requests, or nil.
func (d *drain) err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.draining {
		return errDraining
	}
	return nil
}

func (d *drain) begin() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.draining = true
}

// handler asks clients to close their connections once the server drains.
func (d *drain) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.err() != nil {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// follow is a http.Server.ConnState.
func (d *drain) follow(c net.Conn, state http.ConnState) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch state {
	case http.StateNew:
		d.open[c] = true
	case http.StateClosed, http.StateHijacked:
		delete(d.open, c)
		if d.waiting && len(d.open) == 0 {
			d.waiting = false
			close(d.empty)
		}
	}
}

// wait returns when no connection is open, or when linger is over. It is called once, when no connection is taken any more.
func (d *drain) wait(linger time.Duration) {
	d.mu.Lock()
	d.waiting = len(d.open) > 0
	waiting := d.waiting
	d.mu.Unlock()
	if !waiting || linger == 0 {
		return
	}
	timer := time.NewTimer(linger)
	defer timer.Stop()
	select {
	case <-d.empty:
	case <-timer.C:
	}
}

// running is an HTTP server with its listener.
type running struct {
	name     string // of its socket
	server   *http.Server
	listener net.Listener
}

// serve returns when the listener is closed, with nil.
func (r running) serve() error {
	var err error
	if r.server.TLSConfig != nil {
		err = r.server.ServeTLS(r.listener, "", "")
	} else {
		err = r.server.Serve(r.listener)
	}
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// stop lets requests finish until the context ends, and then closes their connections.
func (r running) stop(ctx context.Context) error {
	err := r.server.Shutdown(ctx)
	if ctx.Err() != nil {
		return r.server.Close()
	}
	if errors.Is(err, net.ErrClosed) { // the listener was closed before
		return nil
	}
	return err
}

// stopAll stops the servers side by side: one that has to be waited for takes nothing from the others.
func stopAll(servers []running, log *slog.Logger) error {
	patience, cancel := context.WithTimeout(context.Background(), shutdownPatience)
	defer cancel()
	stopped := make(chan error, len(servers))
	for _, s := range servers {
		go func() { stopped <- s.stop(patience) }()
	}
	var err error
	for range servers {
		err = errors.Join(err, <-stopped)
	}
	if patience.Err() != nil {
		log.Warn("connections closed before their requests had ended")
	}
	return err
}
