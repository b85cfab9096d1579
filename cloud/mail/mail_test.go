package mail

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"github.com/coffer-vault/coffer/cloud"
)

// kinds has every mail, and what it must and must not say.
var kinds = map[cloud.MailKind]struct{ code, device, address, ready bool }{
	cloud.MailSignupCode:        {code: true},
	cloud.MailSignupExists:      {},
	cloud.MailDeviceCode:        {code: true, device: true},
	cloud.MailNewDevice:         {device: true},
	cloud.MailDeviceRemoved:     {device: true},
	cloud.MailKeysChanged:       {device: true},
	cloud.MailRecoveryCode:      {code: true, device: true},
	cloud.MailRecoveryStarted:   {device: true, ready: true},
	cloud.MailRecoveryCancelled: {device: true},
	cloud.MailRecovered:         {device: true},
	cloud.MailEmailCodeOld:      {code: true, device: true, address: true},
	cloud.MailEmailCodeNew:      {code: true},
	cloud.MailEmailExists:       {},
	cloud.MailEmailChanged:      {device: true, address: true},
	cloud.MailAccountDeleted:    {device: true},
}

func sample(kind cloud.MailKind) cloud.Mail {
	return cloud.Mail{
		To: "ada@example.org", Kind: kind, Code: "K7QM-2X9D", Device: `Büro <b>"PC"<b> & mehr`, Platform: "windows", Time: 1_800_000_000_000,
		Address: "grace@example.org", ReadyAt: 1_800_086_400_000,
	}
}

func TestRender(t *testing.T) {
	for kind, want := range kinds {
		for _, language := range []string{"", "en", "en-GB", "tlh", "../../etc", "en/device-code"} {
			m := sample(kind)
			m.Language = language
			got, err := Render(m)
			if err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			if got.Subject == "" || strings.Contains(got.Subject, m.Code) || strings.ContainsAny(got.Subject, "\r\n") {
				t.Errorf("%s: subject %q", kind, got.Subject)
			}
			if strings.Contains(got.HTML, "<b>") || strings.Contains(got.Text, "&lt;") {
				t.Errorf("%s: a device's name is escaped where it should not be, or not where it should", kind)
			}
			if strings.Contains(got.HTML, m.Code) != want.code {
				t.Errorf("%s: code in the HTML: %v, want %v", kind, !want.code, want.code)
			}
			for part, expected := range map[string]bool{
				m.Code: want.code, m.Device: want.device, "Windows": want.device, "15 January 2027, 08:00 UTC": want.device,
				m.Address: want.address, "16 January 2027, 08:00 UTC": want.ready,
			} {
				if strings.Contains(got.Text, part) != expected {
					t.Errorf("%s: %q in it: %v, want %v", kind, part, !expected, expected)
				}
			}
		}
	}
	if len(templates) != len(kinds) {
		t.Errorf("%d templates for %d kinds", len(templates), len(kinds))
	}
	if _, err := Render(cloud.Mail{Kind: "unknown"}); err == nil {
		t.Error("a mail of an unknown kind was written")
	}
}

// The name of a device is its owner's to choose, and a thief's. No part of it may be something that mail programs make a link of.
func TestNamesOfDevicesAreNoLinks(t *testing.T) {
	for name, want := range map[string]string{
		"ADA-PC": "ADA-PC", "Büro (2. Stock)": "Büro (2· Stock)", "Blocked! See https://evil.example/x": "Blocked! See https:··evil·example·x",
		"ask eve@evil.example": "ask eve·evil·example", `\\evil\share`: "··evil·share", "www。evil．example": "www·evil·example",
	} {
		m := sample(cloud.MailDeviceCode)
		m.Device, m.Platform = name, "evil.example/x"
		got, err := Render(m)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(got.Text, "Device:  "+want+"\n") || !strings.Contains(got.Text, "System:  evil·example·x\n") || strings.Contains(got.HTML, "evil.example") {
			t.Errorf("%q: %s", name, got.Text)
		}
	}
}

func newSMTP(t *testing.T, address string) *SMTP {
	t.Helper()
	s, err := NewSMTP(address, "secret", "coffer@example.org")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSendThroughSMTP(t *testing.T) {
	dir, out := filepath.Join(t.TempDir(), "mail"), new(bytes.Buffer)
	sink, err := NewSink(dir, out)
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	sender := newSMTP(t, "smtp://"+sink.Addr()+"?starttls=never")
	for i, kind := range slices.Sorted(maps.Keys(kinds)) {
		if err := sender.Send(t.Context(), sample(kind)); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		got, err := sink.Wait(t.Context(), func(r Received) bool { return r.Number == i+1 })
		if err != nil {
			t.Fatal(err)
		}
		want, err := Render(sample(kind))
		if err != nil {
			t.Fatal(err)
		}
		if got.To != "ada@example.org" || got.Subject != want.Subject || strings.TrimSpace(got.Text) != strings.TrimSpace(want.Text) {
			t.Errorf("%s arrived as %q to %s:\n%s", kind, got.Subject, got.To, got.Text)
		}
		for _, header := range []string{"Auto-Submitted: auto-generated", "Message-ID: ", "Date: ", "From: <coffer@example.org>"} {
			if !bytes.Contains(got.Raw, []byte(header)) {
				t.Errorf("%s: header %q is missing", kind, header)
			}
		}
	}
	files, err := fs.Glob(os.DirFS(dir), "*.eml")
	if err != nil || len(files) != len(kinds) {
		t.Fatalf("files %v, %v", files, err)
	}
	if data, err := os.ReadFile(filepath.Join(dir, files[0])); err != nil || !bytes.Equal(data, sink.Mails()[0].Raw) {
		t.Errorf("first file: %v", err)
	}
	if !strings.Contains(out.String(), "K7QM-2X9D") {
		t.Errorf("printed %s", out)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := sink.Wait(ctx, func(Received) bool { return false }); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting in vain: %v", err)
	}
}

// refusing is a mail server that answers every recipient with an error.
type refusing struct {
	sinkSession
	answer *smtp.SMTPError
}

func (r *refusing) Rcpt(string, *smtp.RcptOptions) error { return r.answer }

func serve(t *testing.T, backend smtp.Backend, config *tls.Config) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(backend)
	server.TLSConfig = config
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return listener.Addr().String()
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		code      int
		permanent bool
	}{{450, false}, {421, false}, {550, true}, {501, true}} {
		backend := smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
			return &refusing{answer: &smtp.SMTPError{Code: c.code, Message: "no mailbox ada@example.org here"}}, nil
		})
		err := newSMTP(t, "smtp://"+serve(t, backend, nil)+"?starttls=never").Send(t.Context(), sample(cloud.MailSignupCode))
		if err == nil || errors.Is(err, cloud.ErrUndeliverable) != c.permanent {
			t.Errorf("%d: %v, want permanent %v", c.code, err, c.permanent)
		}
		if err != nil && strings.Contains(err.Error(), "@") {
			t.Errorf("%d: the error names an address: %v", c.code, err)
		}
	}
}

func TestServerAway(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	err = newSMTP(t, "smtp://"+listener.Addr().String()+"?starttls=never").Send(t.Context(), sample(cloud.MailSignupCode))
	if err == nil || errors.Is(err, cloud.ErrUndeliverable) {
		t.Errorf("%v, want an error worth a retry", err)
	}
}

// No mail and no password goes over a connection that is not what was asked for.
func TestTLSIsNotNegotiable(t *testing.T) {
	sink, err := NewSink("", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	taken := smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &sinkSession{sink: sink}, nil })
	certificate := httptest.NewUnstartedServer(nil)
	certificate.StartTLS()
	defer certificate.Close()
	selfSigned := serve(t, taken, &tls.Config{Certificates: certificate.TLS.Certificates})
	for name, address := range map[string]string{
		"no STARTTLS on offer":   "smtp://" + sink.Addr(),
		"unknown certificate":    "smtp://" + selfSigned,
		"certificate, opportune": "smtp://" + selfSigned + "?starttls=opportunistic",
		"password without TLS":   "smtp://user@" + sink.Addr() + "?starttls=never",
	} {
		if err := newSMTP(t, address).Send(t.Context(), sample(cloud.MailSignupCode)); err == nil {
			t.Errorf("%s: the mail was sent", name)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error names the password: %v", name, err)
		}
	}
	if n := len(sink.Mails()); n != 0 {
		t.Errorf("%d mails arrived", n)
	}
}

func TestNewSMTPRefuses(t *testing.T) {
	for _, address := range []string{"", "mail.example.org", "http://mail.example.org", "smtp://", "smtp://h:port", "smtp://h?starttls=maybe", "smtp://h:99999999"} {
		if _, err := NewSMTP(address, "", "coffer@example.org"); err == nil {
			t.Errorf("%q was accepted", address)
		}
	}
	if _, err := NewSMTP("smtp://h", "", "not an address"); err == nil {
		t.Error("a malformed sender was accepted")
	}
}

// What is no mail of ours is refused and not kept.
func TestSinkRefusesWhatItCannotRead(t *testing.T) {
	sink, err := NewSink("", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	for _, raw := range []string{"", "no headers", "Subject: x\r\n\r\nplain", "Subject: x\r\nContent-Type: multipart/alternative\r\n\r\n"} {
		session := &sinkSession{sink: sink}
		if err := session.Data(strings.NewReader(raw)); err == nil {
			t.Errorf("%q was taken", raw)
		}
	}
	session := &sinkSession{sink: sink}
	if session.Rcpt("a@b", nil) != nil || session.Rcpt("c@d", nil) == nil {
		t.Error("a second recipient was taken")
	}
	if err := session.Data(io.MultiReader()); err == nil || len(sink.Mails()) != 0 {
		t.Error("an empty mail was kept")
	}
}
