package mail

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/cloud"
)

const sentMail = "0193e4a5-1111-7222-8333-444455556666"

// reports are what mail servers write, and what else arrives at a sender's address. The first two have the forms of Postfix and of
// Exchange, by their documentation.
var bounces = []struct {
	name, text string
	want       cloud.Bounce // zero: dropped
}{
	{"postfix", `From: MAILER-DAEMON@mx.example.org (Mail Delivery System)
Content-Type: multipart/report; report-type=delivery-status;
	boundary="A1/mx.example.org"

This is a MIME-encapsulated message.

--A1/mx.example.org
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

<ada@example.net>: host mail.example.net said: 550 5.1.1 User unknown

--A1/mx.example.org
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org
X-Postfix-Queue-ID: A1

Final-Recipient: rfc822; ada@example.net
Action: failed
Status: 5.1.1
Remote-MTA: dns; mail.example.net
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--A1/mx.example.org
Content-Description: Undelivered Message
Content-Type: message/rfc822

Message-ID: <` + sentMail + `@example.org>
Subject: Your code

secret body
--A1/mx.example.org--
`, cloud.Bounce{Mail: sentMail, Answer: "5.1.1 550 5.1.1 User unknown"}},
	{"names the mail in its own header", `In-Reply-To: <` + sentMail + `@example.org>
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns;x

Final-Recipient: rfc822;ada@example.net
Action: Failed
Status: 5.2.2

--b--
`, cloud.Bounce{Mail: sentMail, Answer: "5.2.2"}},
	{"base64", `In-Reply-To: <` + sentMail + `@example.org>
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/global-delivery-status
Content-Transfer-Encoding: base64

UmVwb3J0aW5nLU1UQTogZG5zO3gKCkFjdGlvbjogZmFpbGVkClN0YXR1czogNS4wLjAK
--b--
`, cloud.Bounce{Mail: sentMail, Answer: "5.0.0"}},
	{"delayed", `In-Reply-To: <` + sentMail + `@example.org>
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns;x

Action: delayed
Status: 4.4.1

--b--
`, cloud.Bounce{}},
	{"of another's mail", `Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns;x

Action: failed

--b
Content-Type: text/rfc822-headers

Message-ID: <newsletter@example.org>

--b--
`, cloud.Bounce{}},
	{"an answer of a person", "In-Reply-To: <" + sentMail + "@example.org>\nContent-Type: text/plain\n\nAction: failed\n", cloud.Bounce{}},
	{"read receipt", "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b--\n", cloud.Bounce{}},
	{"cut off", "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/deliv", cloud.Bounce{}},
	{"no boundary", "Content-Type: multipart/report; report-type=delivery-status\n\nx", cloud.Bounce{}},
	{"nothing", "", cloud.Bounce{}},
}

func TestParseBounce(t *testing.T) {
	for _, c := range bounces {
		for _, end := range []string{"\n", "\r\n"} {
			got, err := ParseBounce(strings.NewReader(strings.ReplaceAll(c.text, "\n", end)))
			if got != c.want || (err == nil) != (c.want != cloud.Bounce{}) || err != nil && !errors.Is(err, ErrNoBounce) {
				t.Errorf("%s: %+v, %v", c.name, got, err)
			}
		}
	}
}

// What a mail server gives back names the mail by what SMTP has sent.
func TestBounceNamesTheMail(t *testing.T) {
	sink, err := NewSink("", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	m := sample(cloud.MailSignupCode)
	m.ID = sentMail
	if err := newSMTP(t, "smtp://"+sink.Addr()+"?starttls=never").Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got, err := ParseBounce(bytes.NewReader(NewBounce(sink.Mails()[0], "550 5.1.1 no such user")))
	if want := (cloud.Bounce{Mail: sentMail, Answer: "5.1.1 550 5.1.1 no such user"}); got != want || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
}

// Whoever can write to the sender's address can send anything.
func FuzzParseBounce(f *testing.F) {
	for _, c := range bounces {
		f.Add([]byte(c.text))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		got, err := ParseBounce(bytes.NewReader(message))
		if (err == nil) == (got == cloud.Bounce{}) || err == nil && len(got.Mail) != len(sentMail) {
			t.Errorf("%+v, %v", got, err)
		}
	})
}
