package api_test

import (
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/cloud/mail"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/sync/wire"
)

// A device of the account that was offline when the address changed knows the one before. Who is no device of the account has to know
// the address that is in force, and the code goes there.
func TestOldAddressIsGoodForTheAccountsDevicesAlone(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	phone, tablet := u.enrol("Phone"), u.verified("Tablet")
	u.email = "before@example.org" // what they all know
	if phone.proved().Session == nil {
		t.Error("a listed device gets no session")
	}
	tablet.wantProof(t, 401, wire.CodeProofFailed)
	u.newDevice("Stranger").wantProof(t, 401, wire.CodeProofFailed)
	imposter := u.newDevice("Phone")
	imposter.id = phone.id
	imposter.wantProof(t, 401, wire.CodeProofFailed)
	wrong := *phone
	other := *u
	other.login = signing.Generate()
	wrong.user = &other
	wrong.wantProof(t, 401, wire.CodeProofFailed)
}

// The mail with a code says from where it was asked for: the one thing about a thief's sign-in that he did not choose.
func TestCodeMailSaysFromWhere(t *testing.T) {
	s := testkit.Cloud(t)
	u := signUp(t, s, "ada@example.org")
	u.newDevice("New PC").proved()
	m := s.WaitMail(t, u.email, func(m mail.Received) bool { return strings.Contains(m.Text, "New PC") })
	if !strings.Contains(m.Text, "127.0.0.1") {
		t.Errorf("mail says %q", m.Text)
	}
}
