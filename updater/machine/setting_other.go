//go:build !windows && !darwin

package machine

import "errors"

// Setting is empty: the installers of other systems ask nobody for anything.
func Setting(string) string { return "" }

// Folder is an error: no service installs here.
func Folder() (string, error) { return "", errors.ErrUnsupported }

// TakenBack is empty: no service installs here.
func TakenBack() (version, reason string) { return "", "" }
