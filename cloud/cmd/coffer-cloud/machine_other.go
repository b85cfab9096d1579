//go:build !linux

package main

import "errors"

func freeSpace(string) (free, all uint64, err error) { return 0, 0, errors.ErrUnsupported }

func clockIsKept() (kept, known bool) { return false, false }

func fileLimit() uint64 { return 0 }
