package policy

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"time"
)

// preferences is what macOS makes of the configuration profiles of the computer; root alone writes there.
const preferences = "/Library/Managed Preferences/io.github.coffer-vault.coffer.plist"

// patience bounds plutil, which needs milliseconds.
const patience = 10 * time.Second

// read leaves out what is no setting.
func read() (values, []Problem) {
	vs, problems := preferencesOf()
	return withoutPayload(vs), problems
}

// preferencesOf has the system's own tool turn the binary property list into JSON: one parser, and none of ours meets the binary.
func preferencesOf() (values, []Problem) {
	if _, err := os.Stat(preferences); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, "/usr/bin/plutil", "-convert", "json", "-o", "-", "--", preferences).Output()
	if err != nil {
		return nil, []Problem{{preferences, "cannot be read: " + err.Error()}}
	}
	vs, problems, err := decode(bytes.NewReader(out))
	if err != nil {
		return nil, []Problem{{preferences, err.Error()}}
	}
	return vs, problems
}
