package platform

import (
	"context"
	"os"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/jezek/xgb"
	"github.com/jezek/xgb/screensaver"
	"github.com/jezek/xgb/xproto"
)

// idleTime asks the X server. Under Wayland that one sees only what is typed into X windows, so the compositor is asked first.
func idleTime() (time.Duration, error) {
	if os.Getenv("WAYLAND_DISPLAY") != "" {
		if idle, err := mutterIdle(); err == nil {
			return idle, nil
		}
	}
	return screenSaverIdle()
}

// mutterIdle asks GNOME's compositor. Others tell nothing to programs without a Wayland window: there the X server's answer is
// too long, which locks too early and never too late.
func mutterIdle() (time.Duration, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	conn, err := dbus.ConnectSessionBus(dbus.WithContext(ctx))
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	var milliseconds uint64
	err = conn.Object("org.gnome.Mutter.IdleMonitor", "/org/gnome/Mutter/IdleMonitor/Core").
		CallWithContext(ctx, "org.gnome.Mutter.IdleMonitor.GetIdletime", 0).Store(&milliseconds)
	return time.Duration(milliseconds) * time.Millisecond, err
}

// screenSaverIdle asks the MIT-SCREEN-SAVER extension.
func screenSaverIdle() (time.Duration, error) {
	conn, err := xgb.NewConn()
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if err := screensaver.Init(conn); err != nil {
		return 0, err
	}
	root := xproto.Setup(conn).DefaultScreen(conn).Root
	info, err := screensaver.QueryInfo(conn, xproto.Drawable(root)).Reply()
	if err != nil {
		return 0, err
	}
	return time.Duration(info.MsSinceUserInput) * time.Millisecond, nil
}
