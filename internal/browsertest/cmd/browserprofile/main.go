//go:build linux

// Command browserprofile makes the real Chromium or Firefox write a profile with the logins of a JSON file:
//
//	browserprofile chromium|firefox <home> <logins.json>
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"

	"github.com/coffer-vault/coffer/internal/browsertest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "browserprofile:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("usage: browserprofile chromium|firefox <home> <logins.json>")
	}
	write := map[string]func(context.Context, string, []browsertest.Login) error{
		"chromium": browsertest.WriteChromiumProfile, "firefox": browsertest.WriteFirefoxProfile,
	}[args[0]]
	if write == nil {
		return fmt.Errorf("unknown browser %q", args[0])
	}
	data, err := os.ReadFile(args[2])
	if err != nil {
		return err
	}
	var logins []browsertest.Login
	if err := json.Unmarshal(data, &logins); err != nil {
		return err
	}
	return write(ctx, args[1], logins)
}
