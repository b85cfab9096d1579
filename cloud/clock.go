package cloud

import "time"

// setRight is by how much the server's clock may be put back without ending anything.
const setRight = 24 * time.Hour

// over tells whether what was given for a lifetime is over at a moment, in Unix ms: its end has come, or lies further ahead than it ever
// did. Such a thing was given before the clock was set back, and would be good for as long as the clock was wrong.
func over(now, expires int64, lifetime time.Duration) bool {
	return now >= expires || expires-now > millis(lifetime+setRight)
}
