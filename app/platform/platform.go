// Package platform is what differs by operating system: folders, the keyring, the clipboard, one instance per profile, what
// the session and the user's hands are doing. Shared documentation and signatures are in the file without a suffix; nothing here
// decides anything, and nothing but this package knows on which system it runs.
package platform

import (
	"os"
	"runtime"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxDeviceName is the protocol's limit for the name of a device, in bytes.
const maxDeviceName = 64

// PlatformName is "linux", "macos" or "windows".
func PlatformName() string {
	if runtime.GOOS == "darwin" {
		return "macos"
	}
	return runtime.GOOS
}

// DeviceName is the name of this computer as its user knows it, fit to be shown to other devices: one line of printable
// characters, 1 to 64 bytes.
func DeviceName() string {
	host, _ := os.Hostname() // without a name the computer is called by its system
	return deviceName(host)
}

func deviceName(host string) string {
	// The domain says where the computer is, which is nobody's business.
	name, _, _ := strings.Cut(strings.ToValidUTF8(host, ""), ".")
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, name))
	if name == "" {
		return PlatformName() + " computer"
	}
	for len(name) > maxDeviceName {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return name
}
