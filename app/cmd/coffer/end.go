package main

import (
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"fyne.io/fyne/v2"
)

// endPatience is how long the program may take to end. Saving and locking take moments; a keyring, a display or a disk that does not
// answer must not keep the process. What was saved before is on the disk whatever happens.
const endPatience = 10 * time.Second

// ending sees to it that the program ends once it begins to: however much hangs, and at once when it is told so twice.
type ending struct {
	log  *slog.Logger
	exit func(code int) // os.Exit
	once sync.Once
}

// begin starts the time within which the process ends.
func (e *ending) begin(why string) {
	e.once.Do(func() {
		e.log.Info("ending", "why", why)
		time.AfterFunc(endPatience, func() {
			e.log.Error("the program did not end in time", "why", why)
			e.exit(exitFailure)
		})
	})
}

// sameWish is how long further signals mean what the first one did: a terminal that closes and a system that shuts down send several
// at a time, and scripts pass theirs on.
const sameWish = time.Second

// watch ends the program by signals: of the terminal, of the session, of the system that shuts down. It never returns.
func (e *ending) watch(signals <-chan os.Signal, quit func()) {
	first := <-signals
	e.begin(first.String())
	quit()
	for heard := time.Now(); ; {
		if again := <-signals; time.Since(heard) >= sameWish {
			e.log.Warn("ended at once", "why", again.String())
			e.exit(exitFailure)
		}
	}
}

// endSignals are the signals that end the program. Who started it with nohup means it to outlive the terminal.
func endSignals() <-chan os.Signal {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	return signals
}

// withoutLastCall keeps the toolkit from waiting for itself. As its loop ends it hands that loop a last function, which writes its own
// preferences, and waits until it has run: for ever, if the loop took what was left just before. We keep nothing in its preferences.
func withoutLastCall(l fyne.Lifecycle) {
	if hooks, ok := l.(interface{ SetOnStoppedHookExecuted(func()) }); ok {
		hooks.SetOnStoppedHookExecuted(nil)
	}
}

// uiThread runs functions on the toolkit's goroutine while its loop runs, and drops them afterwards. The toolkit ends the loop on
// signals without asking, and what it is handed from then on it runs wherever it is called: beside the salvage, on a window that is
// gone.
type uiThread struct {
	do   func(func())  // fyne.Do
	turn chan struct{} // one place: held while a function runs, and for good after end
}

func newUIThread(do func(func())) *uiThread { return &uiThread{do, make(chan struct{}, 1)} }

// post is screen.Env.Post.
func (u *uiThread) post(f func()) {
	// The toolkit closes its queue under those who hand something to it just then, and panics on their goroutine.
	defer func() { _ = recover() }()
	u.do(func() {
		select {
		case u.turn <- struct{}{}:
			defer func() { <-u.turn }()
			f()
		default: // the loop has ended
		}
	})
}

// end waits for a function that is running; none runs after it.
func (u *uiThread) end() { u.turn <- struct{}{} }
