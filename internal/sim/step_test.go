package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/coffer-vault/coffer/vault"
)

// step is one thing that happens. All chances within it come from its own seed, so that it stays itself when others are left out.
type step struct {
	index  int // place in the whole history
	verb   verb
	device int
	seed   uint64
}

func (s step) String() string { return fmt.Sprintf("%d: %s at %c", s.index, s.verb, 'A'+s.device) }

type verb string

// action does a verb; weight is how often it is drawn.
type action struct {
	verb   verb
	weight int
	do     func(*world, *device)
}

// actions are what can happen at a device, and how often.
var actions []action

func init() { // the table and what it calls name each other
	actions = []action{
		{"edit", 240, (*world).edit},
		{"new item", 60, func(w *world, d *device) { w.create(d, vault.Kinds()[w.random.IntN(len(vault.Kinds()))].Kind) }},
		{"open the editor", 40, (*world).look},
		{"save the editor", 40, (*world).saveEditor},
		{"take back", 20, (*world).takeBack},
		{"regret", 30, (*world).regret},
		{"arrange", 60, (*world).arrange},
		{"restore", 15, (*world).restore},
		{"delete", 30, (*world).remove},
		{"folder", 40, (*world).folders},
		{"settle a conflict", 40, (*world).settleConflict},
		{"restore a version", 20, (*world).restoreVersion},
		{"import", 15, (*world).importSome},
		{"undo import", 10, (*world).undoImport},
		{"sync", 320, func(w *world, d *device) { w.sync(d) }},
		{"attach", 45, (*world).attach},
		{"remove a file", 15, (*world).detach},
		{"rename a file", 8, (*world).renameFile},
		{"delete a file", 12, (*world).deleteFile},
		{"read a file", 20, (*world).readFile},
		{"carry files", 70, (*world).carry},
		{"adopt keys", 40, (*world).adopt},
		{"lock", 25, func(_ *world, d *device) { d.lock() }},
		{"kill", 25, func(_ *world, d *device) { d.die("between two steps") }},
		{"cut off", 20, func(_ *world, d *device) { d.link.down = true }},
		{"link up", 25, func(_ *world, d *device) { d.link.down = false }},
		{"clock", 25, (*world).setClock},
		{"time", 40, (*world).wait},
		{"late requests", 30, func(w *world, _ *device) { w.net.arrive(1 + w.random.IntN(3)) }},
		{"server restarts", 15, (*world).restartServer},
		{"server will die", 20, func(w *world, _ *device) { w.server.fuse = 1 + w.random.IntN(60) }},
		{"password", 10, (*world).newPassword},
		{"secret key", 7, (*world).newSecretKey},
		{"rotate", 12, (*world).rotate},
		{"revoke", 20, (*world).revoke},
		{"enrol", 12, (*world).enrol},
		{"pair", 12, (*world).pair},
		{"lose", 12, (*world).lose},
		{secondProgram, 150, (*world).second},
	}
}

// secondProgram is what only some histories have.
const secondProgram verb = "second program"

func (v verb) do(w *world, d *device) {
	at := slices.IndexFunc(actions, func(a action) bool { return a.verb == v })
	actions[at].do(w, d)
}

// history is a whole script.
type history struct {
	seed     uint64
	enrolled int // devices that are in the account from the beginning
	climate  weather
	together bool // computers have two programs on their profile
	steps    []step
}

// script makes up the history of a seed.
func script(seed uint64) history {
	r := rand.New(rand.NewPCG(seed, 0))
	h := history{seed: seed, enrolled: 2 + r.IntN(2), climate: climates[r.IntN(len(climates))], together: *beside > 0 && seed%*beside == 0}
	possible := slices.Clone(actions)
	if !h.together {
		possible = slices.DeleteFunc(possible, func(a action) bool { return a.verb == secondProgram })
	}
	total := 0
	for _, a := range possible {
		total += a.weight
	}
	length := 4 + r.IntN(15)
	if r.IntN(8) == 0 {
		length += 20
	}
	for i := range length {
		at := r.IntN(total)
		for _, a := range possible {
			if at -= a.weight; at < 0 {
				h.steps = append(h.steps, step{index: i + 1, verb: a.verb, device: r.IntN(h.enrolled + 1), seed: r.Uint64()})
				break
			}
		}
	}
	return h
}

// only is the history with some of its steps.
func (h history) only(keep []int) history {
	steps := h.steps
	h.steps = nil
	for _, s := range steps {
		if slices.Contains(keep, s.index) {
			h.steps = append(h.steps, s)
		}
	}
	return h
}

// run does the steps until one fails, then lets everything come to rest and looks at what is left.
func (w *world) run(h history) error {
	w.net.climate, w.together = h.climate, h.together
	for _, s := range h.steps {
		w.take(s)
		if w.failure != nil {
			return w.failure
		}
	}
	w.take(step{index: len(h.steps) + 1000, verb: rest, seed: h.seed})
	if w.failure != nil {
		return w.failure
	}
	return nil
}

// rest is the last step of every history.
const rest verb = "rest"

func (w *world) take(s step) {
	w.step, w.values = s, 0
	w.random = rand.New(rand.NewPCG(s.seed, 1))
	w.reseed(s.seed)
	w.note("%s", s)
	w.pass(time.Duration(1+w.random.IntN(90)) * time.Second)
	if s.verb == rest {
		w.settle()
		return
	}
	d := w.devices[s.device]
	if d.account.IsZero() {
		d = w.devices[0]
	}
	d.link.troubled = false
	// Some steps do not come to their end.
	mortal := w.random.IntN(8) == 0
	moment := 1 + w.random.IntN(1+w.random.IntN(12))
	if d.quiet = w.random.IntN(2) == 0; d.quiet {
		moment = 1 + moment/3
	}
	if mortal {
		d.fuse = moment
	}
	if s.verb.needsNobody() || d.open() {
		s.verb.do(w, d)
	}
	if mortal && d.dead == nil {
		d.die("after the step")
	}
	w.busy[d] = false
	for _, d := range w.devices {
		if d.bury() && d.account.IsZero() {
			d.find()
		}
	}
}

// needsNobody tells whether the step is possible at a device that is locked, or not in the account.
func (v verb) needsNobody() bool {
	switch v {
	case "lock", "kill", "cut off", "link up", "clock", "time", "late requests", "server restarts", "server will die":
		return true
	}
	return false
}

// meanwhile lets something happen while a device waits for the server: its own user goes on typing, or another device is quicker.
func (w *world) meanwhile(waiting *device) {
	if w.busy[waiting] {
		return // one at a time is enough
	}
	w.busy[waiting] = true
	defer func() { w.busy[waiting] = false }()
	if w.together && w.random.IntN(3) == 0 {
		w.second(waiting)
		return
	}
	if waiting.u != nil && w.random.IntN(2) == 0 {
		if !waiting.focus() {
			return
		}
		w.note("  meanwhile at %s:", waiting.name)
		acts := []func(*world, *device){
			(*world).edit, (*world).takeBack, (*world).arrange, (*world).folders, (*world).remove, (*world).attach, (*world).deleteFile,
		}
		acts[w.random.IntN(len(acts))](w, waiting)
		return
	}
	var others []*device
	for _, d := range w.devices {
		if !w.busy[d] && d.dead == nil && !d.account.IsZero() {
			others = append(others, d)
		}
	}
	if len(others) == 0 {
		return
	}
	other := others[w.random.IntN(len(others))]
	if !other.open() {
		return
	}
	w.note("  meanwhile at %s:", other.name)
	w.busy[other] = true
	defer func() { w.busy[other] = false }()
	w.edit(other)
	w.sync(other)
}

// setClock sets the clock of a device wrong, or right.
func (w *world) setClock(d *device) {
	day := 24 * time.Hour
	jumps := []time.Duration{0, -3 * time.Second, 10 * time.Minute, -10 * time.Minute, 30 * day, -400 * day, 4000 * day, epoch1970.Sub(w.now)}
	d.offset = jumps[w.random.IntN(len(jumps))]
	w.note("  clock of %s is %v off", d.name, d.offset)
}

var epoch1970 = time.Unix(3600, 0)

func (w *world) wait(*device) {
	spans := []time.Duration{time.Minute, 11 * time.Minute, 3 * time.Hour, 40 * time.Hour, 100 * 24 * time.Hour}
	w.pass(spans[w.random.IntN(len(spans))])
	w.clean()
}

func (w *world) restartServer(*device) {
	err := w.server.kill()
	if err == nil {
		_, err = w.server.revive()
	}
	if err != nil {
		w.fail("server", err)
	}
}
