package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// flags parses the arguments of a command. --json is taken after the command too, and flags after names, as people write them; after
// "--" everything is a name.
func (p *program) flags(name string, args []string, define func(*flag.FlagSet)) ([]string, error) {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.BoolVar(&p.json, "json", p.json, "")
	if define != nil {
		define(f)
	}
	var names []string
	for {
		if err := f.Parse(args); err != nil {
			return nil, fmt.Errorf("%w: %w", errUsage, err)
		}
		parsed := len(args) - f.NArg()
		if f.NArg() == 0 || parsed > 0 && args[parsed-1] == "--" {
			return append(names, f.Args()...), nil
		}
		names, args = append(names, f.Arg(0)), f.Args()[1:]
	}
}

// onlyFlags is flags for a command that takes no names: a word that nobody reads was meant to do something.
func (p *program) onlyFlags(name string, args []string, define func(*flag.FlagSet)) error {
	names, err := p.flags(name, args, define)
	if err == nil && len(names) > 0 {
		err = fmt.Errorf("%w: nothing is done with %q", errUsage, names[0])
	}
	return err
}

// question asks for one line. On a terminal a hidden one is not shown; elsewhere lines are read one after the other.
func (p *program) question(prompt string, hidden bool) (secret.Bytes, error) {
	fmt.Fprintf(p.stderr, "%s: ", prompt)
	if file, ok := p.stdin.(*os.File); ok && hidden && term.IsTerminal(int(file.Fd())) {
		shown, err := term.GetState(int(file.Fd()))
		if err != nil {
			return secret.Bytes{}, fmt.Errorf("read %s: %w", prompt, err)
		}
		defer fmt.Fprintln(p.stderr)
		defer term.Restore(int(file.Fd()), shown)
		return p.unlessInterrupted(prompt, func() ([]byte, error) { return term.ReadPassword(int(file.Fd())) })
	}
	return p.unlessInterrupted(prompt, p.line)
}

// unlessInterrupted waits for a line or a signal: reading from a terminal or a pipe cannot be cancelled.
func (p *program) unlessInterrupted(prompt string, read func() ([]byte, error)) (secret.Bytes, error) {
	type answer struct {
		line []byte
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		line, err := read()
		answers <- answer{line, err}
	}()
	select {
	case a := <-answers:
		if a.err != nil {
			return secret.Bytes{}, fmt.Errorf("read %s: %w", prompt, a.err)
		}
		return secret.New(a.line), nil
	case <-p.interrupted:
		return secret.Bytes{}, fmt.Errorf("read %s: %w", prompt, context.Canceled)
	}
}

// line reads one line. The reader is kept: it may have read on, into what answers the next question.
func (p *program) line() ([]byte, error) {
	if p.lines == nil {
		p.lines = bufio.NewReader(p.stdin)
	}
	line, err := p.lines.ReadBytes('\n')
	if err != nil && (!errors.Is(err, io.EOF) || len(line) == 0) {
		return nil, err
	}
	return trimNewline(line), nil
}

func trimNewline(line []byte) []byte {
	text := strings.TrimSuffix(strings.TrimSuffix(string(line), "\n"), "\r")
	return line[:len(text)]
}

// password reads the master password from a file if one is given, else asks.
func (p *program) password(file string) (secret.Bytes, error) {
	return p.secretLine("Master password", file)
}

func (p *program) secretLine(prompt, file string) (secret.Bytes, error) {
	if file == "" || file == "-" {
		return p.question(prompt, true)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return secret.Bytes{}, fmt.Errorf("read password file: %w", err)
	}
	return secret.New(trimNewline(data)), nil
}

// account finds the account that is meant: the one with this e-mail address, or the only one.
func (p *program) account(ctx context.Context, email string) (session.Account, error) {
	accounts := p.manager.Accounts()
	switch {
	case len(accounts) == 0 && p.manager.Unreadable(ctx) != nil:
		return session.Account{}, p.manager.Unreadable(ctx)
	case len(accounts) == 0:
		return session.Account{}, errors.New("there is no account on this PC; cofferctl enrol makes one")
	case email == "" && len(accounts) > 1:
		return session.Account{}, fmt.Errorf("%w: there are %d accounts on this PC, choose one with --account", errUsage, len(accounts))
	case email == "":
		return accounts[0], nil
	}
	for _, a := range accounts {
		if strings.EqualFold(a.Email, email) {
			return a, nil
		}
	}
	return session.Account{}, fmt.Errorf("no account %s on this PC", email)
}
