//go:build !linux

package platform

func hasDisplay() bool { return true }
