//go:build !windows

package machine

// Setting is empty: the installers of other systems ask nobody for anything.
func Setting(string) string { return "" }

// TakenBack is empty: there is no way back yet.
func TakenBack() (version, reason string) { return "", "" }
