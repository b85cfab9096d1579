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
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/internal/logging"
)

func main() {
	if err := run(untilSignal(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "coffer-cloud:", err)
		os.Exit(1)
	}
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

var errUsage = errors.New("usage: coffer-cloud serve [flags] | version")

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		return errUsage
	}
	switch args[0] {
	case "serve":
		o, err := parseOptions(args[1:])
		if err != nil {
			return err
		}
		log, closer, err := logging.New(logging.Options{})
		if err != nil {
			return err
		}
		defer closer.Close()
		return serve(ctx, o, out, log)
	case "version":
		_, err := fmt.Fprintln(out, buildinfo.Version, buildinfo.Commit)
		return err
	}
	return errUsage
}

type options struct {
	data, listen, origin string
	dev, behindProxy     bool
	certificate, key     string
	smtp, mailFrom       string
	smtpPassword         string
	quota                int64 // MiB
	updates              string
	updatesListen        []string
}

// maxQuota, in MiB, is more than any disk has, and far from where bytes cannot be counted any more.
const maxQuota = 1 << 40

func parseOptions(args []string) (options, error) {
	var o options
	var passwordFile, updatesListen string
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.StringVar(&o.data, "data", "", "folder of the database; required")
	flags.StringVar(&o.listen, "listen", "127.0.0.1:0", "address of the API")
	flags.StringVar(&o.origin, "origin", "", "scheme, host and port that clients use; with --dev the address itself")
	flags.BoolVar(&o.dev, "dev", false, "development: mails go to files, no limits per address")
	flags.BoolVar(&o.behindProxy, "behind-proxy", false, "take the client's address from the last X-Forwarded-For")
	flags.StringVar(&o.certificate, "tls-cert", "", "certificate chain, PEM; without it the API speaks plain HTTP")
	flags.StringVar(&o.key, "tls-key", "", "private key of the certificate, PEM")
	flags.StringVar(&o.smtp, "smtp", "", "mail server, smtp://user@host:587 or smtps://user@host:465")
	flags.StringVar(&passwordFile, "smtp-password-file", "", "file with the mail server's password")
	flags.StringVar(&o.mailFrom, "mail-from", "coffer@localhost", "sender's address of mails")
	flags.Int64Var(&o.quota, "quota", cloud.DefaultQuota>>20, "MiB of objects and attachments that an account may have")
	flags.StringVar(&o.updates, "updates", "", "public folder of an update repository to serve")
	flags.StringVar(&updatesListen, "updates-listen", "127.0.0.1:0,127.0.0.1:0", "addresses of the update hosts")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	if passwordFile != "" {
		password, err := os.ReadFile(passwordFile)
		if err != nil {
			return options{}, fmt.Errorf("mail server's password: %w", err)
		}
		o.smtpPassword = strings.TrimRight(string(password), "\r\n")
	}
	o.updatesListen = strings.Split(updatesListen, ",")
	return o, o.check(flags.NArg())
}

func (o options) check(extra int) error {
	switch {
	case extra > 0:
		return errUsage
	case o.data == "":
		return errors.New("--data is required")
	case !o.dev && (o.origin == "" || o.smtp == ""):
		return errors.New("--origin and --smtp are required without --dev")
	case o.quota < 1 || o.quota > maxQuota:
		return fmt.Errorf("--quota takes 1 to %d MiB", int64(maxQuota))
	case (o.certificate == "") != (o.key == ""):
		return errors.New("--tls-cert and --tls-key go together")
	}
	return nil
}
