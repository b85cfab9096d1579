// Package screen holds the model of every screen: what it shows and what can be done on it, in plain Go.
//
// A model has State, a struct of everything the view draws, already in words; intents, the methods a view calls; and
// OnChange, by which it hears that there is a new State. Models live on the UI goroutine and take no locks. Work that
// reads, writes, derives keys or waits runs elsewhere and comes back through one Post (see Runner); locking cancels it
// and drops results that come late.
//
// No secret is part of a State: the view asks for the bytes when a person asks to see them, and wipes its copy.
package screen

import (
	"context"
	"log/slog"
	"time"

	"github.com/coffer-vault/coffer/app/kit"
	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// Env is what every screen is given. All of it is wired by the main program; tests inject their own.
type Env struct {
	Post      func(func()) // runs a function on the UI goroutine, in order; it may be called from any goroutine
	Clock     Clock
	Words     *assets.Catalog // replaced when the person changes the language
	Clipboard Clipboard
	Paper     kit.Paper // of what is printed
	Log       *slog.Logger

	OpenURL   func(url string) error                                          // in the person's browser
	ShowFile  func(path string) error                                         // in the system's file manager
	SaveFile  func(name string, content secret.Bytes, done func(path string)) // asks where until it is there; an empty path means that the person thought better of it
	SaveAs    func(name string, done func(path string, replace bool))         // asks where a file shall go that takes a while to write; replace: the one that is there
	PickFiles func(want FileRequest, done func(paths []string))               // asks for files of this PC; done is not called if the person thinks better of it

	Downloads func() (string, error) // platform.Downloads; it may read files

	Printers     func(context.Context) ([]platform.Printer, error) // platform.Printers
	Print        func(ctx context.Context, printer string, page platform.PrintPage) (settled func(context.Context) error, err error)
	ShowPrinting func(*Printing) // the dialog of one page
}

// Explain says what an error means to a person.
func (e *Env) Explain(err error) Message { return explain(e.Words, err) }

// Clipboard keeps what it holds out of clipboard histories and cloud clipboards, and takes it back by itself after a while.
// platform.Clipboard is one. Its calls wait for the system.
type Clipboard interface {
	Copy(text secret.Bytes, clearAfter time.Duration) error
	Clear() error
}

// Clock tells the time and calls back, on any goroutine, once after d.
type Clock interface {
	Now() time.Time
	AfterFunc(d time.Duration, f func()) (stop func())
}

// SystemClock is the clock of the computer.
type SystemClock struct{}

// Now is time.Now.
func (SystemClock) Now() time.Time { return time.Now() }

// AfterFunc is time.AfterFunc.
func (SystemClock) AfterFunc(d time.Duration, f func()) (stop func()) {
	timer := time.AfterFunc(d, f)
	return func() { timer.Stop() }
}

// model is what all screens share: their environment, their background work and the one view that listens.
type model[S any] struct {
	env    *Env
	run    *Runner
	build  func() S
	state  *S // nil until it is first asked for
	listen func(S)
	also   []func() // what else follows the model
}

// begin gives the model its runner and the function that builds its state from its fields.
func (m *model[S]) begin(env *Env, build func() S) {
	m.env, m.run, m.build = env, NewRunner(env.Post, env.Clock), build
}

// State is what the view draws. Its slices are never changed afterwards, so a copy stays as it is.
func (m *model[S]) State() S {
	if m.state == nil {
		state := m.build()
		m.state = &state
	}
	return *m.state
}

// OnChange sets the one listener. It is called on the UI goroutine after every change, not for the present state.
func (m *model[S]) OnChange(listener func(S)) { m.listen = listener }

// Watch has f called, on the UI goroutine, after every change, when the view has been told.
func (m *model[S]) Watch(f func()) { m.also = append(m.also, f) }

// text is a text of the catalog, in the language of the person.
func (m *model[S]) text(key string, args ...any) string { return m.env.Words.Text(key, args...) }

// changed builds the new state and tells the view.
func (m *model[S]) changed() {
	m.state = nil
	if m.listen != nil {
		m.listen(m.State())
	}
	for _, f := range m.also {
		f()
	}
}

// Leave ends the screen: its work is cancelled, and what comes late is dropped.
func (m *model[S]) Leave() {
	m.run.Stop()
	m.listen, m.also, m.state = nil, nil, nil
}
