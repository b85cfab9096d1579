package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

func TestCheckTellsFindingsAndNoPassword(t *testing.T) {
	const same, weak = "Kp9!vTw2#Hs6-Xd", "winter1"
	pc := testpc.New(t, "PC A", nil)
	u := pc.SignUp(t, testkit.Cloud(t), email)
	testpc.Save(t, u, testpc.Login("Bank", "anna", same))
	testpc.Save(t, u, testpc.Login("Mail", "anna", same))
	ignored := testpc.Save(t, u, testpc.Login("Garden", "anna", "summer"))
	testpc.Save(t, u, testpc.Login("Shop", "anna", weak))
	testpc.Save(t, u, testpc.Login("Sound", "anna", "Zr4$kkPw0-YbTq8"))
	if err := u.Vault().Ignore(t.Context(), vault.FindingWeak, true, ignored.ID); err != nil {
		t.Fatal(err)
	}
	u.Lock()
	code, out, errOut := call(t, pc, strings.NewReader(testpc.Password+"\n"), "check", "--json")
	var report checkReport
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != exitOK {
		t.Fatalf("%d %s %s %v", code, out, errOut, err)
	}
	if report.Passwords != 5 || report.Good != 2 || report.Problems != 3 || len(report.Items) != 4 {
		t.Errorf("%+v", report)
	}
	if first, last := report.Items[0], report.Items[3]; first.Title != "Shop" || !slices.Equal(first.Findings, []vault.Finding{vault.FindingWeak}) ||
		last.Title != "Garden" || !slices.Equal(last.Ignored, []vault.Finding{vault.FindingWeak}) || len(last.Findings) != 0 {
		t.Errorf("%+v", report.Items)
	}
	code, text, _ := call(t, pc, strings.NewReader(testpc.Password+"\n"), "check")
	if code != exitOK || !strings.Contains(text, "2 of 5 passwords are in good order") || !strings.Contains(text, "reused") || strings.Contains(text, "Garden") {
		t.Errorf("%d %s", code, text)
	}
	for _, password := range []string{same, weak, "summer", testpc.Password} {
		if strings.Contains(out+text, password) {
			t.Error("a password is told")
		}
	}
}
