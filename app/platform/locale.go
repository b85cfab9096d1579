package platform

import (
	"strings"
)

// Languages are the languages that the person has set the system to, the preferred one first, as BCP 47; none where the system does
// not tell. What counts is the language of the system's own texts, and not the region that dates and prices are written for.
func Languages() []string { return languages() }

// posixLanguages reads the variables that say what language programs speak (POSIX.1-2017, 8.2, and LANGUAGE of GNU gettext).
func posixLanguages(getenv func(string) string) []string {
	locale := ""
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if locale = getenv(name); locale != "" {
			break
		}
	}
	first := posixTag(locale)
	if first == "" {
		return nil // the C locale: LANGUAGE does not count then
	}
	var tags []string
	for name := range strings.SplitSeq(getenv("LANGUAGE"), ":") {
		if tag := posixTag(name); tag != "" {
			tags = append(tags, tag)
		}
	}
	return append(tags, first)
}

// posixTag turns de_AT.UTF-8@euro into de-AT; the locales C and POSIX have no language.
func posixTag(locale string) string {
	locale, _, _ = strings.Cut(locale, "@")
	locale, _, _ = strings.Cut(locale, ".")
	if locale == "C" || locale == "POSIX" {
		return ""
	}
	return strings.ReplaceAll(locale, "_", "-")
}

// quotedLanguages reads what "defaults read -g AppleLanguages" prints: a list in brackets, each on a line of its own, in quotes
// where it has a dash.
func quotedLanguages(printed string) []string {
	return strings.FieldsFunc(printed, func(r rune) bool { return strings.ContainsRune("(),\" \t\r\n", r) })
}
