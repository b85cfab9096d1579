// Package buildinfo says which build is running. A release sets its variables with
//
//	-ldflags "-X github.com/coffer-vault/coffer/internal/buildinfo.Version=1.4.0 -X ….Commit=… -X ….Channel=stable -X ….Domain=…"
package buildinfo

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Set by the linker. A plain `go build` is a development build.
var (
	Version = "0.0.0" // three parts, see Number
	Commit  = ""      // full hash, empty if unknown
	Channel = "dev"   // "stable", "beta" or "dev"
	Domain  = ""      // base domain of the servers a release talks to unless configured otherwise
)

// Dev reports a development build: it may take its update root and hosts from the environment, and says so in About.
func Dev() bool { return Channel == "dev" }

// Current is Version as a Number. A build with a malformed version counts as 0.0.0, so that it can still be updated.
func Current() Number {
	n, err := ParseNumber(Version)
	if err != nil {
		return Number{}
	}
	return n
}

// Number is a three-part version. Its bounds are those of Windows Installer, which ignores a fourth part: 255.255.65535.
type Number struct{ Major, Minor, Patch int }

// ParseNumber reads "1.4.0": three decimal parts without sign, leading zero or suffix.
func ParseNumber(s string) (Number, error) {
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return Number{}, fmt.Errorf("parse version %.40q: want three parts", s)
	}
	var values [3]int
	for i, limit := range [3]int{255, 255, 65535} {
		v, err := strconv.Atoi(parts[i])
		// Printing the value back refuses "01", "+1" and "-0": one version has one spelling.
		if err != nil || v < 0 || v > limit || strconv.Itoa(v) != parts[i] {
			return Number{}, fmt.Errorf("parse version %.40q: part %d must be 0 to %d", s, i+1, limit)
		}
		values[i] = v
	}
	return Number{values[0], values[1], values[2]}, nil
}

func (n Number) String() string { return fmt.Sprintf("%d.%d.%d", n.Major, n.Minor, n.Patch) }

// Compare is negative if n is older than m, zero if equal, positive if newer.
func (n Number) Compare(m Number) int {
	return cmp.Or(cmp.Compare(n.Major, m.Major), cmp.Compare(n.Minor, m.Minor), cmp.Compare(n.Patch, m.Patch))
}

// Less reports whether n is older than m.
func (n Number) Less(m Number) bool { return n.Compare(m) < 0 }

// MarshalText and UnmarshalText make a Number a JSON string.
func (n Number) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

func (n *Number) UnmarshalText(text []byte) error {
	parsed, err := ParseNumber(string(text))
	if err != nil {
		return err
	}
	*n = parsed
	return nil
}
