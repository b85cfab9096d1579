package platform

import (
	"fmt"
	"time"
)

// IdleTime is how long the user has touched neither keyboard nor pointer, in this program or any other. It fails where the
// system does not tell; then only input to our own windows can count.
func IdleTime() (time.Duration, error) {
	idle, err := idleTime()
	if err != nil {
		return 0, fmt.Errorf("idle time: %w", err)
	}
	return idle, nil
}
