package vault

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxDiskName is the length of the longest name that every file system takes, in bytes.
const maxDiskName = 255

// reservedNames are devices on Windows, with whatever ending.
var reservedNames = map[string]bool{"CON": true, "PRN": true, "AUX": true, "NUL": true, "CONIN$": true, "CONOUT$": true}

// SafeFileName makes the name of an attachment one that every system takes for a file in a folder, and that shows what it is: no
// separator, no control character, none that turns the direction of writing, no device of Windows, at most 255 bytes.
func SafeFileName(name string) string {
	safe := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\<>:"|?*`, r) || !unicode.IsPrint(r) || r == utf8.RuneError {
			return '_'
		}
		return r
	}, name)
	// Windows drops dots and spaces at the end.
	safe = strings.TrimLeft(strings.TrimRight(safe, ". "), " ")
	if stem, _, _ := strings.Cut(safe, "."); isReserved(strings.TrimSpace(stem)) {
		safe = "_" + safe
	}
	if safe = shorten(safe); safe == "" {
		return "_"
	}
	return safe
}

func isReserved(stem string) bool {
	stem = strings.ToUpper(stem)
	if reservedNames[stem] {
		return true
	}
	port, ok := strings.CutPrefix(stem, "COM")
	if !ok {
		port, ok = strings.CutPrefix(stem, "LPT")
	}
	return ok && utf8.RuneCountInString(port) == 1 && strings.ContainsAny(port, "0123456789¹²³")
}

// shorten cuts a name before its ending, which tells programs what the file is.
func shorten(name string) string {
	if len(name) <= maxDiskName {
		return name
	}
	ending := ""
	if dot := strings.LastIndexByte(name, '.'); dot > 0 && len(name)-dot <= 16 {
		name, ending = name[:dot], name[dot:]
	}
	cut := maxDiskName - len(ending)
	for !utf8.RuneStart(name[cut]) {
		cut--
	}
	return strings.TrimRight(name[:cut], ". ") + ending
}
