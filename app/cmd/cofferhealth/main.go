// Command cofferhealth tells the organization that this computer belongs to that it is well: once a day, without any user. Where there
// is no enrolment token it does nothing. It is a service of Windows (CofferHealth, as NT AUTHORITY\LocalService); elsewhere a timer of
// the system starts it with --once.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/coffer-vault/coffer/app/health"
	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/internal/logging"
	"github.com/coffer-vault/coffer/internal/policy"
	"github.com/coffer-vault/coffer/sync/wire"
	"github.com/coffer-vault/coffer/updater/machine"
)

// options are what it is started with, by the system alone.
type options struct {
	dir        string
	once, anew bool // one turn; forget who this computer is
}

func parseOptions(args []string, errs io.Writer) (o options, err error) {
	usual, err := health.Folder()
	if err != nil {
		return o, err
	}
	flags := flag.NewFlagSet("cofferhealth", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.StringVar(&o.dir, "dir", usual, "its own folder")
	flags.BoolVar(&o.once, "once", false, "do what is due and end")
	flags.BoolVar(&o.anew, "anew", false, "forget who this computer is, on a copy of another one's disk")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, errors.New("cofferhealth takes no arguments beside its flags")
	}
	return o, nil
}

// run does what the options say, until ctx ends.
func run(ctx context.Context, o options, log *slog.Logger) error {
	if o.anew {
		return health.Anew(o.dir)
	}
	if err := os.MkdirAll(o.dir, 0o700); err != nil {
		return fmt.Errorf("own folder: %w", err)
	}
	reporter := health.New(health.Config{
		Dir: o.dir, Token: policy.EnrollText, Origin: origin, Describe: func() wire.ComputerReport { return describe(o.dir) }, Now: time.Now, Log: log,
	})
	if o.once {
		reporter.Turn(ctx)
		return nil
	}
	reporter.Run(ctx, time.After)
	return nil
}

// origin is the server of this computer: a policy comes before the token.
func origin() string { return "https://api." + machine.Domain(policy.Read()) }

// describe says what the organization may know: nothing of users, accounts, paths or addresses.
func describe(dir string) wire.ComputerReport {
	rules := policy.Read()
	return wire.ComputerReport{
		Name: clean(platform.DeviceName(), wire.MaxComputerName), Version: clean(buildinfo.Version, wire.MaxComputerText),
		System: clean(system(), wire.MaxComputerText), Ring: string(rules.UpdateRing), Held: held(rules, time.Now()), Problems: problems(rules, dir),
	}
}

// held is what keeps updates back, by policy.
func held(rules policy.Policy, now time.Time) string {
	switch {
	case rules.UpdatePin != buildinfo.Number{}:
		return "pin " + rules.UpdatePin.String()
	case rules.Paused(now):
		return "pause until " + string(rules.UpdatePause)
	}
	return ""
}

// problems are words for what cofferctl doctor tells of this computer and no user.
func problems(rules policy.Policy, dir string) (words []string) {
	if len(rules.Problems) > 0 {
		words = append(words, "policy")
	}
	if low, err := platform.LowDiskSpace(dir); err == nil && low {
		words = append(words, "disk-space")
	}
	if listed := machine.Setting("Version"); listed != "" && listed != buildinfo.Version {
		words = append(words, "version")
	}
	if version, _ := machine.TakenBack(); version != "" {
		words = append(words, "update")
	}
	if updaterStopped() {
		words = append(words, "updater")
	}
	return words
}

// clean makes a text one that the server takes: printable, not empty, and not too long.
func clean(text string, most int) string {
	var kept []rune
	for _, r := range strings.TrimSpace(strings.ToValidUTF8(text, "")) {
		if unicode.IsPrint(r) && len(kept) < most {
			kept = append(kept, r)
		}
	}
	if len(kept) == 0 {
		return "unknown"
	}
	return string(kept)
}

// newLog writes without what names people.
func newLog(to io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{ReplaceAttr: logging.Redact}))
}
