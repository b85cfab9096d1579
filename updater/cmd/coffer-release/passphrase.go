package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"golang.org/x/term"
)

// passphrase of the key files; empty if none is configured.
func (c *context) passphrase() ([]byte, error) {
	switch c.passphraseFile {
	case "":
		return nil, nil
	case "-":
		fmt.Fprint(os.Stderr, "Passphrase of the keys: ")
		typed, err := term.ReadPassword(int(os.Stdin.Fd()))
		fmt.Fprintln(os.Stderr)
		if err != nil {
			return nil, fmt.Errorf("read passphrase: %w", err)
		}
		return typed, nil
	}
	data, err := os.ReadFile(c.passphraseFile)
	if err != nil {
		return nil, fmt.Errorf("read passphrase: %w", err)
	}
	data = bytes.TrimRight(data, "\r\n")
	// An empty file would silently make keys without encryption.
	if len(data) == 0 {
		return nil, errors.New("read passphrase: the file is empty")
	}
	return data, nil
}
