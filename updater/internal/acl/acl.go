// Package acl asks the operating system who may write a folder, and makes folders that only the administrator may.
package acl

import "errors"

// ErrUnsafe means that somebody else owns or may change a folder, or that it is a link.
var ErrUnsafe = errors.New("folder can be changed by others")
