//go:build !windows && !darwin

package machine

// Setting is empty: the installers of other systems ask nobody for anything.
func Setting(string) string { return "" }

// TakenBack is empty: no service installs here.
func TakenBack() (version, reason string) { return "", "" }
