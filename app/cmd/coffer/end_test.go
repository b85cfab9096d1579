package main

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"fyne.io/fyne/v2/app"
)

// TestMain gives the toolkit a home, in which it writes whenever it likes.
func TestMain(m *testing.M) {
	home, err := os.MkdirTemp("", "coffer")
	if err == nil {
		err = errors.Join(os.Mkdir(filepath.Join(home, ".cache"), 0o700), os.Setenv("HOME", home),
			os.Unsetenv("XDG_CONFIG_HOME"), os.Unsetenv("XDG_CACHE_HOME"))
	}
	if err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(home)
	os.Exit(code)
}

// The toolkit waits at its end for a function that its loop may have missed: the program stayed without a window, about once in
// thirty ends on a busy machine.
func TestToolkitIsHandedNothingAtItsEnd(t *testing.T) {
	lifecycle := app.NewWithID("io.github.coffer-vault.test").Lifecycle()
	withoutLastCall(lifecycle)
	hooks, ok := lifecycle.(interface{ OnStopped() func() })
	if !ok {
		t.Fatal("the toolkit has changed: what does it wait for at its end?")
	}
	if hooks.OnStopped() != nil {
		t.Error("the toolkit waits for a function of its own")
	}
}

// newEnding returns one whose exits are counted.
func newEnding() (e *ending, exits chan int) {
	exits = make(chan int, 2)
	return &ending{log: slog.New(slog.DiscardHandler), exit: func(code int) { exits <- code; runtime.Goexit() }}, exits
}

func TestEndIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, exits := newEnding()
		e.begin("quit")
		time.Sleep(endPatience / 2)
		e.begin("the window is closed") // the time runs since the first
		time.Sleep(endPatience/2 - time.Millisecond)
		synctest.Wait()
		if len(exits) > 0 {
			t.Fatal("ended before its time")
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if len(exits) != 1 || <-exits != exitFailure {
			t.Error("what hangs keeps the process")
		}
	})
}

func TestFirstSignalQuitsAndTheSecondEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, exits := newEnding()
		signals, quits := make(chan os.Signal), 0
		go e.watch(signals, func() { quits++ })
		signals <- syscall.SIGINT
		signals <- syscall.SIGTERM // of the shell that was interrupted too
		synctest.Wait()
		if quits != 1 || len(exits) > 0 {
			t.Fatalf("after the first signal: %d quits, %d exits", quits, len(exits))
		}
		time.Sleep(sameWish)
		signals <- syscall.SIGINT
		synctest.Wait()
		if quits != 1 || len(exits) != 1 {
			t.Errorf("after the second signal: %d quits, %d exits", quits, len(exits))
		}
		time.Sleep(endPatience)
	})
}

// direct is the toolkit once its loop has ended: it runs what it is handed at once, on any goroutine.
func direct(f func()) { f() }

func TestNothingRunsOnceTheLoopHasEnded(t *testing.T) {
	u := newUIThread(direct)
	ran := 0
	u.post(func() {
		ran++
		u.post(func() { ran += 10 }) // would run inside the first, as it never does in the loop
	})
	u.end()
	u.post(func() { ran += 100 })
	if ran != 1 {
		t.Errorf("ran %d, want 1", ran)
	}
}

func TestEndOfTheLoopWaitsForWhatRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := newUIThread(direct)
		finish, ended := make(chan struct{}), false
		go u.post(func() { <-finish })
		synctest.Wait()
		go func() { u.end(); ended = true }()
		synctest.Wait()
		if ended {
			t.Error("the salvage would run beside a function of the screens")
		}
		close(finish)
		synctest.Wait()
		if !ended {
			t.Error("the end is waited for in vain")
		}
	})
}

// The toolkit closes its queue at its end, and a program must not end by that in the middle of its salvage.
func TestClosedQueueIsNoPanic(t *testing.T) {
	closed := make(chan func())
	close(closed)
	newUIThread(func(f func()) { closed <- f }).post(func() {})
}
