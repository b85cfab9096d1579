package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/coffer-vault/coffer/internal/buildinfo"
)

// program is what a command has around it.
type program struct {
	in        io.Reader
	out, errs io.Writer
	env       func(name string) (value string, set bool)
}

func thisProgram() program { return program{os.Stdin, os.Stdout, os.Stderr, os.LookupEnv} }

// command is a word after the program's name; each is in a file of its own. args are those after the word.
type command struct {
	name, what string
	run        func(ctx context.Context, p program, args []string) error
}

func commands() []command {
	return []command{
		{"serve", "answer requests until SIGTERM", serveCommand},
		{"migrate", "bring the database to this version's schema", migrateCommand},
		{"move", "copy the data folder's database into PostgreSQL, and compare every row", moveCommand},
		{"backup", "write a sealed copy of the data folder, also while the server runs", backupCommand},
		{"restore", "put a backup into an empty folder, or try it with --check", restoreCommand},
		{"doctor", "look at everything that the server needs; --json for programs", doctorCommand},
		{"verify-log", "check every signed chain of the database, row by row", verifyCommand},
		{"admin", "what an operator does to accounts and computers", group("admin", adminCommands)},
		{"version", "which build this is", versionCommand},
	}
}

// adminCommands come after the word admin.
func adminCommands() []command {
	return append(accountCommands(), computerCommands()...)
}

// exitCode is an error that has been told already, and is left to the process's end to say.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("ended with code %d", int(e)) }

// usage is an error of whoever typed the command.
type usage struct{ text string }

func (u usage) Error() string { return u.text }

// dispatch runs the command that the first argument names.
func dispatch(ctx context.Context, p program, prefix string, all []command, args []string) error {
	if len(args) > 0 {
		for _, c := range all {
			if c.name == args[0] {
				return c.run(ctx, p, args[1:])
			}
		}
	}
	var text strings.Builder
	fmt.Fprintf(&text, "usage: %s COMMAND [flags]; COMMAND -h lists its flags\n", prefix)
	for _, c := range all {
		fmt.Fprintf(&text, "  %-14s %s\n", c.name, c.what)
	}
	if len(args) > 0 && (args[0] == "help" || args[0] == "-h" || args[0] == "--help") {
		_, err := io.WriteString(p.out, text.String())
		return err
	}
	return usage{strings.TrimSuffix(text.String(), "\n")}
}

// group is a command that has commands of its own.
func group(name string, all func() []command) func(context.Context, program, []string) error {
	return func(ctx context.Context, p program, args []string) error {
		return dispatch(ctx, p, "coffer-cloud "+name, all(), args)
	}
}

func versionCommand(_ context.Context, p program, args []string) error {
	if len(args) > 0 {
		return usage{"version takes no arguments"}
	}
	_, err := fmt.Fprintln(p.out, buildinfo.Version, cmp.Or(buildinfo.Commit, "unknown"))
	return err
}

// The codes that scripts can tell apart.
const (
	codeFailed = 1
	codeUsage  = 2 // also settings that are wrong
)

// codeOf tells err on errs, if nobody has told it, and returns what the process ends with.
func codeOf(err error, errs io.Writer) int {
	var told exitCode
	var typed usage
	var settings problems
	switch {
	case err == nil:
		return 0
	case errors.As(err, &told):
		return int(told)
	}
	fmt.Fprintln(errs, "coffer-cloud:", err)
	if errors.As(err, &typed) || errors.As(err, &settings) {
		return codeUsage
	}
	return codeFailed
}
