package main

import "golang.org/x/sys/windows"

// remoteSession is SM_REMOTESESSION of GetSystemMetrics: whether this session is a Remote Desktop.
const remoteSession = 0x1000

var getSystemMetrics = windows.NewLazySystemDLL("user32.dll").NewProc("GetSystemMetrics")

// checkGraphics cannot try without a window: it says what is known to be different over Remote Desktop.
func checkGraphics() finding {
	if remote, _, _ := getSystemMetrics.Call(remoteSession); remote != 0 {
		return finding{"graphics", true, "a Remote Desktop, where Windows may have no OpenGL 2.1; the app says so if it cannot draw"}
	}
	return finding{"graphics", true, "the session of this PC's own screen"}
}
