package machine

import (
	"cmp"

	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/internal/enrolment"
	"github.com/coffer-vault/coffer/internal/policy"
	"github.com/coffer-vault/coffer/updater"
	"github.com/coffer-vault/coffer/updater/trust"
)

// Domain is the base domain of this computer's servers: the one that the policy names, or the organization's token, or the
// installation, or else the build. Empty if none does.
func Domain(p policy.Policy) string {
	enrolled, _ := Enrolment() // a damaged token says nothing; doctor tells of it
	return domain(p, enrolled, Setting("Server"))
}

func domain(p policy.Policy, enrolled enrolment.Token, installed string) string {
	return cmp.Or(p.Server, enrolled.Domain, installed, buildinfo.Domain)
}

// Enrolment is what the organization that this computer belongs to says about itself; zero if it belongs to none, and with an error
// where there is a token that is none: then Coffer works as without one.
func Enrolment() (enrolment.Token, error) {
	text, err := policy.EnrollText()
	if text == "" || err != nil {
		return enrolment.Token{}, err
	}
	return enrolment.Parse(text)
}

// Mirrors are the update hosts of this computer: those of its domain, but in a development build that was told others. None if there is
// no domain.
func Mirrors() []string {
	if named := trust.Mirrors(); len(named) > 0 {
		return named
	}
	domain := Domain(policy.Read())
	if domain == "" {
		return nil
	}
	return updater.Mirrors(domain)
}
