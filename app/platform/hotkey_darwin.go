//go:build darwin && !cgo

package platform

import "context"

func hotKeysAreQuiet() bool { return true }

// watchHotKey has nothing to offer: Carbon's hot keys take cgo.
func watchHotKey(context.Context, hotKey, func()) (<-chan struct{}, error) {
	return nil, ErrNoHotKeys
}
