//go:build !windows && !darwin

package main

// updateService: there is none here.
func updateService() string { return "" }
