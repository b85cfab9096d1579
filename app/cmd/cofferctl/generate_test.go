package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/internal/testpc"
)

func TestGenerate(t *testing.T) {
	pc := testpc.New(t, "PC", nil) // without an account
	for line, want := range map[string]string{
		"generate": `^[!-~]{20}\n$`,
		"generate password --length 8 --without upper,symbols --letter-first":         `^[a-z][a-z0-9]{7}\n$`,
		"generate --symbols # --min-symbols 5 --length 7 --without upper,lower":       `^[#0-9]{7}\n$`,
		"generate --rules minlength:30;required:digit;allowed:[x] --avoid-lookalikes": `^[2-9x]{30}\n$`,
		"generate passphrase --language de --words 4 --separator _ --capitalize":      `^[A-Z][a-z]+(_[A-Z][a-z]+){3}\n$`,
		"generate passphrase --language fr --number --count 3":                        `^([a-z0-9]+(-[a-z0-9]+){5}\n){3}$`,
		"generate pin --length 4 --count 5":                                           `^([0-9]{4}\n){5}$`,
		"generate pin --length 12 --dates":                                            `^[0-9]{12}\n$`,
	} {
		code, out, errOut := call(t, pc, nil, strings.Fields(line)...)
		if code != exitOK || !regexp.MustCompile(want).MatchString(out) || errOut != "" {
			t.Errorf("%s: %d %q %s", line, code, out, errOut)
		}
	}
	code, out, _ := call(t, pc, nil, "generate", "passphrase", "--json", "--words", "4")
	var all []made
	if err := json.Unmarshal([]byte(out), &all); err != nil || code != exitOK || len(all) != 1 || all[0].Bits != 51.7 || strings.Count(all[0].Value, "-") < 3 {
		t.Errorf("%d %s %v", code, out, err)
	}
}

func TestGenerateRefuses(t *testing.T) {
	pc := testpc.New(t, "PC", nil)
	for line, want := range map[string]struct {
		code int
		says string
	}{
		"generate poem":                                 {exitUsage, "password, passphrase or pin"},
		"generate password more":                        {exitUsage, "nothing else"},
		"generate --count 0":                            {exitUsage, "--count"},
		"generate --count 1001":                         {exitUsage, "--count"},
		"generate --length 3":                           {exitUsage, "out of range"},
		"generate --without letters":                    {exitUsage, "--without"},
		"generate --without upper,lower,digits,symbols": {exitUsage, "out of range"},
		"generate --rules hello":                        {exitUsage, "unknown rule"},
		"generate --rules minlength:9;maxlength:8":      {exitFailure, "no password keeps these rules"},
		"generate --length 8 --min-digits 9":            {exitFailure, "no password keeps these rules"},
		"generate passphrase --language xx":             {exitUsage, "out of range"},
		"generate passphrase --words 2":                 {exitUsage, "out of range"},
		"generate pin --length 13":                      {exitUsage, "out of range"},
		"generate pin --words 3":                        {exitUsage, "usage"},
	} {
		code, out, errOut := call(t, pc, nil, strings.Fields(line)...)
		if code != want.code || out != "" || !strings.Contains(errOut, want.says) {
			t.Errorf("%s: %d %q %s", line, code, out, errOut)
		}
	}
}
