package platform

import "fmt"

// BackgroundFlag is what the program is started with at login: in the tray, without a window. The installers use it too.
const BackgroundFlag = "--background"

// SetAutostart has the program, an absolute path, started when this user logs in, or no longer. An autostart that the
// installer set for all users is not touched.
func SetAutostart(program string, on bool) error {
	set := removeAutostart
	if on {
		set = func() error { return addAutostart(program) }
	}
	if err := set(); err != nil {
		return fmt.Errorf("start at login: %w", err)
	}
	return nil
}

// Autostart reports whether SetAutostart is on.
func Autostart() (bool, error) {
	on, err := hasAutostart()
	if err != nil {
		return false, fmt.Errorf("start at login: %w", err)
	}
	return on, nil
}
