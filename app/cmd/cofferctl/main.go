// Command cofferctl is Coffer without a window, for technicians, scripts and RMM tools. It works beside a running app.
//
// It reads passwords from the terminal, from standard input or from a file, never from arguments or the environment: those are in
// process lists.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/internal/enrolment"
	"github.com/coffer-vault/coffer/internal/policy"
	"github.com/coffer-vault/coffer/updater"
	"github.com/coffer-vault/coffer/vault/importer"
	"github.com/coffer-vault/coffer/vault/importer/chromium"
	"github.com/coffer-vault/coffer/vault/importer/firefox"
	"github.com/coffer-vault/coffer/vault/importer/keystore"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	platform.DisableCoreDumps()
	os.Exit(start(ctx))
}

func start(ctx context.Context) int {
	if self, err := os.Executable(); err == nil {
		restoreProgram(filepath.Dir(self), os.Stderr)
	}
	paths, err := platform.DefaultPaths()
	if err != nil {
		fmt.Fprintln(os.Stderr, "cofferctl:", err)
		return exitFailure
	}
	m := session.New(session.Config{
		Paths: paths, Keyring: platform.NewKeyring(paths), Browsers: browsers,
		DeviceName: platform.DeviceName(), Platform: platform.PlatformName(), Policy: policy.Read(),
	})
	defer m.Close()
	m.RemoveUnfinished()
	p := &program{manager: m, paths: paths, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	return p.run(ctx, os.Args[1:])
}

// restoreProgram puts the desktop program back that a crash in the middle of an update took away: it cannot do that itself.
func restoreProgram(folder string, stderr io.Writer) {
	restored, err := updater.Restore(filepath.Join(folder, programFile))
	switch {
	case restored:
		fmt.Fprintln(stderr, "cofferctl: an update of Coffer was interrupted; the version before is back in place")
	case err != nil && !errors.Is(err, fs.ErrNotExist): // without a desktop program there is nothing to restore
		fmt.Fprintln(stderr, "cofferctl:", err)
	}
}

// browsers finds the browser profiles of the user who runs the program.
func browsers(ctx context.Context) []importer.Source {
	env, err := importer.NewEnvironment(keystore.New())
	if err != nil {
		return nil
	}
	return append(chromium.Discover(ctx, env), firefox.Discover(ctx, env)...)
}

// Exit codes, for scripts and monitors.
const (
	exitOK      = 0
	exitFailure = 1 // it did not work; the reason is on standard error
	exitUsage   = 2
	exitTrouble = 3 // doctor found something on this PC that needs attention
	exitNetwork = 4 // doctor found this PC in order, and a server, or what is between, not
)

// program is one run, with everything it touches.
type program struct {
	manager *session.Manager
	paths   platform.Paths
	stdin   io.Reader
	lines   *bufio.Reader // over stdin, made when the first line is read
	stdout  io.Writer
	stderr  io.Writer
	json    bool
	network *network        // that doctor looks at; nil: this PC's
	keyring session.Keyring // that doctor asks; nil: this PC's

	enrolment func() (enrolment.Token, error) // of this PC; machine.Enrolment but in tests
	reports   string                          // folder of the reporter; health.Folder but in tests

	interrupted <-chan struct{} // closed by a signal
}

// command is a subcommand. It returns errUsage (wrapped) for wrong arguments.
type command struct {
	name, args, about string
	run               func(p *program, ctx context.Context, args []string) error
}

var commands = []command{
	{"status", "", "accounts on this PC, unsynced edits, version", (*program).status},
	{"get", "[--account E-MAIL] [--field FIELD] ITEM...", "print a field of items, the password unless said otherwise", (*program).get},
	{"list", "[--account E-MAIL] [SEARCH]", "items by title and user name", (*program).list},
	{"generate", "[password|passphrase|pin] [--count N] [--length N | --words N --language CODE] [--rules TEXT]", "print new passwords, passphrases or PINs; keeps nothing", (*program).generateCommand},
	{"check", "[--account E-MAIL]", "weak, reused and old passwords, by item; asks no server", (*program).check},
	{"attachment", "list|add|save|remove [--account E-MAIL] [--to PATH] [--replace] ITEM [FILE...]", "files of an item: list, attach, write to the disk, take off", (*program).attachments},
	{"import", "[--account E-MAIL] [--preview] [--source-password-file FILE] [--key-file FILE] [--map title=COLUMN,…] [PATH...] | --undo BATCH", "import this user's browsers, or exported files and profile folders; a preview of these needs no account", (*program).importCommand},
	{"export", "--format bitwarden|csv|cxf|age|kdbx [--account E-MAIL] [--force] FILE", "write the vault into a file for other programs; tells what that has no place for", (*program).exportCommand},
	{"enrol", "create|signin --server ORIGIN --email E-MAIL", "create an account, or sign in on this PC", (*program).enrol},
	{"sync", "[--account E-MAIL]", "bring the vault in step with the server", (*program).sync},
	{"vault", "verify|repair|backups [--account E-MAIL]", "check every part of the vault file, mend it from the server, list its backups", (*program).vault},
	{"doctor", "[--bundle FILE.zip]", "check servers, proxy, clock, keyring, files, graphics, policy and updates; a bundle is for support, without names and secrets", (*program).doctor},
	{"version", "", "the version of this program", (*program).version},
}

var errUsage = errors.New("wrong usage")

// errTrouble ends doctor with a code of its own; the report is already printed.
var errTrouble = errors.New("something needs attention")

func (p *program) run(ctx context.Context, args []string) int {
	p.interrupted = ctx.Done()
	for len(args) > 0 && args[0] == "--json" {
		p.json, args = true, args[1:]
	}
	if len(args) == 0 || args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		p.usage()
		if len(args) > 0 {
			return exitOK
		}
		return exitUsage
	}
	for _, c := range commands {
		if c.name == args[0] {
			return p.finish(c, c.run(p, ctx, args[1:]))
		}
	}
	fmt.Fprintf(p.stderr, "cofferctl: no command %q; cofferctl help lists them\n", args[0])
	return exitUsage
}

func (p *program) finish(c command, err error) int {
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(p.stdout, "usage: cofferctl [--json] %s %s\n%s\n", c.name, c.args, c.about)
		return exitOK
	case errors.Is(err, errNetwork):
		return exitNetwork
	case errors.Is(err, errTrouble):
		return exitTrouble
	case errors.Is(err, errUsage):
		fmt.Fprintf(p.stderr, "cofferctl: %v\nusage: cofferctl [--json] %s %s\n", err, c.name, c.args)
		return exitUsage
	}
	fmt.Fprintf(p.stderr, "cofferctl %s: %s\n", c.name, sentence(err))
	return exitFailure
}

func (p *program) usage() {
	fmt.Fprintf(p.stdout, "cofferctl %s, Coffer without a window\n\nusage: cofferctl [--json] COMMAND [ARGUMENTS]\n\n", buildinfo.Version)
	for _, c := range commands {
		fmt.Fprintf(p.stdout, "  %-10s %s\n", c.name, c.about)
		if c.args != "" {
			fmt.Fprintf(p.stdout, "             %s %s\n", c.name, c.args)
		}
	}
	fmt.Fprint(p.stdout, "\nPasswords come from the terminal, or line by line from standard input, or from --password-file FILE.\n"+
		"Exit codes: 0 done, 1 not done, with the reason on standard error, 2 wrong usage; of doctor also 3, this PC needs attention, and 4, the network does.\n")
}
