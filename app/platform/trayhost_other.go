//go:build !linux

package platform

import "context"

func watchTray(_ context.Context, shown func(bool)) error {
	shown(true)
	return nil
}
