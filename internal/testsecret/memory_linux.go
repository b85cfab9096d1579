package testsecret

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

// InMemory counts how often each secret is in the memory of a process: as it is, and if it is text also as runes, as toolkits keep it.
func (s Set) InMemory(t testing.TB, pid int) map[string]int {
	t.Helper()
	found := map[string]int{}
	eachRegion(t, pid, func(_ string, _ uint64, region []byte) {
		for name, b := range s {
			n := bytes.Count(region, b)
			if utf8.Valid(b) {
				n += bytes.Count(region, runes(b))
			}
			if n > 0 {
				found[name] += n
			}
		}
	})
	return found
}

// Place is where a secret was found, with the bytes around it, so that who looks for its reason can tell what it is part of.
type Place struct {
	Region  string // what the system says of the memory
	Address uint64
	Around  []byte
}

// Places are the first places where a secret is in the memory of a process.
func (s Set) Places(t testing.TB, pid int, name string, limit int) (places []Place) {
	t.Helper()
	eachRegion(t, pid, func(label string, from uint64, region []byte) {
		for at := 0; len(places) < limit; at++ {
			n := bytes.Index(region[at:], s[name])
			if n < 0 {
				return
			}
			at += n
			around := region[max(0, at-64):min(len(region), at+len(s[name])+64)]
			places = append(places, Place{label, from + uint64(at), bytes.Clone(around)})
		}
	})
	return places
}

// runes is text as a []rune lies in memory on the machines that have a /proc of this kind.
func runes(text []byte) []byte {
	var b []byte
	for _, r := range string(text) {
		b = append(b, byte(r), byte(r>>8), byte(r>>16), byte(r>>24))
	}
	return b
}

// eachRegion reads everything that is mapped and can be written: a program's own text holds no secret of its run.
func eachRegion(t testing.TB, pid int, look func(label string, from uint64, region []byte)) {
	t.Helper()
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		t.Fatal(err)
	}
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer mem.Close()
	for line := range strings.Lines(string(maps)) {
		var from, to uint64
		var rights string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &rights); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(rights, "rw") || to-from > 1<<30 {
			continue // reserved, never written
		}
		region := make([]byte, to-from)
		n, _ := mem.ReadAt(region, int64(from)) // pages that were never touched cannot be read, and hold nothing
		look(strings.TrimSpace(line), from, region[:n])
	}
}
