package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"github.com/coffer-vault/coffer/internal/logging"
	"github.com/coffer-vault/coffer/internal/winservice"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
)

const serviceName = "CofferHealth"

func main() {
	// No DLL from the folder of the program, the current folder or PATH.
	windows.SetDefaultDllDirectories(windows.LOAD_LIBRARY_SEARCH_SYSTEM32)
	args := os.Args[1:]
	service, err := svc.IsWindowsService()
	if service || slices.Contains(args, "--service") {
		err = svc.Run(serviceName, winservice.Service{Name: serviceName, Start: start})
	} else if err == nil {
		err = byHand(args)
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "cofferhealth:", err)
		os.Exit(1)
	}
}

// byHand is for an administrator: --once to see it work, --anew on a copied disk.
func byHand(args []string) error {
	o, err := parseOptions(args, os.Stderr)
	if err != nil {
		return err
	}
	return run(context.Background(), o, newLog(os.Stderr))
}

// start makes the reporter's folder.
func start() (func(context.Context) error, error) {
	o, log, closeLog, err := open()
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		defer closeLog()
		return run(ctx, o, log)
	}, nil
}

// open makes the folder and the log in it.
func open() (o options, log *slog.Logger, closeLog func() error, err error) {
	if o, err = parseOptions(nil, os.Stderr); err != nil {
		return o, nil, nil, err
	}
	if err := os.MkdirAll(o.dir, 0o700); err != nil {
		return o, nil, nil, err
	}
	log, closer, err := logging.New(logging.Options{File: filepath.Join(o.dir, "health.log")})
	if err != nil {
		return o, nil, nil, err
	}
	return o, log, closer.Close, nil
}
