package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/cloud/api"
	"github.com/coffer-vault/coffer/cloud/mail"
	"github.com/coffer-vault/coffer/cloud/updatehost"
)

// How long things may take to end once the server is told to stop: requests, whose connections are closed after it, and a mail on its
// way, which is sent again after the next start if it did not get there.
const (
	shutdownPatience   = 10 * time.Second
	backgroundPatience = 5 * time.Second
)

// serve runs the server until ctx ends, then lets requests finish and closes the database.
func serve(ctx context.Context, o options, out io.Writer, log *slog.Logger) (err error) {
	store, secret, closeData, err := openData(ctx, &o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeData()) }()
	sender, ready, closeMail, err := openMail(&o, out)
	if err != nil {
		return err
	}
	defer closeMail()
	listener, err := net.Listen("tcp", o.listenOn())
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	defer listener.Close()
	address := scheme(o) + listener.Addr().String()
	o.origin = cmp.Or(o.origin, address)
	c := cloud.New(cloud.Config{
		Store: store, Secret: secret, Origin: o.origin, Mail: sender, Now: time.Now, After: time.After, Random: rand.Reader, Log: log,
		RecoveryDelay: cloud.DefaultRecoveryDelay, Quota: o.quota << 20,
	})
	handler := api.New(api.Config{
		Cloud: c, Origin: o.origin, Limits: limits(o.dev), BehindProxy: o.behindProxy, Ready: store.Ping, Now: time.Now, Log: log,
	})
	updates, updatesReady, err := openUpdates(o, log)
	if err != nil {
		return err
	}
	servers := append(updates, running{handler.HTTP(), listener, o.certificate, o.key})
	return runAll(ctx, c, servers, log, func() { fmt.Fprintln(out, "ready api="+address+updatesReady+ready) })
}

func scheme(o options) string {
	if o.certificate != "" {
		return "https://"
	}
	return "http://"
}

// openMail returns where mails go to: a mail server, or in development a sink that the ready line names.
func openMail(o *options, out io.Writer) (sender cloud.Sender, ready string, close func() error, err error) {
	close = func() error { return nil }
	if o.smtp == "" {
		dir := filepath.Join(o.data, "mail")
		sink, err := mail.NewSink(dir, out)
		if err != nil {
			return nil, "", nil, err
		}
		o.smtp, ready, close = "smtp://"+sink.Addr()+"?starttls=never", " mail="+dir, sink.Close
	}
	sender, err = mail.NewSMTP(o.smtp, o.smtpPassword, o.mailFrom)
	return sender, ready, close, err
}

func limits(dev bool) api.Limits {
	if dev {
		return api.Limits{SignIn: rate.Inf, Other: rate.Inf}
	}
	return api.DefaultLimits
}

// running is an HTTP server with its listener, and its certificate if it has one.
type running struct {
	server           *http.Server
	listener         net.Listener
	certificate, key string
}

func (r running) serve() error {
	var err error
	if r.certificate != "" {
		err = r.server.ServeTLS(r.listener, r.certificate, r.key)
	} else {
		err = r.server.Serve(r.listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// openUpdates serves the update folder on listeners of its own: its hosts share nothing with the API but the process.
func openUpdates(o options, log *slog.Logger) (servers []running, ready string, err error) {
	if o.updates == "" {
		return nil, "", nil
	}
	handler, err := updatehost.New(o.updates)
	if err != nil {
		return nil, "", err
	}
	var addresses []string
	for _, address := range o.updatesListen {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return nil, "", fmt.Errorf("listen: %w", err)
		}
		// Nobody has a body to send here. An hour is enough for a package over the slowest line.
		server := &http.Server{
			Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: time.Hour, IdleTimeout: 2 * time.Minute,
			MaxHeaderBytes: 16 << 10,
			ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelDebug), // its lines name the peers' addresses
		}
		servers = append(servers, running{server, listener, o.certificate, o.key})
		addresses = append(addresses, scheme(o)+listener.Addr().String())
	}
	return servers, " updates=" + strings.Join(addresses, ","), nil
}

// stop lets requests finish until the context ends, and then closes their connections.
func (r running) stop(ctx context.Context) error {
	err := r.server.Shutdown(ctx)
	if ctx.Err() == nil {
		return err
	}
	return r.server.Close()
}

// runAll runs everything until ctx ends or a server fails.
func runAll(ctx context.Context, c *cloud.Cloud, servers []running, log *slog.Logger, ready func()) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var background sync.WaitGroup
	background.Go(func() { c.Outbox.Run(work) })
	background.Go(func() { c.Janitor.Run(work) })
	failed := make(chan error, len(servers))
	for _, s := range servers {
		background.Go(func() { failed <- s.serve() })
	}
	ready()
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	c.Events.Shutdown()
	err = errors.Join(err, stopAll(servers, log))
	stop()
	if !waitAtMost(&background, backgroundPatience) {
		log.Warn("stopped before a mail was sent; it will be tried again")
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

// waitAtMost tells whether what is waited for has ended in time.
func waitAtMost(w *sync.WaitGroup, most time.Duration) bool {
	done := make(chan struct{})
	go func() {
		w.Wait()
		close(done)
	}()
	select {
	case <-done:
		return true
	case <-time.After(most):
		return false
	}
}
