package sim

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// few seeds are played in one process.
const few = 100

// progressMark begins a line that says that a seed is done.
const progressMark = "played:"

// many seeds are played before the processes are started anew: each newcomer's file leaves connections behind, which cannot be closed
// without taking the log of the file that has its name by then, and a process may have so many files open.
const many = 2000

// spreadAll plays the seeds, however many they are.
func spreadAll(t *testing.T, these seeds) {
	for first := these.first; first <= these.last && !t.Failed() && !late(t); first += many {
		spread(t, seeds{first, min(first+many-1, these.last)})
	}
}

// spread plays the seeds in a process for every processor, and returns how many it came to.
func spread(t *testing.T, these seeds) uint64 {
	count := these.last - these.first + 1
	k := uint64(runtime.GOMAXPROCS(0))
	var done atomic.Uint64
	var workers sync.WaitGroup
	began := time.Now()
	stop := make(chan struct{})
	for i := range k {
		workers.Go(func() {
			if err := worker(t, these, fmt.Sprintf("%d/%d", i, k), &done); err != nil {
				t.Error(err)
			}
		})
	}
	go tellProgress(&done, count, began, stop)
	workers.Wait()
	close(stop)
	t.Logf("%d of %d histories in %v, %.1f a second", done.Load(), count, time.Since(began).Round(time.Second), float64(done.Load())/time.Since(began).Seconds())
	return done.Load()
}

// worker runs one of the processes, and passes on what it says beside its progress.
func worker(t *testing.T, these seeds, part string, done *atomic.Uint64) error {
	var limit time.Duration
	if deadline, limited := t.Deadline(); limited {
		limit = time.Until(deadline) - 10*time.Second
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHistories$", fmt.Sprint("-test.timeout=", limit),
		fmt.Sprintf("-sim.first=%d", these.first), fmt.Sprintf("-sim.n=%d", these.last-these.first+1), "-sim.part="+part, fmt.Sprintf("-sim.second=%d", *beside))
	// Its one goroutine has nobody to wait for, and a history's garbage is small beside what the collector looks at for it.
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = start(cmd)
	}
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), progressMark) {
			done.Add(1)
		} else {
			fmt.Println(lines.Text())
		}
	}
	return cmd.Wait()
}

// tellProgress prints how far a long run is.
func tellProgress(done *atomic.Uint64, count uint64, began time.Time, stop chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(30 * time.Second):
			n := done.Load()
			fmt.Fprintf(os.Stderr, "%d of %d histories, %.1f a second\n", n, count, float64(n)/time.Since(began).Seconds())
		}
	}
}
