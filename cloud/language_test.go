package cloud_test

import (
	"net/netip"
	"testing"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/signing"
)

// signInFrom proves a new device of a person, whose client speaks a language, and returns the mail with the code.
func (w *world) signInFrom(p *person, language string, from netip.Addr) cloud.Mail {
	w.t.Helper()
	proof := w.proof(p)
	proof.Language, proof.From = language, from
	if _, err := w.SignIn.Prove(w.t.Context(), proof); err != nil {
		w.t.Fatal(err)
	}
	return w.deliver()
}

func (p *person) onNewDevice() *person {
	other := *p
	other.key = signing.Generate()
	other.device = newDevice("New PC", other.key.Public())
	return &other
}

// A thief who signs in says which language his client speaks. The owner is warned in his own, until a client has signed in that has
// another one.
func TestOwnerIsWarnedInHisOwnLanguage(t *testing.T) {
	for _, c := range []struct{ owner, client, code, after string }{
		{owner: "ja", client: "nl", code: "ja", after: "nl"},
		{owner: "ja", client: "", code: "ja", after: "ja"},
		{owner: "", client: "nl", code: "nl", after: "nl"},
	} {
		w, p := newWorld(t), newPerson("ada@example.org")
		w.signUpIn(p, c.owner)
		pc, from := p.onNewDevice(), netip.MustParseAddr("192.0.2.7")
		mail := w.signInFrom(pc, c.client, from)
		if mail.Kind != cloud.MailDeviceCode || mail.Language != c.code || mail.From != from {
			t.Errorf("%+v: code in %q from %v", c, mail.Language, mail.From)
		}
		caller := cloud.Caller{Account: p.account, Device: pc.device.ID, Key: pc.device.Key, From: netip.MustParseAddr("2001:db8::1")}
		if _, err := w.SignIn.Resend(t.Context(), caller); err != nil {
			t.Fatal(err)
		}
		again := w.deliver()
		if again.Language != c.code || again.From != caller.From {
			t.Errorf("%+v: another code in %q from %v", c, again.Language, again.From)
		}
		if _, err := w.SignIn.VerifyDevice(t.Context(), caller, again.Code); err != nil {
			t.Fatal(err)
		}
		if notice := w.deliver(); notice.Kind != cloud.MailNewDevice || notice.Language != c.code || notice.From != caller.From {
			t.Errorf("%+v: %s in %q from %v", c, notice.Kind, notice.Language, notice.From)
		}
		if _, err := w.Accounts.StartEmail(t.Context(), p.caller(), "grace@example.org", w.freshEmail(p, "grace@example.org")); err != nil {
			t.Fatal(err)
		}
		if notice := w.deliver(); notice.Language != c.after {
			t.Errorf("%+v: afterwards in %q", c, notice.Language)
		}
	}
}

// The language of the settings counts from the next sign-in of a device that the account has.
func TestKnownDeviceSaysItsLanguage(t *testing.T) {
	w, p := newWorld(t), newPerson("ada@example.org")
	w.signUpIn(p, "ja")
	proof := w.proof(p)
	proof.Language = "it"
	if _, err := w.SignIn.Prove(t.Context(), proof); err != nil {
		t.Fatal(err)
	}
	if mail := w.signInFrom(p.onNewDevice(), "nl", netip.Addr{}); mail.Language != "it" {
		t.Errorf("code in %q", mail.Language)
	}
}
