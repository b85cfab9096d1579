//go:build !windows

package machine

// Setting is empty: the installers of other systems ask nobody for anything.
func Setting(string) string { return "" }
