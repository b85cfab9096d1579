package machine

import (
	"cmp"

	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/internal/policy"
	"github.com/coffer-vault/coffer/updater"
	"github.com/coffer-vault/coffer/updater/trust"
)

// Domain is the base domain of this computer's servers: the one that the policy names, or the installation, or else the build. Empty if
// none does.
func Domain(p policy.Policy) string { return cmp.Or(p.Server, Setting("Server"), buildinfo.Domain) }

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
