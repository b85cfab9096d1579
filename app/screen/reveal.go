package screen

import "time"

// revealTime is how long a revealed secret stays on the screen.
const revealTime = 30 * time.Second

// revealer knows which secrets are shown: each for a while.
type revealer struct {
	run     *Runner
	changed func()
	hide    map[string]func() // stops the timer of what is shown
}

func (r *revealer) begin(run *Runner, changed func()) {
	*r = revealer{run: run, changed: changed, hide: map[string]func(){}}
}

func (r *revealer) shown(name string) bool { return r.hide[name] != nil }

// toggle shows a secret, or hides it again.
func (r *revealer) toggle(name string) {
	if stop := r.hide[name]; stop != nil {
		stop()
		delete(r.hide, name)
	} else {
		r.hide[name] = r.run.After(revealTime, func() {
			delete(r.hide, name)
			r.changed()
		})
	}
	r.changed()
}

// hideAll hides everything, silently.
func (r *revealer) hideAll() {
	for name, stop := range r.hide {
		stop()
		delete(r.hide, name)
	}
}
