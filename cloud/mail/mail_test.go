package mail

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/coffer-vault/coffer/cloud"
)

// content is what a mail says.
type content struct{ code, device, address, ready, stranger bool }

// where tells whether a mail says when and from where. The two that no device of an account is named in say so of what asked for a code.
func (c content) where() bool { return c.device || c.stranger }

// kinds has every mail, and what it must and must not say.
var kinds = map[cloud.MailKind]content{
	cloud.MailSignupCode:        {code: true, stranger: true},
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
	cloud.MailEmailCodeNew:      {code: true, stranger: true},
	cloud.MailEmailExists:       {},
	cloud.MailEmailChanged:      {device: true, address: true},
	cloud.MailAccountDeleted:    {device: true},
}

func sample(kind cloud.MailKind) cloud.Mail {
	return cloud.Mail{
		To: "ada@example.org", Kind: kind, Code: "K7QM-2X9D", Device: `Büro <b>"PC"<b> & mehr`, Platform: "windows",
		Time: time.Date(2027, time.March, 1, 8, 0, 0, 0, time.UTC).UnixMilli(), From: netip.MustParseAddr("192.0.2.7"),
		Address: "grace@example.org", ReadyAt: time.Date(2027, time.March, 2, 8, 0, 0, 0, time.UTC).UnixMilli(),
	}
}

// languages are all of them, with a time as each writes it, of which the day and the month are easily taken for each other.
var languages = map[string]struct{ time, ready string }{
	"en": {"1 March 2027, 08:00 UTC", "2 March 2027, 08:00 UTC"},
	"de": {"1. März 2027, 08:00 UTC", "2. März 2027, 08:00 UTC"},
	"fr": {"1er mars 2027, 08:00 UTC", "2 mars 2027, 08:00 UTC"},
	"es": {"1 de marzo de 2027, 08:00 UTC", "2 de marzo de 2027, 08:00 UTC"},
	"it": {"1º marzo 2027, 08:00 UTC", "2 marzo 2027, 08:00 UTC"},
	"nl": {"1 maart 2027 08:00 UTC", "2 maart 2027 08:00 UTC"},
	"ja": {"2027年3月1日 08:00 UTC", "2027年3月2日 08:00 UTC"},
}

func TestRender(t *testing.T) {
	for language, dates := range languages {
		for kind, want := range kinds {
			t.Run(language+"/"+string(kind), func(t *testing.T) {
				m := sample(kind)
				m.Language = language
				got, err := Render(m)
				if err != nil {
					t.Fatal(err)
				}
				if got.Subject == "" || strings.Contains(got.Subject, m.Code) || strings.ContainsAny(got.Subject, "\r\n") {
					t.Errorf("subject %q", got.Subject)
				}
				if strings.Contains(got.HTML, "<b>") || strings.Contains(got.Text, "&lt;") || !strings.Contains(got.HTML, `<html lang="`+language+`">`) {
					t.Error("a device's name is escaped where it should not be, or not where it should")
				}
				for part, expected := range map[string]bool{
					m.Code: want.code, m.Device: want.device, "Windows": want.device, dates.time: want.where(), "192.0.2.7": want.where(),
					m.Address: want.address, dates.ready: want.ready,
				} {
					if strings.Contains(got.Text, part) != expected || (part != m.Device && strings.Contains(got.HTML, part) != expected) {
						t.Errorf("%q in it: %v, want %v", part, !expected, expected)
					}
				}
			})
		}
	}
	if len(templates) != len(languages) {
		t.Errorf("%d languages with templates", len(templates))
	}
	if _, err := Render(cloud.Mail{Kind: "unknown"}); err == nil {
		t.Error("a mail of an unknown kind was written")
	}
}

// No mail has fewer paragraphs in one language than in another: what is left out would be a warning.
func TestLanguagesSayTheSame(t *testing.T) {
	paragraphs := func(language string, kind cloud.MailKind) int {
		m := sample(kind)
		m.Language = language
		got, err := Render(m)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(got.HTML, "<p>") + strings.Count(got.HTML, "<pre ")
	}
	for kind := range kinds {
		for language := range languages {
			if got, want := paragraphs(language, kind), paragraphs(defaultLanguage, kind); got != want {
				t.Errorf("%s in %s: %d paragraphs, %d in English", kind, language, got, want)
			}
		}
	}
}

func TestUnknownLanguagesAreEnglish(t *testing.T) {
	for wanted, language := range map[string]string{
		"": "en", "en-GB": "en", "de-AT": "de", "ja-JP": "ja", "tlh": "en", "../../etc": "en", "en/device-code": "en", "-": "en",
	} {
		if got := languageOf(wanted); got != language {
			t.Errorf("%q: %s, want %s", wanted, got, language)
		}
	}
}

// What a mail tells people to look for is called so in the app.
func TestMailsNameWhatTheAppShows(t *testing.T) {
	for language := range languages {
		data, err := os.ReadFile("../../assets/translations/" + language + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var app map[string]any
		if err := json.Unmarshal(data, &app); err != nil {
			t.Fatal(err)
		}
		for kind, keys := range map[cloud.MailKind][]string{
			cloud.MailSignupExists:    {"screen.welcome.choose.signIn", "kit.title", "kit.password", "kit.secretKey"},
			cloud.MailNewDevice:       {"screen.action.settings", "ui.settings.devices", "kit.password"},
			cloud.MailRecoveryStarted: {"screen.notice.stopRecovery"},
			cloud.MailRecovered:       {"kit.title", "kit.recovery"},
		} {
			m := sample(kind)
			m.Language = language
			got, err := Render(m)
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range keys {
				name, _ := app[key].(string)
				if name == "" || !strings.Contains(strings.ToLower(got.Text), strings.ToLower(name)) {
					t.Errorf("%s, %s: the app says %q", language, kind, name)
				}
			}
		}
	}
}

// A server that does not know where a request came from says nothing about it.
func TestUnknownOriginIsLeftOut(t *testing.T) {
	m := sample(cloud.MailDeviceCode)
	m.From = netip.Addr{}
	got, err := Render(m)
	if err != nil || strings.Contains(got.Text, "Network") || strings.Contains(got.Text, "invalid") {
		t.Errorf("%v: %s", err, got.Text)
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
		if !strings.Contains(got.Text, "Device:   "+want+"\n") || !strings.Contains(got.Text, "System:   evil·example·x\n") || strings.Contains(got.HTML, "evil.example") {
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

// An address of a domain that cannot be is refused, as a mail server does: what follows can be seen in development.
func TestSinkRefusesAddressesThatCannotBe(t *testing.T) {
	sink, err := NewSink("", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	sender, m := newSMTP(t, "smtp://"+sink.Addr()+"?starttls=never"), sample(slices.Sorted(maps.Keys(kinds))[0])
	m.To = "ada@example.invalid"
	var refusal *cloud.Refusal
	if err := sender.Send(t.Context(), m); !errors.As(err, &refusal) || refusal.Answer != "550 5.1.2" || len(sink.Mails()) != 0 {
		t.Errorf("%v, %d mails", err, len(sink.Mails()))
	}
}
