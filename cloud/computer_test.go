package cloud_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/internal/enrolment"
	"github.com/coffer-vault/coffer/sync/wire"
)

const day = 24 * time.Hour

// newComputer is the key of a computer, as the API hands it on once a request's signature is right.
func newComputer() cloud.Caller {
	return cloud.Caller{Device: id.New(), Key: signing.Generate().Public(), Status: cloud.DeviceListed}
}

func report(name string) wire.ComputerReport {
	return wire.ComputerReport{Name: name, Version: "1.4.0", System: "windows 10.0.22631", Ring: "pilot", LastCheck: 1, Problems: []string{"disk-space"}}
}

// enrollToken makes a token of an organization that is good for a week.
func (w *world) enrollToken(organization id.ID) (text string, serial id.ID) {
	w.t.Helper()
	text, row, err := w.Computers.MakeToken(w.t.Context(), organization, "example.org", "Bakery Miller & Sons", "de", 7)
	if err != nil {
		w.t.Fatal(err)
	}
	return text, row.Serial
}

func (w *world) wantComputer(what string, got, want error) {
	w.t.Helper()
	if !errors.Is(got, want) {
		w.t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestComputerRegistersAndReports(t *testing.T) {
	w, org := newWorld(t), id.New()
	text, serial := w.enrollToken(org)
	if token, err := enrolment.Parse(text); err != nil || token.Name != "Bakery Miller & Sons" || token.Domain != "example.org" || token.Language != "de" {
		t.Fatalf("%+v, %v", token, err)
	}
	pc := newComputer()
	w.wantComputer("register", w.Computers.Register(t.Context(), pc, text, report("PC-1")), nil)
	caller, err := w.Computers.ByComputer(t.Context(), id.ID{}, pc.Device)
	if err != nil || caller.Key != pc.Key || caller.Status != cloud.DeviceListed {
		t.Fatalf("%+v, %v", caller, err)
	}
	var slow *cloud.SlowDown
	if err := w.Computers.Report(t.Context(), pc, report("PC-1")); !errors.As(err, &slow) {
		t.Errorf("at once: %v", err)
	}
	w.now = w.now.Add(day)
	next := report("PC-1")
	next.Version, next.Problems, next.Held = "1.5.0", nil, "pin"
	w.wantComputer("report", w.Computers.Report(t.Context(), pc, next), nil)
	all, err := w.Computers.List(t.Context(), org)
	want := cloud.Computer{
		ID: pc.Device, Serial: serial, Organization: org, Key: pc.Key, Created: w.now.Add(-day).UnixMilli(), LastSeen: w.now.UnixMilli(), Name: "PC-1",
		Version: "1.5.0", System: "windows 10.0.22631", Ring: "pilot", Held: "pin", LastCheck: 1,
	}
	if err != nil || len(all) != 1 || !sameComputer(all[0], want) {
		t.Errorf("%+v, %v", all, err)
	}
	if all, err := w.Computers.List(t.Context(), id.New()); len(all) != 0 || err != nil {
		t.Errorf("another organization's: %v, %v", all, err)
	}
	w.wantComputer("remove", w.Computers.Remove(t.Context(), pc.Device), nil)
	w.wantComputer("remove again", w.Computers.Remove(t.Context(), pc.Device), cloud.ErrNotFound)
	w.wantComputer("report of a removed one", w.Computers.Report(t.Context(), pc, next), cloud.ErrNotFound)
	_, err = w.Computers.ByComputer(t.Context(), id.ID{}, pc.Device)
	w.wantComputer("a removed one", err, cloud.ErrSessionEnded)
	// One that is real comes back.
	w.wantComputer("register again", w.Computers.Register(t.Context(), pc, text, next), nil)
}

func sameComputer(a, b cloud.Computer) bool {
	problems := slices.Equal(a.Problems, b.Problems)
	a.Problems, b.Problems = nil, nil
	return problems && a.ID == b.ID && a.Serial == b.Serial && a.Organization == b.Organization && a.Key == b.Key && a.Created == b.Created &&
		a.LastSeen == b.LastSeen && a.Name == b.Name && a.Version == b.Version && a.System == b.System && a.Ring == b.Ring && a.Held == b.Held && a.LastCheck == b.LastCheck
}

// What a token is good for, and which of the four reasons a computer is told.
func TestTokensThatEnrolNobody(t *testing.T) {
	w, other := newWorld(t), newWorld(t)
	text, serial := w.enrollToken(id.New())
	register := func(text string) error { return w.Computers.Register(t.Context(), newComputer(), text, report("PC-1")) }
	foreign, _ := other.enrollToken(id.New())
	w.wantComputer("of another server", register(foreign), cloud.ErrProofFailed)
	w.wantComputer("damaged", register(text[:len(text)-4]+"AAAA"), cloud.ErrProofFailed)
	w.wantComputer("none", register(""), cloud.ErrProofFailed)
	// A token that is right in itself and that the database does not have: it was put back from before the token was made.
	w.wantComputer("unknown", cloud.NewComputers(cloud.Config{Store: other.store, Secret: cloud.NewSecret(), Now: time.Now}).
		Register(t.Context(), newComputer(), text, report("PC-1")), cloud.ErrProofFailed)

	pc := newComputer()
	w.wantComputer("in time", w.Computers.Register(t.Context(), pc, text, report("PC-1")), nil)
	w.now = w.now.Add(7 * day)
	w.wantComputer("on the last day", register(text), nil)
	w.now = w.now.Add(day)
	w.wantComputer("a day later", register(text), cloud.ErrCodeExpired)
	w.wantComputer("report after the last day", w.Computers.Report(t.Context(), pc, report("PC-1")), nil)

	w.wantComputer("revoke", w.Computers.RevokeToken(t.Context(), serial), nil)
	w.wantComputer("revoke one that is not there", w.Computers.RevokeToken(t.Context(), id.New()), cloud.ErrNotFound)
	w.wantComputer("register with a revoked one", register(text), cloud.ErrDeviceRevoked)
	caller, err := w.Computers.ByComputer(t.Context(), id.ID{}, pc.Device)
	if err != nil || caller.Status != cloud.DeviceRevoked {
		t.Errorf("a computer of a revoked token: %+v, %v", caller, err)
	}
	// A new token takes the computer over.
	fresh, freshSerial := w.enrollToken(id.New())
	w.now = w.now.Add(day)
	w.wantComputer("with a new token", w.Computers.Register(t.Context(), pc, fresh, report("PC-1")), nil)
	if caller, err = w.Computers.ByComputer(t.Context(), id.ID{}, pc.Device); err != nil || caller.Status != cloud.DeviceListed {
		t.Errorf("under the new token %s: %+v, %v", freshSerial, caller, err)
	}
	_, err = w.Computers.ByComputer(t.Context(), id.New(), pc.Device)
	w.wantComputer("under an account", err, cloud.ErrSessionEnded)
}

// The id of another computer, with a key of one's own, takes nothing over.
func TestComputerOfAnotherKey(t *testing.T) {
	w, org := newWorld(t), id.New()
	text, _ := w.enrollToken(org)
	pc := newComputer()
	w.wantComputer("register", w.Computers.Register(t.Context(), pc, text, report("PC-1")), nil)
	thief := newComputer()
	thief.Device = pc.Device
	w.wantComputer("its id", w.Computers.Register(t.Context(), thief, text, report("PC-2")), cloud.ErrTaken)
	if all, _ := w.Computers.List(t.Context(), org); len(all) != 1 || all[0].Name != "PC-1" || all[0].Key != pc.Key {
		t.Errorf("%+v", all)
	}
}

// Two computers that were copied from one disk have one key and two names, which they report in turn. One that was renamed does not.
func TestCopiedComputersShow(t *testing.T) {
	w, org := newWorld(t), id.New()
	text, _ := w.enrollToken(org)
	pc := newComputer()
	doubled := func(name string) bool {
		t.Helper()
		w.now = w.now.Add(day)
		w.wantComputer(name, w.Computers.Register(t.Context(), pc, text, report(name)), nil)
		all, err := w.Computers.List(t.Context(), org)
		if err != nil || len(all) != 1 {
			t.Fatalf("%v, %v", all, err)
		}
		return all[0].Doubled != 0
	}
	for _, name := range []string{"MASTER", "PC-1", "PC-1", "PC-2"} {
		if doubled(name) {
			t.Errorf("%s shows as two", name)
		}
	}
	first, second := doubled("PC-1"), doubled("PC-1")
	if !first || !second {
		t.Error("two names in turn do not show")
	}
}

func TestReportsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	text, _ := w.enrollToken(id.New())
	for name, change := range map[string]func(*wire.ComputerReport){
		"no name":             func(r *wire.ComputerReport) { r.Name = "" },
		"a long name":         func(r *wire.ComputerReport) { r.Name = strings.Repeat("x", wire.MaxComputerName+1) },
		"a line break":        func(r *wire.ComputerReport) { r.Name = "PC\n1" },
		"a mark of direction": func(r *wire.ComputerReport) { r.System = "windows\u202e" },
		"a long text":         func(r *wire.ComputerReport) { r.Version = strings.Repeat("1", wire.MaxComputerText+1) },
		"no UTF-8":            func(r *wire.ComputerReport) { r.Held = "\xff" },
		"many problems":       func(r *wire.ComputerReport) { r.Problems = make([]string, wire.MaxProblems+1) },
		"a sentence":          func(r *wire.ComputerReport) { r.Problems = []string{"C: is full"} },
		"a far future":        func(r *wire.ComputerReport) { r.LastCheck = 1 << 62 },
		"a time before 1970":  func(r *wire.ComputerReport) { r.LastCheck = -1 },
		"an empty problem":    func(r *wire.ComputerReport) { r.Problems = []string{""} },
	} {
		wrong := report("PC-1")
		change(&wrong)
		pc := newComputer()
		w.wantComputer(name, w.Computers.Register(t.Context(), pc, text, wrong), cloud.ErrInvalid)
		w.wantComputer(name+", later", w.Computers.Report(t.Context(), pc, wrong), cloud.ErrInvalid)
	}
}

func TestTokenThatNoComputerTakesIsNotMade(t *testing.T) {
	w := newWorld(t)
	if text, _, err := w.Computers.MakeToken(t.Context(), id.New(), "https://example.org", "Bakery", "de", 7); !errors.Is(err, enrolment.ErrToken) || text != "" {
		t.Errorf("%q, %v", text, err)
	}
}
