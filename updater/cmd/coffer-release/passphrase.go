package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"golang.org/x/term"
)

// passphrase of the key files; empty if none is configured. However many keys there are, it is asked for once; of keys that are
// being made (confirm) twice, since a slip would lock them for ever.
func (c *context) passphrase(confirm bool) ([]byte, error) {
	if c.passphraseFile == "" || c.typed != nil {
		return c.typed, nil
	}
	typed, err := c.readPassphrase()
	if err == nil && confirm && c.passphraseFile == "-" {
		err = c.confirm(typed)
	}
	// Nothing would silently make keys without encryption.
	if err == nil && len(typed) == 0 {
		err = errors.New("it is empty")
	}
	if err != nil {
		return nil, fmt.Errorf("read passphrase: %w", err)
	}
	c.typed = typed
	return typed, nil
}

func (c *context) readPassphrase() ([]byte, error) {
	if c.passphraseFile == "-" {
		return c.ask("Passphrase of the keys: ")
	}
	data, err := os.ReadFile(c.passphraseFile)
	return bytes.TrimRight(data, "\r\n"), err
}

func (c *context) confirm(typed []byte) error {
	again, err := c.ask("The same again: ")
	if err == nil && !bytes.Equal(typed, again) {
		err = errors.New("the two are different; no key was made")
	}
	return err
}

// askTerminal reads a line without showing it.
func askTerminal(prompt string) ([]byte, error) {
	fmt.Fprint(os.Stderr, prompt)
	defer fmt.Fprintln(os.Stderr)
	return term.ReadPassword(int(os.Stdin.Fd()))
}
