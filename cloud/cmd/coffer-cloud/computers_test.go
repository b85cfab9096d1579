package main

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/internal/enrolment"
)

// call runs a command of the operator in this process.
func call(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out, errs bytes.Buffer
	err := run(t.Context(), program{nil, &out, &errs, func(string) (string, bool) { return "", false }}, append([]string{"admin"}, args...))
	return out.String() + errs.String(), err
}

// A token is made, listed and ended while the server runs.
func TestEnrollCommands(t *testing.T) {
	data := t.TempDir()
	if _, err := call(t, "computers", "--data", data, "--org", strings.Repeat("0", 32)); err == nil {
		t.Error("there is no server, and there was a list")
	}
	start(t, "serve", "--dev", "--data", data)
	out, err := call(t, "enroll-token", "--data", data, "--domain", "coffer.example", "--name", "Bäckerei Müller & Söhne", "--language", "de", "--days", "30")
	found := regexp.MustCompile(`organization ([0-9a-f]{32})\nserial +([0-9a-f]{32})\nlast day +\d{4}-\d\d-\d\d\n\nENROLL=(.+)\n`).FindStringSubmatch(out)
	if err != nil || found == nil {
		t.Fatalf("%v: %s", err, out)
	}
	token, err := enrolment.Parse(found[3])
	if err != nil || token.Domain != "coffer.example" || token.Name != "Bäckerei Müller & Söhne" || token.Language != "de" {
		t.Errorf("%+v, %v", token, err)
	}
	out, err = call(t, "computers", "--data", data, "--org", found[1], "--json")
	var list []listedComputer
	if err != nil || json.Unmarshal([]byte(out), &list) != nil || len(list) != 0 {
		t.Errorf("%v: %s", err, out)
	}
	if out, err = call(t, "computers", "--data", data, "--org", found[1]); err != nil || !strings.HasPrefix(out, "NAME") {
		t.Errorf("%v: %s", err, out)
	}
	for _, one := range []string{found[2], found[3]} {
		if out, err = call(t, "enroll-revoke", "--data", data, one); err != nil || out != "revoked "+found[2]+"\n" {
			t.Errorf("%v: %s", err, out)
		}
	}
	for _, wrong := range [][]string{
		{"enroll-revoke", "--data", data, found[1]}, {"enroll-revoke", "--data", data, "CE1.a.b"}, {"enroll-revoke", "--data", data},
		{"computer-remove", "--data", data, found[1]}, {"computer-remove", "--data", data, "PC-1"}, {"computer-remove", "--data", data},
		{"computers", "--data", data}, {"enroll-token", "--data", data, "--domain", "coffer.example"},
		{"enroll-token", "--data", data, "--name", "Bakery"}, {"enroll-token", "--data", data, "--domain", "coffer.example", "--name", "Bakery", "--language", "xx"},
		{"enroll-token", "--data", data, "--domain", "coffer.example", "--name", "Bakery", "--days", "0"},
		{"enroll-token", "--data", data, "--domain", "coffer.example", "--name", "Bakery", "--org", "mine"},
		{"enroll-token", "--data", data, "--domain", "coffer.example", "--name", "Bank\u202e"},
	} {
		if out, err := call(t, wrong...); err == nil {
			t.Errorf("%v: %s", wrong, out)
		}
	}
}

func TestComputersInWords(t *testing.T) {
	var out bytes.Buffer
	err := printComputers(&out, []listedComputer{
		{Name: "PC-1", Version: "1.4.0", Ring: "pilot", Health: []string{}, System: "windows"},
		{Name: "PC-2", Version: "1.3.0", Held: "pin", Health: []string{"disk-space", "version"}, Copied: true},
	})
	for _, want := range []string{"pilot  -", "good", "disk-space, version; two computers under one id", "-      pin"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s, %v", want, &out, err)
		}
	}
}

func TestTokensAreInLanguagesThatCofferSpeaks(t *testing.T) {
	var spoken []string
	for _, l := range assets.Languages() {
		spoken = append(spoken, l.Code)
	}
	if slices.Sort(spoken); !slices.Equal(spoken, languages) {
		t.Errorf("tokens %v, Coffer %v", languages, spoken)
	}
}
