package platform

import (
	"context"
	"fmt"
)

// WatchTray tells whether the desktop shows icons beside its clock, at once and whenever that changes, until ctx ends. shown is called
// on one goroutine, the first time before WatchTray returns. Windows and macOS always show them; on Linux a panel or an extension does,
// which may come up after this program, or go. An error says why nobody can tell; then there is none.
func WatchTray(ctx context.Context, shown func(bool)) error {
	if err := watchTray(ctx, shown); err != nil {
		return fmt.Errorf("watch the tray: %w", err)
	}
	return nil
}
