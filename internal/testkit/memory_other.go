//go:build !linux

package testkit

// inMemory finds no memory that is a folder.
func inMemory() string { return "" }
