package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// Scripts take these lines apart.
func TestLinesOfAList(t *testing.T) {
	pc := testpc.New(t, "PC A", nil)
	u := pc.SignUp(t, testkit.Cloud(t), email)
	note := vault.Item{Kind: vault.Note, Title: "Attic"}
	licence := vault.Item{Kind: vault.SoftwareLicence, Title: "Zebra"}
	var want strings.Builder
	for _, it := range []vault.Item{note, testpc.Login("Büro", "anna", "x"), licence} {
		it = testpc.Save(t, u, it)
		user := ""
		if it.Kind == vault.Login {
			user = "anna"
		}
		fmt.Fprintf(&want, "%s  %-8s  %s  %s\n", it.ID, it.Kind, it.Title, user)
	}
	for n := range 20 {
		it := testpc.Save(t, u, vault.Item{Kind: vault.Note, Title: fmt.Sprintf("Zebra %03d", n)})
		fmt.Fprintf(&want, "%s  note      %s  \n", it.ID, it.Title)
	}
	u.Lock()
	code, out, errOut := call(t, pc, strings.NewReader(testpc.Password), "list")
	if code != exitOK || out != want.String() {
		t.Errorf("%d, %s\n%swant\n%s", code, errOut, out, want.String())
	}
}
