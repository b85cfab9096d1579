package screen

import (
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/enrolment"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// The organization greets on the first page, and on no other: what is asked there is between Coffer and the person.
func TestTheOrganizationGreets(t *testing.T) {
	const name = "Bakery Miller & Sons"
	d := newDesk(t, testpc.New(t, "Anna's PC", func(c *session.Config) { c.Enrolment = enrolment.Token{Name: name} }), testkit.Cloud(t))
	w := d.shell.Welcome()
	d.page(w, PageChoose)
	if body := w.State().Body; !strings.Contains(body, name+" has set up Coffer") {
		t.Errorf("the first page says %q", body)
	}
	for _, next := range []func(){w.Create, w.Back, w.SignIn} {
		next()
		if s := w.State(); strings.Contains(s.Body, name) != (s.Page == PageChoose) {
			t.Errorf("page %s says %q", pageKeys[s.Page], s.Body)
		}
	}
}
