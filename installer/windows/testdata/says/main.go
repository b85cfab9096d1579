// Command says stands in for a command line that says its version.
package main

import (
	"os"

	"github.com/coffer-vault/coffer/internal/buildinfo"
)

func main() { os.Stdout.WriteString(buildinfo.Version + "\n") }
