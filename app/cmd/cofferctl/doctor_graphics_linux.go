package main

import (
	"fmt"
	"os"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/glx"
)

// checkGraphics asks the display whether programs can draw with OpenGL on it, as the window does. Without a display there is nobody to
// see a window: a job of an RMM tool has none.
func checkGraphics() finding {
	if os.Getenv("DISPLAY") == "" {
		return finding{"graphics", true, "no display here to ask; the app needs one, with OpenGL 2.1"}
	}
	conn, err := xgb.NewConn()
	if err != nil {
		return finding{"graphics", false, "the display does not answer"}
	}
	defer conn.Close()
	if err := glx.Init(conn); err != nil {
		return finding{"graphics", false, "the display cannot draw with OpenGL: install its driver, or Mesa's software renderer (libgl1-mesa-dri)"}
	}
	version, err := glx.QueryVersion(conn, 1, 4).Reply()
	if err != nil {
		return finding{"graphics", false, "the display does not say what it can draw with"}
	}
	return finding{"graphics", true, fmt.Sprintf("the display draws with OpenGL (GLX %d.%d)", version.MajorVersion, version.MinorVersion)}
}
