package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
)

func TestVerifyAndRepair(t *testing.T) {
	server := testkit.Cloud(t)
	pc := testpc.New(t, "PC A", nil)
	u := pc.SignUp(t, server, email)
	testpc.Save(t, u, testpc.Login("Synced", "a", "b"))
	testpc.Sync(t, u)
	if err := u.BackUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	testpc.Save(t, u, testpc.Login("Synced since", "a", "b"))
	testpc.Sync(t, u)
	path := pc.Paths.Account(u.Account().ID)
	u.Lock()
	run := func(args ...string) (int, string, string) {
		t.Helper()
		return call(t, pc, strings.NewReader(testpc.Password), append([]string{"vault"}, args...)...)
	}
	for action, want := range map[string]string{"verify": "2, all of them open", "repair": "The vault is whole: 2 items.", "backups": " KB"} {
		if code, out, errOut := run(action); code != exitOK || !strings.Contains(out, want) {
			t.Errorf("%s of a whole vault: %d %s %s", action, code, out, errOut)
		}
	}
	if code, _, _ := run("polish"); code != exitUsage {
		t.Errorf("an unknown action: %d", code)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data[:5000], 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, _ := run("verify"); code != exitTrouble || !strings.Contains(out, "cofferctl vault repair") {
		t.Errorf("verify of a damaged one: %d %s", code, out)
	}
	if code, out, errOut := run("repair"); code != exitOK || !strings.Contains(out, "Mended from the server: 2 items") {
		t.Errorf("repair: %d %s %s", code, out, errOut)
	}
	if code, out, errOut := run("verify"); code != exitOK {
		t.Errorf("after the repair: %d %s %s", code, out, errOut)
	}
}

// Where no account is listed because its file is not what it should be, that is said, and not that there is none.
func TestNoAccountSaysWhy(t *testing.T) {
	server := testkit.Cloud(t)
	stranger := testpc.New(t, "PC B", nil)
	ben := stranger.SignUp(t, server, "ben@coffer.test").Account().ID
	stranger.Close()
	for want, damage := range map[string]func(t *testing.T, path string){
		"newer version": sql(`PRAGMA user_version = 999`),
		"another account": func(t *testing.T, path string) {
			if err := os.WriteFile(path, content(t, stranger.Paths.Account(ben)), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"damaged": bytesOf(func([]byte) []byte { return []byte(strings.Repeat("no vault ", 1000)) }),
	} {
		t.Run(want, func(t *testing.T) {
			pc := testpc.New(t, "PC A", nil)
			u := pc.SignUp(t, server, want[:2]+email)
			path := pc.Paths.Account(u.Account().ID)
			u.Lock()
			damage(t, path)
			before := content(t, path)
			if code, _, errOut := call(t, pc, nil, "list"); code != exitFailure || !strings.Contains(errOut, want) {
				t.Errorf("%d %s", code, errOut)
			}
			if !bytes.Equal(content(t, path), before) {
				t.Error("the file was changed")
			}
		})
	}
}
