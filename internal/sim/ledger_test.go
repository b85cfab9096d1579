package sim

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
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

// readLedger has the seeds that passed with this code and as many second programs. A line ends with a full stop, without which "1001 20" may
// be what a kill left of "1001 2000", and brings a line break before it too: what was left half written stands alone and counts for nothing.
func readLedger(path, code string, second uint64) (passed []seeds, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if found := ledgerLine.FindStringSubmatch(line); found != nil && found[1] == code && found[2] == fmt.Sprint(second) {
			var s seeds
			if _, err := fmt.Sscan(found[3], &s.first, &s.last); err != nil {
				return nil, fmt.Errorf("%s: %q: %w", path, line, err)
			}
			passed = append(passed, s)
		}
	}
	return passed, err
}

// ledgerLine is a whole line: what played, every how many seeds had a second program, and the first and last that passed.
var ledgerLine = regexp.MustCompile(`^([0-9a-f]{32}) ([0-9]+) ([0-9]+ [0-9]+)\.$`)

// note adds a line, whole and on the disk before more is played: a run may be ended at any moment.
func (s seeds) note(path, code string, second uint64) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := fmt.Fprintf(f, "\n%s %d %d %d.\n", code, second, s.first, s.last); err != nil {
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

var thisCode = strings.Repeat("a", 32)

// What was played is not played again, by the code that played it; another code begins anew.
func TestLedger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger")
	want := seeds{1, 3500}
	for _, s := range []seeds{{2001, 3000}, {1, 1000}, {500, 600}} {
		if err := s.note(path, thisCode, 30); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		code   string
		second uint64
		left   []seeds
	}{
		{thisCode, 30, []seeds{{1001, 2000}, {3001, 3500}}},
		{thisCode, 3, []seeds{{1, 1000}, {1001, 2000}, {2001, 3000}, {3001, 3500}}},
		{strings.Repeat("b", 32), 30, []seeds{{1, 1000}, {1001, 2000}, {2001, 3000}, {3001, 3500}}},
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

// A kill may leave any part of the last line. It claims no seeds that did not pass, and takes no line with it that comes after.
func TestALineOfALedgerThatAKillCut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger")
	one, cut, after := seeds{1, 1000}, seeds{1001, 2000}, seeds{2001, 3000}
	note := func(s seeds) []byte {
		if err := s.note(path, thisCode, 30); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	before, whole := note(one), note(cut)
	for end := len(before); end < len(whole)-len(".\n"); end++ {
		if err := os.WriteFile(path, whole[:end], 0o600); err != nil {
			t.Fatal(err)
		}
		for want := []seeds{one}; len(want) < 3; want = append(want, after) {
			if passed, err := readLedger(path, thisCode, 30); err != nil || !slices.Equal(passed, want) {
				t.Fatalf("after %q: %v passed, %v, want %v", whole[len(before):end], passed, err, want)
			}
			note(after)
		}
	}
}

// Two runs on one file may play the same seeds at the same time, but neither damages what the other notes.
func TestTwoRunsOnOneLedger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger")
	var runs sync.WaitGroup
	for range 2 {
		runs.Go(func() {
			for n := range uint64(100) {
				if err := (seeds{n*batch + 1, (n + 1) * batch}).note(path, thisCode, 30); err != nil {
					t.Error(err)
				}
			}
		})
	}
	runs.Wait()
	passed, err := readLedger(path, thisCode, 30)
	if err != nil || len(passed) != 200 {
		t.Fatalf("%d lines, %v", len(passed), err)
	}
	if next, more := (seeds{1, 100*batch + 7}).next(passed, batch); !more || next != (seeds{100*batch + 1, 100*batch + 7}) {
		t.Errorf("next are %v", next)
	}
}
