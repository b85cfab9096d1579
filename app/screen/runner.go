package screen

import (
	"context"
	"time"
)

// Runner does the background work of one screen: off the UI goroutine, results back on it, nothing after Stop.
type Runner struct {
	post   func(func())
	clock  Clock
	ctx    context.Context
	cancel context.CancelFunc
}

// NewRunner makes a runner whose results come back through post. All its methods belong to the UI goroutine.
func NewRunner(post func(func()), clock Clock) *Runner {
	ctx, cancel := context.WithCancel(context.Background())
	return &Runner{post: post, clock: clock, ctx: ctx, cancel: cancel}
}

// Stop cancels the work that is under way and drops every result that has not arrived.
func (r *Runner) Stop() { r.cancel() }

// Stopped reports whether Stop was called.
func (r *Runner) Stopped() bool { return r.ctx.Err() != nil }

// Run calls work on a goroutine of its own and then done on the UI goroutine, unless the runner was stopped or the
// returned cancel was called before.
func Run[T any](r *Runner, work func(context.Context) (T, error), done func(T, error)) (cancel func()) {
	return RunOwned(r, work, done, func(T) {})
}

// RunOwned is Run for results that must be closed or wiped: one that comes too late goes to discard, on the UI goroutine.
// A result that comes with an error is the work's own to close.
func RunOwned[T any](r *Runner, work func(context.Context) (T, error), done func(T, error), discard func(T)) (cancel func()) {
	ctx, cancel := context.WithCancel(r.ctx)
	go func() {
		result, err := work(ctx)
		// Whether it came too late is decided on the UI goroutine, where Stop is called too: there is no moment between.
		r.post(func() {
			late := ctx.Err() != nil
			cancel()
			switch {
			case !late:
				done(result, err)
			case err == nil:
				discard(result)
			}
		})
	}()
	return cancel
}

// asking is a question that is asked again and again, one at a time: however often it is asked meanwhile, once more follows.
type asking struct{ running, again bool }

// begin reports whether the question may be asked now. It is noted for later if not.
func (a *asking) begin() bool {
	*a = asking{running: true, again: a.running}
	return !a.again
}

// end reports whether the answer is out of date, and the question is to be asked again.
func (a *asking) end() bool {
	again := a.again
	*a = asking{}
	return again
}

// After calls f on the UI goroutine after d, unless stop is called or the runner is stopped before.
func (r *Runner) After(d time.Duration, f func()) (stop func()) {
	ctx, cancel := context.WithCancel(r.ctx)
	stopTimer := r.clock.AfterFunc(d, func() {
		r.post(func() {
			if ctx.Err() == nil {
				cancel()
				f()
			}
		})
	})
	return func() {
		cancel()
		stopTimer()
	}
}

// Every calls f on the UI goroutine every d, until stop is called or the runner is stopped.
func (r *Runner) Every(d time.Duration, f func()) (stop func()) {
	stopped := false
	var stopNext func()
	var tick func()
	tick = func() {
		f()
		if !stopped {
			stopNext = r.After(d, tick)
		}
	}
	stopNext = r.After(d, tick)
	return func() {
		stopped = true
		stopNext()
	}
}

// progress is reports of two numbers.
func (r *Runner) progress(show func(done, total int)) func(done, total int) {
	report := reports(r, func(at [2]int) { show(at[0], at[1]) })
	return func(done, total int) { report([2]int{done, total}) }
}

// reports turns reports from a worker's goroutine into calls on the UI goroutine. Reports overtake each other in no
// case, and none arrives after the runner was stopped.
func reports[T any](r *Runner, show func(T)) func(T) {
	return func(report T) {
		r.post(func() {
			if !r.Stopped() {
				show(report)
			}
		})
	}
}
