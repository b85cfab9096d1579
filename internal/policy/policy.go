// Package policy reads what the administrator of a computer has decided for Coffer on it. What it trusts is the place: only an
// administrator can write there, so a user, and what runs with a user's rights, can neither set nor lift a policy.
//
//	Windows  HKEY_LOCAL_MACHINE\Software\Policies\Coffer, which group policy, Intune and RMM tools write (installer/windows/policy)
//	macOS    the managed preferences that a configuration profile sets (installer/macos)
//	Linux    /etc/coffer/policy.json, owned by root
//
// The names of the settings are the same everywhere. A value that is not understood sets nothing and is among Problems, for the log
// and for cofferctl doctor; the other settings hold.
package policy

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/internal/buildinfo"
)

// Policy is what holds on this computer. Zero fields are not set: the user, the installer or the default decides.
type Policy struct {
	Server            string           // base domain of the cloud that new accounts use, such as "coffer.example.com"
	AutoUpdate        Choice           // whether updates install without asking; before SHOULDAUTOUPDATE of the installer
	UpdateRing        Ring             // when a release reaches this computer
	UpdatePin         buildinfo.Number // the newest version that may be installed
	UpdatePause       Day              // the last day on which nothing is installed
	MaintenanceWindow Window           // when updates install
	AutoLockCeiling   time.Duration    // the longest time without use until the vault locks
	BrowserImport     Choice           // whether passwords are taken over from browsers
	ExportAllowed     Choice           // whether a vault can be written into a file for other programs

	Problems []Problem // what was there and not understood
}

// Choice is yes, no, or not decided by the policy.
type Choice uint8

// The choices.
const (
	NotSet Choice = iota
	No
	Yes
)

// Ring is a group of computers that get a release at the same time.
type Ring string

// The rings: the first to have a release, and everybody else, by its rollout.
const (
	Pilot Ring = "pilot"
	Broad Ring = "broad"
)

// Day is a date of the calendar, "2026-12-31" (RFC 3339 full-date), wherever one is.
type Day string

// Problem is a setting that does not hold, and why. It quotes no value: the reason is enough, and it goes into logs.
type Problem struct {
	Name   string // of the setting, or of what could not be read
	Reason string
}

// Setting is one that holds, in words as an administrator writes them.
type Setting struct{ Name, Value string }

// Read returns the policy of this computer. It does not fail: what cannot be read is among Problems, and holds nothing.
func Read() Policy {
	values, problems := read()
	p := parse(values)
	p.Problems = append(problems, p.Problems...)
	return p
}

// Names lists the settings, as they are written in every place, in order.
func Names() []string {
	var names []string
	for _, f := range fields {
		names = append(names, f.name)
	}
	return names
}

// InForce lists the settings that hold, in the order of Names.
func (p Policy) InForce() []Setting {
	var all []Setting
	for _, f := range fields {
		if text := f.text(p); text != "" {
			all = append(all, Setting{f.name, text})
		}
	}
	return all
}

// Paused reports whether nothing is to be installed at a moment, by the calendar of its location.
func (p Policy) Paused(now time.Time) bool {
	return Day(now.Format(time.DateOnly)) <= p.UpdatePause
}

// values are what a place has, by name: string, uint64 or bool, as that place's format has types. Anything else is a mistake.
type values map[string]any

// maxSettings bounds what is looked at; there are fewer settings than that.
const maxSettings = 200

type field struct {
	name string
	set  func(*Policy, any) error
	text func(Policy) string // empty if it is not set
}

var fields = []field{
	{"AutoLockCeiling", func(p *Policy, v any) error { return minutes(&p.AutoLockCeiling, v) }, func(p Policy) string { return minutesText(p.AutoLockCeiling) }},
	{"AutoUpdate", func(p *Policy, v any) error { return choice(&p.AutoUpdate, v) }, func(p Policy) string { return p.AutoUpdate.text() }},
	{"BrowserImport", func(p *Policy, v any) error { return choice(&p.BrowserImport, v) }, func(p Policy) string { return p.BrowserImport.text() }},
	{"ExportAllowed", func(p *Policy, v any) error { return choice(&p.ExportAllowed, v) }, func(p Policy) string { return p.ExportAllowed.text() }},
	{"MaintenanceWindow", func(p *Policy, v any) error { return text(&p.MaintenanceWindow, v, ParseWindow) }, func(p Policy) string { return p.MaintenanceWindow.String() }},
	{"Server", func(p *Policy, v any) error { return text(&p.Server, v, parseDomain) }, func(p Policy) string { return p.Server }},
	{"UpdatePause", func(p *Policy, v any) error { return text(&p.UpdatePause, v, parseDay) }, func(p Policy) string { return string(p.UpdatePause) }},
	{"UpdatePin", func(p *Policy, v any) error { return text(&p.UpdatePin, v, parsePin) }, func(p Policy) string { return pinText(p.UpdatePin) }},
	{"UpdateRing", func(p *Policy, v any) error { return text(&p.UpdateRing, v, parseRing) }, func(p Policy) string { return string(p.UpdateRing) }},
}

// parse takes what is right. Names are compared as the registry does, without case; the same one twice is wrong both times.
func parse(vs values) (p Policy) {
	byName := map[string][]any{}
	for name, v := range vs {
		byName[strings.ToLower(name)] = append(byName[strings.ToLower(name)], v)
	}
	for _, f := range fields {
		found := byName[strings.ToLower(f.name)]
		delete(byName, strings.ToLower(f.name))
		switch len(found) {
		case 0:
		case 1:
			if err := f.set(&p, found[0]); err != nil {
				p.Problems = append(p.Problems, Problem{f.name, err.Error()})
			}
		default:
			p.Problems = append(p.Problems, Problem{f.name, "is there twice"})
		}
	}
	p.Problems = append(p.Problems, unknown(byName)...)
	return p
}

func unknown(left map[string][]any) (problems []Problem) {
	for name := range left {
		problems = append(problems, Problem{fmt.Sprintf("%.40q", name), "is no setting of this version"})
	}
	slices.SortFunc(problems, func(a, b Problem) int { return cmp.Compare(a.Name, b.Name) })
	return problems
}

func (c Choice) text() string { return [...]string{NotSet: "", No: "no", Yes: "yes"}[c] }

// choice takes a truth value, or the 0 and 1 of the registry.
func choice(into *Choice, v any) error {
	switch v {
	case true, uint64(1):
		*into = Yes
	case false, uint64(0):
		*into = No
	default:
		return errors.New("must be 1 or 0, true or false")
	}
	return nil
}

// maxCeiling is the longest time that the settings themselves allow.
const maxCeiling = 24 * 60

func minutes(into *time.Duration, v any) error {
	n, ok := v.(uint64)
	if !ok || n < 1 || n > maxCeiling {
		return fmt.Errorf("must be a number of minutes, 1 to %d", maxCeiling)
	}
	*into = time.Duration(n) * time.Minute
	return nil
}

func minutesText(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return strconv.Itoa(int(d/time.Minute)) + " minutes"
}

// maxText is longer than any value that is right.
const maxText = 253

func text[T any](into *T, v any, parse func(string) (T, error)) error {
	s, ok := v.(string)
	if !ok {
		return errors.New("must be a text")
	}
	if len(s) > maxText {
		return errors.New("is too long")
	}
	parsed, err := parse(s)
	if err == nil {
		*into = parsed
	}
	return err
}

// label is one part of a host name (RFC 1123 §2.1), in small letters.
var label = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func parseDomain(s string) (string, error) {
	for part := range strings.SplitSeq(s, ".") {
		if !label.MatchString(part) {
			return "", errors.New("must be a domain in small letters, such as coffer.example.com, without https:// and api")
		}
	}
	return s, nil
}

func parseDay(s string) (Day, error) {
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return "", errors.New("must be a date such as 2026-12-31")
	}
	return Day(s), nil
}

func parsePin(s string) (buildinfo.Number, error) {
	n, err := buildinfo.ParseNumber(s)
	if err != nil || n == (buildinfo.Number{}) {
		return buildinfo.Number{}, errors.New("must be a version of three parts, such as 1.4.0")
	}
	return n, nil
}

func pinText(n buildinfo.Number) string {
	if n == (buildinfo.Number{}) {
		return ""
	}
	return n.String()
}

func parseRing(s string) (Ring, error) {
	if r := Ring(s); r == Pilot || r == Broad {
		return r, nil
	}
	return "", errors.New("must be pilot or broad")
}
