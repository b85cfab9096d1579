package kdf

import (
	"errors"
	"testing"
)

// The numbers of the specification, once more.
func TestCompiledProfiles(t *testing.T) {
	for _, test := range []struct {
		got  Profile
		want Profile
	}{
		{P1, Profile{"P1", 65536, 3, 4}},
		{P2, Profile{"P2", 131072, 3, 4}},
		{P3, Profile{"P3", 262144, 4, 4}},
		{Default, Profile{"P2", 131072, 3, 4}},
	} {
		if test.got != test.want {
			t.Errorf("%+v, not %+v", test.got, test.want)
		}
		if named, err := ByName(test.got.Name); err != nil || named != test.got {
			t.Errorf("by name: %+v, %v", named, err)
		}
	}
}

func TestWeaker(t *testing.T) {
	order := []Profile{P1, P2, P3}
	for i, p := range order {
		for j, than := range order {
			if p.Weaker(than) != (i < j) {
				t.Errorf("%s weaker than %s: %v", p.Name, than.Name, i >= j)
			}
		}
	}
	if mixed := (Profile{MemoryKiB: P1.MemoryKiB * 2, Time: 1, Threads: 4}); !mixed.Weaker(P1) {
		t.Error("more memory does not make up for fewer passes")
	}
}

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		name   string
		pinned Profile
		want   error
	}{
		{"P1", P1, nil},
		{"P2", P1, nil},
		{"P3", P2, nil},
		{"P3", P3, nil},
		{"P1", P2, ErrWeakerThanPinned},
		{"P2", P3, ErrWeakerThanPinned},
		{"P0", P1, ErrUnknownProfile},
		{"P4", P1, ErrUnknownProfile},
		{"p1", P1, ErrUnknownProfile},
		{" P1", P1, ErrUnknownProfile},
		{"P1\x00", P1, ErrUnknownProfile},
		{"", P1, ErrUnknownProfile},
		{"", Profile{}, ErrUnknownProfile},
	} {
		p, err := Check(test.name, test.pinned)
		if !errors.Is(err, test.want) || err == nil && p.Name != test.name || err != nil && p != (Profile{}) {
			t.Errorf("%q where %q is pinned: %+v, %v", test.name, test.pinned.Name, p, err)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, name := range []string{"P1", "P2", "P3", "P0", "", "p2", "P2 "} {
		f.Add(name, uint8(1))
	}
	f.Fuzz(func(t *testing.T, name string, pin uint8) {
		pinned := []Profile{P1, P2, P3}[pin%3]
		p, err := Check(name, pinned)
		if err == nil && (p.Name != name || p.Weaker(pinned) || p.Weaker(P1)) {
			t.Errorf("%q gives %+v where %+v is pinned", name, p, pinned)
		}
		if err != nil && p != (Profile{}) {
			t.Errorf("%q gives %+v with %v", name, p, err)
		}
	})
}
