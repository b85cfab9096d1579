package platform

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAutostartFile(t *testing.T) {
	config := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", config)
	if err := SetAutostart("/opt/coffer/coffer", true); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(config, "autostart", "coffer.desktop"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(content), "\nExec=\"/opt/coffer/coffer\" --background\n") {
		t.Errorf("written:\n%s", content)
	}
	if err := SetAutostart("/opt/coffer\nExec=rm", true); err == nil {
		t.Error("a path with a line end was written")
	}
}

func TestExecQuote(t *testing.T) {
	for argument, want := range map[string]string{
		"/usr/bin/coffer":      `"/usr/bin/coffer"`,
		"/home/anna/my coffer": `"/home/anna/my coffer"`,
		"/x/100%/coffer":       `"/x/100%%/coffer"`,
		`/x/a"b/c$d/e` + "`f`": `"/x/a\\"b/c\\$d/e` + "\\\\`f\\\\`" + `"`,
		`/x/back\slash`:        `"/x/back\\\\slash"`,
	} {
		if got, err := execQuote(argument); got != want || err != nil {
			t.Errorf("execQuote(%q) = %s, %v; want %s", argument, got, err, want)
		}
	}
}
