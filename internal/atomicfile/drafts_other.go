//go:build !linux

package atomicfile

import (
	"errors"
	"os"
)

// unnamed: this system has no files without a name that can get one.
func unnamed(string) *os.File { return nil }

func link(*os.File, string) error { return errors.ErrUnsupported }
