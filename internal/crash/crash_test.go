//go:build cgo && unix

// Package crash kills Coffer in the middle of its work, cuts the power of its disk, and lets the disk fail at each of its steps, and
// looks each time whether everything is there that somebody was told is saved. docs/crash-safety.md tells what is promised and shown.
package crash

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/internal/testkit"
)

var (
	kills = flag.Int("crash.kills", 200, "how many processes are killed")
	limit = flag.Duration("crash.for", 0, "end after this time; 0: when all are dead")
	seed  = flag.Uint64("crash.seed", 1, "what is done, and where it is ended")
)

func TestMain(m *testing.M) {
	testkit.LowerKDFCost()
	if plan := os.Getenv(childVariable); plan != "" {
		os.Exit(runChild(plan))
	}
	// A kill does not reach the disk, and what a power cut does to one is played with what was recorded.
	os.Exit(testkit.InMemory(m.Run))
}

// late tells whether the time of go test is nearly over: a slow machine tries less, and that is no failure.
func late(t *testing.T) bool {
	deadline, limited := t.Deadline()
	return limited && time.Until(deadline) < 3*time.Minute
}

// longest is how long a process that dies at a random moment may live, its start included.
const longest = 150 * time.Millisecond

// livesEach is how many processes die in one house: damage that shows later shows there, and the vault stays small.
const livesEach = 25

// point is a labelled point, and the acts that lead to it; times is how often it may be passed before.
type point struct {
	label string
	acts  []string
	times int
}

var points = []point{
	{"open database", []string{"lock", "edit"}, 3},
	{"open log", []string{"lock", "edit"}, 3},
	{"write log", []string{"edit", "import", "rotate", "sync", "password"}, 40},
	{"torn write log", []string{"edit", "import", "rotate", "sync"}, 40},
	{"sync log", []string{"edit", "import", "rotate", "password", "secret key"}, 12},
	{"sync folder", []string{"edit", "settings", "backup"}, 3},
	{"write database", []string{"lock"}, 8},
	{"torn write database", []string{"lock"}, 8},
	{"sync database", []string{"lock"}, 2},
	{"truncate database", []string{"lock"}, 1},
	{"delete log", []string{"lock"}, 2},
	{"shared memory database", []string{"lock", "edit"}, 2},
	{"open backup", []string{"backup"}, 2},
	{"write backup", []string{"backup"}, 8},
	{"torn write backup", []string{"backup"}, 8},
	{"sync backup", []string{"backup"}, 1},
	{"rename backup", []string{"backup"}, 1},
	{"open file", []string{"settings"}, 1},
	{"write file", []string{"settings"}, 1},
	{"sync file", []string{"settings"}, 1},
	{"rename file", []string{"settings"}, 1},
	{"keyring", []string{"password", "secret key", "rotate", "lock"}, 3},
	{"keyring written", []string{"password", "secret key", "rotate", "lock"}, 3},
	{"request", []string{"sync", "password", "rotate", "secret key"}, 6},
	{"answer", []string{"sync", "password", "rotate", "secret key"}, 6},
}

// TestKill kills one process after the other, on all processors.
func TestKill(t *testing.T) {
	c := &census{t: t, started: time.Now(), at: map[string]int{}}
	houses := (*kills + livesEach - 1) / livesEach
	next := make(chan uint64, houses)
	for i := range houses {
		next <- *seed*1_000_000 + uint64(i)
	}
	close(next)
	var all sync.WaitGroup
	for range runtime.NumCPU() {
		all.Go(func() {
			for number := range next {
				if !t.Failed() && !c.over(t) {
					c.house(number)
				}
			}
		})
	}
	all.Wait()
	t.Log(c)
}

// census counts who died where.
type census struct {
	t       *testing.T
	started time.Time
	lives   atomic.Int64

	mu     sync.Mutex
	at     map[string]int
	random int
	old    int // came to their end before their death
}

// over tells whether nobody else is to die.
func (c *census) over(t *testing.T) bool {
	return late(t) || *limit > 0 && time.Since(c.started) > *limit
}

// house lets one family live and die.
func (c *census) house(number uint64) {
	c.t.Run(fmt.Sprint("house-", number), func(t *testing.T) {
		h, a := newHouse(t, number, nil)
		h.settleIn(a)
		for i, d := range h.deaths(min(livesEach, *kills)) {
			if c.over(t) {
				return
			}
			if h.random.IntN(2) == 0 {
				if err := h.typeOnB(); err != nil {
					t.Fatal(err)
				}
			}
			o := h.live(d)
			c.count(o)
			if err := h.judge(o); err != nil {
				t.Fatalf("-crash.seed=%d, life %d, %+v, died at %q, in the middle of %s: %v", *seed, i, d, o.died, o.doing(), err)
			}
		}
	})
}

func (o *obituary) doing() string {
	if o.begun == nil {
		return "nothing"
	}
	return o.begun.What
}

func (c *census) count(o obituary) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case o.died != "":
		c.at[o.died]++
	case o.killed:
		c.random++
	default:
		c.old++
	}
	if n := c.lives.Add(1); n%250 == 0 {
		fmt.Printf("%d lives in %s\n", n, time.Since(c.started).Round(time.Second)) // at once: a soak is long
	}
}

func (c *census) String() string {
	text := fmt.Sprintf("-crash.seed=%d: %d lives in %s: %d killed at a random moment, %d came to their end,", *seed, c.lives.Load(), time.Since(c.started).Round(time.Millisecond), c.random, c.old)
	for _, p := range points {
		text += fmt.Sprintf(" %d at %q,", c.at[p.label], p.label)
	}
	return text
}
