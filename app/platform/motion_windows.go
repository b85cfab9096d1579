package platform

import "unsafe"

var systemParametersInfo = user32.NewProc("SystemParametersInfoW")

const getClientAreaAnimation = 0x1042 // SPI_GETCLIENTAREAANIMATION

func reducedMotion() bool {
	var animated int32
	ok, _, _ := systemParametersInfo.Call(getClientAreaAnimation, 0, uintptr(unsafe.Pointer(&animated)), 0)
	return ok != 0 && animated == 0
}
