//go:build !linux && !windows

package platform

func (w Window) room() (Area, error) { return Area{}, errNoWindow }
