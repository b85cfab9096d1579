//go:build system

package windows

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/internal/enrolment"
)

// organization has a name that a Windows code page would lose.
const organization = "Bäckerei Müller & Söhne 株式会社 — gegründet 1897"

// enrollToken is one as long as a token can be: command lines and the setup program have limits of their own.
func enrollToken(t *testing.T) string {
	t.Helper()
	token := enrolment.Token{Domain: strings.Repeat("a", 62), Name: organization, Language: "de", LastDay: "2099-12-31"}
	var text string
	for next, err := token.Text(); err == nil; next, err = token.Text() {
		text = next
		token.Domain += "." + strings.Repeat("b", 1+len(token.Domain)%3)
	}
	if len(text) < enrolment.MaxText-16 {
		t.Fatalf("a token of %d characters", len(text))
	}
	return text
}

// hiddenOnWindows are the properties of MsiHiddenProperties, as Wine lists them.
var hiddenOnWindows = regexp.MustCompile(`^Property\([SC]\): (BEFORE_)?ENROLL = `)

// TestEnroll installs for an organization: ENROLL reaches the programs, stays over an upgrade and is in no log.
func TestEnroll(t *testing.T) {
	t.Parallel()
	token := enrollToken(t)
	folder := programs(t)
	older, update := pack(t, folder, version), pack(t, folder, newer)
	setup := strings.NewReplacer("coffer-", "coffer-setup-", ".msi", ".exe").Replace(older[strings.LastIndex(older, "/"):])
	pc := newComputer(t, updateRoot(t))
	for _, wrong := range []string{"ENROLL=" + token, "ALLUSERS=1 ENROLL=CE2" + token[3:], "ALLUSERS=1 ENROLL=" + token[1:]} {
		pc.install(t, 1603, "/i "+windowsPath(older)+" "+wrong)
	}
	checkGone(t, pc)

	if code, _ := pc.run(t, windowsPath(folder+setup)+" /S /ALLUSERS=1 /SERVER=coffer.example /ENROLL="+token+` /LOG=C:\setup.txt`); code != 0 {
		t.Fatalf("setup: %d", code)
	}
	checkSettings(t, pc, "HKLM", map[string]string{"Version": version, "Server": "coffer.example", "Enroll": token})
	checkOrganization(t, pc)
	pc.install(t, 0, "/i "+windowsPath(update)+` ALLUSERS=1 /l*v C:\upgrade.txt`)
	checkSettings(t, pc, "HKLM", map[string]string{"Version": newer, "Server": "coffer.example", "Enroll": token})
	checkOrganization(t, pc)
	logs := pc.files(t, "*.txt")
	for _, path := range logs {
		log, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(bytes.ReplaceAll(log, []byte{0}, nil)) { // UTF-16
			// Wine lists the properties at the end, and does not know those that the package hides.
			if bytes.Contains(line, []byte(token)) && !hiddenOnWindows.Match(line) {
				t.Errorf("%s has the token: %.200q", path, line)
			}
		}
	}
	if len(logs) != 2 {
		t.Errorf("logs: %v", logs)
	}
	pc.install(t, 0, "/x "+productCode(t, update))
	checkGone(t, pc)
	if left := pc.registry(t, `HKLM\Software\Coffer`); strings.Contains(left, "Enroll") {
		t.Errorf("left: %s", left)
	}
}

// checkOrganization asks cofferctl whose PC it is.
func checkOrganization(t *testing.T, pc *computer) {
	t.Helper()
	out := pc.output(t, "wine", `C:\Program Files\Coffer\cofferctl.exe`, "--json", "status")
	var status struct{ Organization string }
	if err := json.Unmarshal([]byte(out), &status); err != nil || status.Organization != organization {
		t.Errorf("%s, %v", out, err)
	}
}
