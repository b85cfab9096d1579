package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/cloud/mail"
)

// bounced pipes a message into the command, as a mail server does.
func bounced(t *testing.T, message string, where ...string) (string, error) {
	t.Helper()
	p, out := around(nil)
	p.in = strings.NewReader(message)
	err := run(t.Context(), p, append([]string{"admin", "bounce"}, where...))
	return out.String(), err
}

// mailsComeBack is the way of a bounce on a server that runs with its data where the arguments say: from the mail server's pipe to the
// operator's list and the metrics.
func mailsComeBack(t *testing.T, where ...string) {
	t.Helper()
	p := start(t, append([]string{"serve", "--dev", "--metrics-listen", "127.0.0.1:0"}, where...)...)
	askForCode(t, p)
	if out, err := tell(t, append([]string{"admin", "mails"}, where...)...); err != nil || !strings.Contains(out, "none in the last") {
		t.Errorf("before: %s, %v", out, err)
	}
	files, err := fs.Glob(os.DirFS(p.ready["mail"]), "*.eml")
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	raw, err := os.ReadFile(filepath.Join(p.ready["mail"], files[0]))
	if err != nil {
		t.Fatal(err)
	}
	report := string(mail.NewBounce(mail.Received{To: "ada@example.org", Raw: raw}, "550 5.1.1 no such user"))
	if out, err := bounced(t, report, where...); err != nil || !strings.Contains(out, "noted") {
		t.Fatalf("%s, %v", out, err)
	}
	for _, args := range [][]string{nil, {"--email", "Ada@Example.org"}} {
		out, err := tell(t, append(append([]string{"admin", "mails"}, where...), args...)...)
		if err != nil || !strings.Contains(out, "bounced") || !strings.Contains(out, "ada@example.org") || !strings.Contains(out, "no such user") {
			t.Errorf("%q: %s, %v", args, out, err)
		}
	}
	out, err := tell(t, append([]string{"admin", "mails", "--json"}, where...)...)
	var mails []cloud.SentMail
	if err != nil || json.Unmarshal([]byte(out), &mails) != nil || len(mails) != 1 || mails[0].Kind != cloud.MailSignupCode {
		t.Errorf("%s, %v", out, err)
	}
	if _, text := fetch(t, p.ready["metrics"]); !strings.Contains(text, "coffer_mails_bounced 1") || !strings.Contains(text, "coffer_mails_refused 0") {
		t.Error("the metrics do not have it")
	}
}

func TestMailsComeBack(t *testing.T) { mailsComeBack(t, "--data", t.TempDir()) }

// What is no report is dropped with success, or the mail server would answer whoever wrote it; where a report cannot be kept the mail
// server brings it again.
func TestBounceCommandAndItsPipe(t *testing.T) {
	data, _ := withAccount(t)
	for _, message := range []string{"", "Subject: Re: Your code\n\nHello", string(mail.NewBounce(mail.Received{Raw: []byte("Message-Id: <0193e4a5-1111-7222-8333-444455556666@example.org>\r\n\r\n")}, "550"))} {
		if out, err := bounced(t, message, "--data", data); err != nil || !strings.Contains(out, "dropped") {
			t.Errorf("%.30q: %s, %v", message, out, err)
		}
	}
	report := string(mail.NewBounce(mail.Received{Raw: []byte("Message-Id: <0193e4a5-1111-7222-8333-444455556666@example.org>\r\n\r\n")}, "550"))
	if out, err := bounced(t, report, "--data", t.TempDir()); !errors.Is(err, exitCode(codeTryAgain)) {
		t.Errorf("without a database: %s, %v", out, err)
	}
}
