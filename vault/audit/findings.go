package audit

import (
	"slices"

	"github.com/coffer-vault/coffer/vault"
)

// Findings is a set of findings about an item.
type Findings uint16

// severity lists the findings, the worst first. Those up to FindingExpired are problems; the rest are hints: an old password is none the
// worse for its age, and which sites have two-step sign-in nobody here knows (docs/adr/0015).
var severity = []vault.Finding{
	vault.FindingBreached, vault.FindingWeak, vault.FindingReused, vault.FindingInsecure, vault.FindingExpired, vault.FindingOld, vault.FindingNoCode,
}

// All lists every finding that there can be, the worst first.
func All() []vault.Finding { return slices.Clone(severity) }

// problems are the findings that should be mended.
var problems = setOf(severity[:slices.Index(severity, vault.FindingExpired)+1]...)

// IsProblem tells a problem from a hint.
func IsProblem(f vault.Finding) bool { return problems.Has(f) }

// setOf makes a set. What is none of severity, as of a newer version, is left out.
func setOf(list ...vault.Finding) (set Findings) {
	for _, f := range list {
		if i := slices.Index(severity, f); i >= 0 {
			set |= 1 << i
		}
	}
	return set
}

// Has tells whether a finding is in the set.
func (s Findings) Has(f vault.Finding) bool { return s&setOf(f) != 0 }

// Problems are those that should be mended.
func (s Findings) Problems() Findings { return s & problems }

// List is the set from the worst finding on.
func (s Findings) List() (list []vault.Finding) {
	for _, f := range severity {
		if s.Has(f) {
			list = append(list, f)
		}
	}
	return list
}

// Worst is the worst finding, empty of an empty set.
func (s Findings) Worst() vault.Finding {
	for _, f := range severity {
		if s.Has(f) {
			return f
		}
	}
	return ""
}

// Rank orders items by their worst finding: 0 comes first, and what has none last.
func (s Findings) Rank() int {
	if at := slices.Index(severity, s.Worst()); at >= 0 {
		return at
	}
	return len(severity)
}
