// Command coffer-cloud is the server.
//
//	coffer-cloud serve --data DIR --dev
//	coffer-cloud serve --data DIR --origin https://api.example.org --smtp smtp://user@host:587 --mail-from coffer@example.org
//
// With --dev it listens on a free port of loopback, and mails go to files below DIR/mail and to standard output. When it is ready it
// prints one line: "ready api=URL", with "mail=DIR" in development and "updates=URL,URL" with --updates.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/coffer-vault/coffer/internal/logging"
)

func main() {
	p := thisProgram()
	os.Exit(codeOf(run(untilSignal(), p, os.Args[1:]), p.errs))
}

// sameWish is how long further signals mean what the first one did: scripts pass on what a terminal has sent to all.
const sameWish = time.Second

// untilSignal returns a context that the first signal ends. A later one ends the process: the database is whole at any moment.
func untilSignal() context.Context {
	ctx, stop := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go obey(signals, stop, func() {
		fmt.Fprintln(os.Stderr, "coffer-cloud: ended at once")
		os.Exit(1)
	})
	return ctx
}

func obey(signals <-chan os.Signal, stop, end func()) {
	<-signals
	stop()
	for heard := time.Now(); time.Since(heard) < sameWish; {
		<-signals
	}
	end()
}

func run(ctx context.Context, p program, args []string) error {
	return dispatch(ctx, p, "coffer-cloud", commands(), args)
}

func serveCommand(ctx context.Context, p program, args []string) error {
	o, rest, err := configure(p, "serve", args, needServer, nil)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usage{"serve takes no arguments beside its flags"}
	}
	return serve(ctx, o, p, newLog(o, p.errs))
}

// newLog writes one JSON object a line. What names people is removed before it is written.
func newLog(o options, to io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(to, &slog.HandlerOptions{Level: o.logLevel, ReplaceAttr: logging.Redact}))
}
