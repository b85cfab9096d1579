package ui

import (
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/enrolment"
)

func init() { scenes["enrolment"] = (*album).enrolment }

// enrolment is the first start on a PC that an organization has set up: one with a short name, and one with the longest.
func (a *album) enrolment() {
	a.Helper()
	for _, c := range []struct{ picture, name string }{
		{"welcome-organization", "Bakery Miller & Sons"},
		{"welcome-organization-long", "Gemeinnützige Wohnungsbaugenossenschaft der Eisenbahner von Oberösterreich eGmbH"},
	} {
		a.sit(newDesk(a.TB, newPC(a, "Anna's PC", func(config *session.Config) { config.Enrolment = enrolment.Token{Name: c.name} }), newCloud(a)))
		a.waitFor(c.name)
		a.take(c.picture)
	}
}
