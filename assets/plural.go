package assets

// pluralForms lists the plural categories that a language has for whole numbers, as CLDR 45 gives them; "other" is the last.
// The table is our own: the one of golang.org/x/text is from CLDR 32, which has no "many" for French, Spanish and Italian.
func pluralForms(code string) []string {
	switch code {
	case "ja":
		return []string{"other"}
	case "fr", "es", "it":
		return []string{"one", "many", "other"}
	}
	return []string{"one", "other"}
}

// pluralForm is the plural category of n.
func pluralForm(code string, n int) string {
	n = max(n, -n)
	switch code {
	case "ja":
		return "other"
	case "fr", "es", "it":
		// "un million de clés": a preposition follows the whole millions.
		if n != 0 && n%1_000_000 == 0 {
			return "many"
		}
	}
	if n == 1 || n == 0 && code == "fr" {
		return "one"
	}
	return "other"
}
