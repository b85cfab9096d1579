//go:build !linux && !windows && !darwin

package keystore

type system struct{ none }
