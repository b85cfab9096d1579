package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/health"
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
		if (len(findings) > 0) != (c.doctor != "") || len(findings) > 0 && (findings[0].OK != c.ok || !strings.Contains(findings[0].Detail, c.doctor)) {
			t.Errorf("%s: doctor: %v", name, findings)
		}
	}
}

func TestDoctorTellsOfReports(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	token := enrolment.Token{Name: "Bakery", Serial: [16]byte{1}}
	mine := hex.EncodeToString(token.Serial[:])
	for name, c := range map[string]struct {
		state health.State
		ok    bool
		says  string
	}{
		"none yet":       {health.State{}, true, "none yet"},
		"of another":     {health.State{Serial: "ff", Outcome: health.Revoked}, true, "none yet"},
		"all is well":    {health.State{Serial: mine, Outcome: health.Reported, Reported: now.Add(-24 * time.Hour)}, true, "the last 2026-11-19 12:00 UTC"},
		"away":           {health.State{Serial: mine, Outcome: health.Unreachable, Failures: 3, Reported: now.Add(-48 * time.Hour)}, true, "the last 2026-11-18"},
		"away for long":  {health.State{Serial: mine, Outcome: health.Unreachable, Failures: 30, Reported: now.Add(-8 * 24 * time.Hour), Reason: "the server does not answer"}, false, "the server does not answer"},
		"never answered": {health.State{Serial: mine, Outcome: health.Refused, Failures: 1, Reason: `the server answers "proof_failed"`}, false, "proof_failed"},
		"revoked":        {health.State{Serial: mine, Outcome: health.Revoked, Reported: now}, false, "has ended the token"},
	} {
		dir := t.TempDir()
		data, err := json.Marshal(c.state)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "state.json"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		if f := (&program{reports: dir}).checkReports(token, now); f.OK != c.ok || !strings.Contains(f.Detail, c.says) {
			t.Errorf("%s: %+v", name, f)
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "state.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if f := (&program{reports: dir}).checkReports(token, now); f.OK {
		t.Errorf("damaged: %+v", f)
	}
}
