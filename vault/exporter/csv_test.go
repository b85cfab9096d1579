package exporter

import (
	"testing"

	"github.com/coffer-vault/coffer/vault"
)

func TestCSV(t *testing.T) {
	v := newVault(t)
	both := item(vault.Login, "Shop, the \"first\"", "username", "ann", "password", " p,\"q\"\n", "notes", "two\nlines")
	both.Websites = []string{"https://shop.example/login", "https://shop.test"}
	saved(t, v, both)
	saved(t, v, item(vault.Login, "Server", "username", "root", "password", "=1+1"))
	file, report := written(t, v, Options{Format: CSV})
	want := "name,url,username,password,note\n" +
		"Server,,root,=1+1,\n" +
		"\"Shop, the \"\"first\"\"\",https://shop.example/login,ann,\" p,\"\"q\"\"\n\",\"two\nlines\"\n" +
		"\"Shop, the \"\"first\"\"\",https://shop.test,ann,\" p,\"\"q\"\"\n\",\"two\nlines\"\n"
	if string(file) != want || report.Items != 2 {
		t.Errorf("%d items:\n%s\nwant\n%s", report.Items, file, want)
	}
}

// Our importer reads Chrome's file, and names items by their site as Chrome does.
func TestCSVComesBack(t *testing.T) {
	v := newVault(t)
	it := item(vault.Login, "shop.example", "username", "ann", "password", " p,\"q\"\n", "notes", "two\nlines")
	it.Websites = []string{"https://shop.example/login"}
	saved(t, v, it)
	file, _ := written(t, v, Options{Format: CSV})
	compare(t, contents(t, imported(t, file, "")), contents(t, v))
}
