//go:build !linux

package updater

func roomy(string) bool { return false }
