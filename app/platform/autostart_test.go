package platform

import (
	"os"
	"testing"
)

// TestAutostart writes into a home of its own; on Windows, whose registry has no such thing, it puts back what was there.
func TestAutostart(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CONFIG_HOME", "")
	before, err := Autostart()
	if err != nil {
		t.Fatal(err)
	}
	if before {
		t.Skip("this user has the program started at login")
	}
	for _, on := range []bool{false, true, true, false, false} {
		if err := SetAutostart(os.Args[0], on); err != nil {
			t.Fatal(err)
		}
		if got, err := Autostart(); got != on || err != nil {
			t.Errorf("set to %v, is %v, %v", on, got, err)
		}
	}
}
