package main

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	// readyPatience is how long a database may take to answer before a load balancer is told that it does not.
	readyPatience = 10 * time.Second
	// readySoon is how long a load balancer waits for an answer of the database that is of now. Its checks end after a second, or less.
	readySoon = 100 * time.Millisecond
	// readyFresh is how long the last answer stands for the next one.
	readyFresh = time.Minute
)

// readiness knows whether the database takes requests. Those who ask share one question, which goes on when they have left: were it asked
// by each, for as long as he waits, a database that is slow would be said to be gone, by all processes at once, and every try would cost a
// connection. Who asks while the database is slow hears how the question before ended.
type readiness struct {
	ping func(context.Context) error
	log  *slog.Logger

	mu       sync.Mutex
	asked    chan struct{} // closed when the question that is under way has its answer; nil: none is
	answered time.Time     // when the last one had
	err      error         // what it was
}

// check tells why the database takes no requests, or nil.
func (r *readiness) check(ctx context.Context) error {
	r.mu.Lock()
	if r.asked == nil {
		r.asked = make(chan struct{})
		go r.ask(r.asked)
	}
	asked, known := r.asked, time.Since(r.answered) < readyFresh
	r.mu.Unlock()
	var soon <-chan time.Time
	if known {
		timer := time.NewTimer(readySoon)
		defer timer.Stop()
		soon = timer.C
	}
	select {
	case <-asked:
	case <-soon:
	case <-ctx.Done():
		return ctx.Err()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// ask asks the database, and says in the log when its answer is another one than before.
func (r *readiness) ask(asked chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), readyPatience)
	defer cancel()
	err := r.ping(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err != nil && r.err == nil:
		r.log.Error("the database takes no requests", "err", err)
	case err == nil && r.err != nil:
		r.log.Warn("the database takes requests again")
	}
	r.asked, r.answered, r.err = nil, time.Now(), err
	close(asked)
}
