//go:build darwin && !cgo

package platform

const canHideFromCapture = false

func (w Window) place() (x, y int, maximized bool, err error) { return 0, 0, false, errNoWindow }
func (w Window) maximize() error                              { return errNoWindow }
func (w Window) hideFromCapture(bool) error                   { return errNoWindow }

func onScreen(int, int) bool { return false }
