package kdf

// Profile is a named set of Argon2id parameters.
type Profile struct {
	Name      string
	MemoryKiB uint32
	Time      uint32 // passes over the memory
	Threads   uint8  // lanes
}

// The compiled profiles. P1 is the floor. RFC 9106 §4 recommends P1's cost for
// machines that are short of memory.
var (
	P1 = Profile{Name: "P1", MemoryKiB: 64 << 10, Time: 3, Threads: 4}
	P2 = Profile{Name: "P2", MemoryKiB: 128 << 10, Time: 3, Threads: 4}
	P3 = Profile{Name: "P3", MemoryKiB: 256 << 10, Time: 4, Threads: 4}
)

// Default is the profile of new accounts.
var Default = P2

// ByName returns the compiled profile of exactly that name, or ErrUnknownProfile.
func ByName(name string) (Profile, error) {
	for _, p := range []Profile{P1, P2, P3} {
		if p.Name == name {
			return p, nil
		}
	}
	return Profile{}, ErrUnknownProfile
}

// Weaker reports whether p costs an attacker less memory or less time than another.
func (p Profile) Weaker(than Profile) bool {
	return p.MemoryKiB < than.MemoryKiB || p.Time < than.Time
}

// Check decides on a profile that a server named. pinned is what this device
// used for the account before; P1 where it has not seen the account yet.
func Check(name string, pinned Profile) (Profile, error) {
	p, err := ByName(name)
	if err != nil {
		return Profile{}, err
	}
	if err := p.validate(); err != nil {
		return Profile{}, err
	}
	if p.Weaker(pinned) {
		return Profile{}, ErrWeakerThanPinned
	}
	return p, nil
}

// validate refuses what did not come from ByName: a caller's own parameters.
func (p Profile) validate() error {
	if p.Weaker(P1) {
		return ErrBelowFloor
	}
	if compiled, err := ByName(p.Name); err != nil || p != compiled {
		return ErrUnknownProfile
	}
	return nil
}
