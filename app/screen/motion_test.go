package screen

import "testing"

func TestLessMotionWhereTheSystemHasLess(t *testing.T) {
	d, _, _ := openDesk(t)
	if d.shell.State().ReducedMotion {
		t.Fatal("nobody has asked for it")
	}
	d.shell.config.ReducedMotion = func() bool { return true }
	d.shell.followSystem()
	d.until("less motion", func() bool { return d.shell.State().ReducedMotion })
	d.shell.apply(d.shell.settings) // a change of other settings
	if !d.shell.State().ReducedMotion {
		t.Error("forgotten")
	}
}
