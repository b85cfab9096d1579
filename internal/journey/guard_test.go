//go:build journey

package journey

import "time"

// What the settings files of the computers say: the least that the app allows.
const (
	clearAfter = 5 * time.Second
	lockAfter  = time.Minute
)

// copyPassword copies the password of the selected login by its key; another program can paste it.
func (j *journey) copyPassword(pass string) {
	j.copied = time.Now()
	j.a.keys("ctrl+shift+c")
	eventually(j.t, "the password in the clipboard", func() bool { return j.a.clipboard() == pass })
}

// guard has the copied password go away, starts the app a second time, and locks it with the desktop's session.
func (j *journey) guard() {
	a := j.a
	a.startTwice()
	eventually(j.t, "the clipboard to be cleared", func() bool { return a.clipboard() == "" })
	if kept := time.Since(j.copied); kept < clearAfter {
		j.t.Errorf("the clipboard was cleared after %s, not %s", kept, clearAfter)
	}
	a.turn(func() {
		if err := a.session.Connect(j.t).Emit("/org/freedesktop/ScreenSaver", "org.freedesktop.ScreenSaver.ActiveChanged", true); err != nil {
			j.t.Fatal(err)
		}
	})
	a.shot("04-session-locked")
	a.text(password)
	a.turn(func() { a.keys("Return") })
}

// clipboard is what another program would paste.
func (p *pc) clipboard() string {
	out, _ := p.command("xclip", "-selection", "clipboard", "-out").Output() // it fails where nobody offers anything
	return string(out)
}

// startTwice puts the window away and starts the program again: that brings the window back, and the second process ends well.
func (p *pc) startTwice() {
	p.t.Helper()
	first := p.window()
	p.desk.minimise(first)
	eventually(p.t, "the window to be put away", func() bool { _, shown := p.desk.window("Coffer"); return !shown })
	if out, err := p.command(p.program).CombinedOutput(); err != nil {
		p.t.Fatalf("the second start: %v %s", err, out)
	}
	if again := p.window(); again != first {
		p.t.Fatal("the second start has a window of its own")
	}
	p.settle()
}

// leaveAlone touches nothing on B until it locks.
func (j *journey) leaveAlone() {
	b, touched := j.b, time.Now() // the minute begins with the key, not when the window has come to rest after it
	b.keys("Escape")              // the settings
	b.settle()
	open := b.picture()
	time.Sleep(lockAfter - patience/2) // longer than patience in all
	eventually(j.t, "B to lock by itself", func() bool { return different(open, b.picture()) > page })
	if alone := time.Since(touched); alone < lockAfter {
		j.t.Errorf("B locked after %s, not %s", alone, lockAfter)
	}
	b.shot("09-locked-alone")
}
