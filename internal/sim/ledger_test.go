package sim

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

var ledgerPath = flag.String("sim.ledger", "", "a file that keeps which seeds passed with this very test binary; what it has is not played again")

// batch is how many seeds are played between two lines of a ledger.
const batch = 1000

// seeds are those from first to last.
type seeds struct{ first, last uint64 }

// next are the first of the wanted seeds that are not among the passed, at most limit of them.
func (want seeds) next(passed []seeds, limit uint64) (seeds, bool) {
	slices.SortFunc(passed, func(a, b seeds) int { return cmp.Compare(a.first, b.first) })
	for _, p := range passed {
		if p.first > want.first {
			want.last = min(want.last, p.first-1)
			break
		}
		want.first = max(want.first, p.last+1)
	}
	if want.first > want.last {
		return seeds{}, false
	}
	return seeds{want.first, min(want.last, want.first+limit-1)}, true
}

// readLedger has the seeds that passed with this code and as many second programs.
func readLedger(path, code string, second uint64) (passed []seeds, err error) {
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var by string
		var every uint64
		var s seeds
		if _, err := fmt.Sscanf(lines.Text(), "%s %d %d %d", &by, &every, &s.first, &s.last); err != nil {
			return nil, fmt.Errorf("%s: %q: %w", path, lines.Text(), err)
		}
		if by == code && every == second {
			passed = append(passed, s)
		}
	}
	return passed, lines.Err()
}

// note adds a line, whole and on the disk before more is played: a run may be ended at any moment.
func (s seeds) note(path, code string, second uint64) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := fmt.Fprintf(f, "%s %d %d %d\n", code, second, s.first, s.last); err != nil {
		return err
	}
	return f.Sync()
}

// codeUnderTest names what is played: the test binary holds the product, the simulation and the compiler's settings, so that nothing
// that was changed and not committed counts for a commit.
func codeUnderTest() (string, error) {
	f, err := os.Open(os.Args[0])
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", sum.Sum(nil)[:16]), nil
}

// spreadOnce plays those of the wanted seeds that the ledger does not have, batch by batch, and notes each batch that passed.
func spreadOnce(t *testing.T, want seeds, path string) {
	code, err := codeUnderTest()
	if err != nil {
		t.Fatal(err)
	}
	for !t.Failed() && !late(t) {
		passed, err := readLedger(path, code, *beside)
		if err != nil {
			t.Fatal(err)
		}
		next, more := want.next(passed, batch)
		if !more {
			t.Logf("seeds %d to %d have all passed with %s", want.first, want.last, code)
			return
		}
		if n := next.last - next.first + 1; spread(t, next) == n && !t.Failed() {
			if err := next.note(path, code, *beside); err != nil {
				t.Fatal(err)
			}
			fmt.Printf("passed with %s: %d to %d\n", code, next.first, next.last)
		}
	}
}

// What was played is not played again, by the code that played it; another code begins anew.
func TestLedger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger")
	want := seeds{1, 3500}
	for _, s := range []seeds{{2001, 3000}, {1, 1000}, {500, 600}} {
		if err := s.note(path, "this", 30); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		code   string
		second uint64
		left   []seeds
	}{
		{"this", 30, []seeds{{1001, 2000}, {3001, 3500}}},
		{"this", 3, []seeds{{1, 1000}, {1001, 2000}, {2001, 3000}, {3001, 3500}}},
		{"another", 30, []seeds{{1, 1000}, {1001, 2000}, {2001, 3000}, {3001, 3500}}},
	} {
		passed, err := readLedger(path, c.code, c.second)
		if err != nil {
			t.Fatal(err)
		}
		var left []seeds
		for {
			next, more := want.next(passed, batch)
			if !more {
				break
			}
			left, passed = append(left, next), append(passed, next)
		}
		if !slices.Equal(left, c.left) {
			t.Errorf("%s, %d: %v are left, want %v", c.code, c.second, left, c.left)
		}
	}
}
