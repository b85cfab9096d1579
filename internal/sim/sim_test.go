// Package sim plays random histories of Coffer: devices, one server and a bad network, all of it the real code, in a world that has
// no chance and no clock of its own. A seed is a history; docs/sim.md says what is real, what is simulated and what is demanded.
package sim

import (
	"flag"
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testsqlite"
)

var (
	first  = flag.Uint64("sim.first", 1, "the first seed")
	count  = flag.Uint64("sim.n", 2000, "how many seeds")
	keep   = flag.String("sim.keep", "", "play these steps alone, by their numbers with commas between")
	tell   = flag.Bool("sim.tell", false, "tell what happens")
	beside = flag.Uint64("sim.second", 30, "the histories whose seeds this divides have a second program on their computers; 0: none")
	part   = flag.String("sim.part", "", "i/k: only every k-th seed, beginning with the i-th; for the test's own use")
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(garbage) // the heap is small, and most of what is in it soon of no use
	runtime.MemProfileRate = 0
	testsqlite.Alone()
	testkit.Main(m)
}

// garbage is how much of it may be beside what is in use, in hundredths: some 60 MiB.
const garbage = 1600

// TestHistories plays seeds, with as many processes as there are processors: a process has one source of randomness.
func TestHistories(t *testing.T) {
	if *part == "" && (*count >= few || *ledgerPath != "") && *keep == "" && !*tell {
		want := seeds{*first, *first + *count - 1}
		if *ledgerPath != "" {
			spreadOnce(t, want, *ledgerPath)
		} else {
			spreadAll(t, want)
		}
		return
	}
	p := newPlace(t)
	index, of := parts(t)
	failures := 0
	for turn := uint64(0); turn*of < *count && failures < maxFailures && !late(t); turn++ {
		// Another place in every turn: what is so in every third history is not so in all of one process.
		n := turn*of + (index+turn)%of
		if n >= *count {
			continue
		}
		seed := *first + n
		// A test of its own each: what is to be undone at its end would pile up over a million.
		passed := t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			if err := p.try(t, script(seed)); err != nil {
				fmt.Println(err) // at once: a long run tells what it finds
				t.Fail()
			}
		})
		if !passed {
			failures++
		}
		if *part != "" {
			fmt.Println(progressMark, seed)
		}
	}
}

// late tells whether the time of go test is nearly over: a slow machine plays fewer histories and is no failure.
func late(t *testing.T) bool {
	deadline, limited := t.Deadline()
	return limited && time.Until(deadline) < time.Minute
}

// maxFailures is how many failures a process shrinks and tells before it gives up.
const maxFailures = 5

func parts(t *testing.T) (index, of uint64) {
	t.Helper()
	if *part == "" {
		return 0, 1
	}
	if _, err := fmt.Sscanf(*part, "%d/%d", &index, &of); err != nil || of == 0 {
		t.Fatalf("-sim.part=%s", *part)
	}
	return index, of
}

// try plays a history and describes how it fails, in as few steps as shrinking finds.
func (p *place) try(t *testing.T, h history) error {
	if *keep != "" {
		h = h.only(numbers(t, *keep))
	}
	trace, err := p.play(t, h)
	if *tell {
		fmt.Println(strings.Join(trace, "\n"))
	}
	if err == nil {
		return nil
	}
	if *keep == "" {
		h, trace, err = p.shrink(t, h, trace, err)
	}
	var steps []string
	for _, s := range h.steps {
		steps = append(steps, strconv.Itoa(s.index))
	}
	replay := fmt.Sprintf("make sim SEED=%d SECOND=%d KEEP=%s", h.seed, *beside, strings.Join(steps, ","))
	return fmt.Errorf("seed %d: %w\nreplay: %s\n%s", h.seed, err, replay, strings.Join(trace, "\n"))
}

func numbers(t *testing.T, text string) []int {
	var all []int
	for _, word := range strings.Split(text, ",") {
		n, err := strconv.Atoi(word)
		if err != nil {
			t.Fatalf("-sim.keep=%s", text)
		}
		all = append(all, n)
	}
	return all
}

// place keeps what the histories of one process share.
type place struct {
	dir       string
	templates map[int]*template
}

func newPlace(t *testing.T) *place {
	return &place{dir: t.TempDir(), templates: map[int]*template{}}
}

// play runs a history in a world of its own.
func (p *place) play(t *testing.T, h history) (trace []string, err error) {
	made := p.templates[h.enrolled]
	if made == nil {
		if made, err = makeTemplate(t, filepath.Join(p.dir, fmt.Sprint("template-", h.enrolled)), h.enrolled); err != nil {
			t.Fatalf("template: %v", err)
		}
		p.templates[h.enrolled] = made
	}
	w, err := made.open(t)
	if err != nil {
		return nil, err
	}
	defer w.end()
	err = w.run(h)
	return w.trace, err
}

// The same seed is the same history, to the last byte that the server stores, wherever others were played before: else a failure could
// not be found again.
func TestASeedIsAHistory(t *testing.T) {
	used := newPlace(t)
	for seed := range uint64(8) {
		one, errOne := used.play(t, script(seed))
		other, errOther := newPlace(t).play(t, script(seed))
		if errOne != nil || errOther != nil {
			t.Fatalf("seed %d: %v, %v", seed, errOne, errOther)
		}
		if !slices.Equal(one, other) {
			t.Errorf("seed %d:\n%s\n\nand again:\n%s", seed, strings.Join(one, "\n"), strings.Join(other, "\n"))
		}
	}
}

// Leaving steps out changes nothing of the others: what they type stays the same.
func TestStepsKeepTheirNumbers(t *testing.T) {
	h := script(7)
	some := h.only([]int{2, 5})
	if len(some.steps) != 2 || some.steps[0] != h.steps[1] || some.steps[1] != h.steps[4] {
		t.Errorf("%v of %v", some.steps, h.steps)
	}
}
