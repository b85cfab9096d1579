package platform

import (
	"context"
	"errors"
	"os/exec"
	"regexp"
	"strconv"
	"time"
)

// hidIdle is a line of ioreg: the nanoseconds since the input devices last said anything.
var hidIdle = regexp.MustCompile(`"HIDIdleTime" = (\d{1,18})\b`)

func idleTime() (time.Duration, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "/usr/sbin/ioreg", "-c", "IOHIDSystem", "-d", "4").Output()
	if err != nil {
		return 0, err
	}
	found := hidIdle.FindSubmatch(out)
	if found == nil {
		return 0, errors.New("ioreg does not tell it")
	}
	nanoseconds, err := strconv.ParseInt(string(found[1]), 10, 64)
	return time.Duration(nanoseconds), err
}
