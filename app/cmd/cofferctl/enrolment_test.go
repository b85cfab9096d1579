package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/internal/enrolment"
	"github.com/coffer-vault/coffer/internal/testpc"
)

func TestWhosePCThisIs(t *testing.T) {
	token := enrolment.Token{Domain: "coffer.example", Name: "Bäckerei Müller", Language: "de"}
	damaged := fmt.Errorf("%w: a character is wrong", enrolment.ErrToken)
	for name, c := range map[string]struct {
		token          enrolment.Token
		err            error
		status, doctor string
		ok             bool
	}{
		"enrolled": {token, nil, "PC of Bäckerei Müller\n", "Bäckerei Müller, server coffer.example, language de", true},
		"damaged":  {enrolment.Token{}, damaged, "", "Coffer works as without one: no enrolment token", false},
		"nobody's": {enrolment.Token{}, nil, "", "", true},
	} {
		pc := testpc.New(t, "PC A", nil)
		var out bytes.Buffer
		p := &program{manager: pc.Manager, paths: pc.Paths, stdout: &out, stderr: &out, keyring: pc.Keyring,
			enrolment: func() (enrolment.Token, error) { return c.token, c.err }}
		if code := p.run(t.Context(), []string{"status"}); code != exitOK || strings.Contains(out.String(), "PC of") != (c.status != "") || !strings.Contains(out.String(), c.status) {
			t.Errorf("%s: status: %d %s", name, code, &out)
		}
		findings := p.checkEnrolment()
		if (len(findings) == 1) != (c.doctor != "") || len(findings) == 1 && (findings[0].OK != c.ok || !strings.Contains(findings[0].Detail, c.doctor)) {
			t.Errorf("%s: doctor: %v", name, findings)
		}
	}
}
