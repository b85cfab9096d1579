//go:build !windows && !darwin

package health

// Folder is the reporter's, which systemd makes for the user that it runs as (installer/linux/health).
func Folder() (string, error) { return "/var/lib/coffer-health", nil }
