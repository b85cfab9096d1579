package platform

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDownloadsFolder(t *testing.T) {
	for _, c := range []struct{ name, variable, userDirs, want string }{
		{"nothing is said", "", "", "HOME/Downloads"},
		{"by the environment", "/data/in/", `XDG_DOWNLOAD_DIR="$HOME/x"`, "/data/in"},
		{"a relative path is none", "in", "", "HOME/Downloads"},
		{"by the file", "", "# written by xdg-user-dirs-update\nXDG_DESKTOP_DIR=\"$HOME/Bureau\"\nXDG_DOWNLOAD_DIR=\"$HOME/Téléchargements\"\n", "HOME/Téléchargements"},
		{"on another disk", "", `XDG_DOWNLOAD_DIR="/mnt/big/downloads"`, "/mnt/big/downloads"},
		{"switched off", "", `XDG_DOWNLOAD_DIR="$HOME/"`, "HOME"},
		{"the last line counts", "", "XDG_DOWNLOAD_DIR=\"$HOME/a\"\nXDG_DOWNLOAD_DIR=\"$HOME/b\"", "HOME/b"},
		{"escaped", "", `XDG_DOWNLOAD_DIR="$HOME/a\"b\$c\\d"`, `HOME/a"b$c\d`},
		{"without quotes", "", `XDG_DOWNLOAD_DIR=$HOME/a`, "HOME/Downloads"},
		{"never closed", "", `XDG_DOWNLOAD_DIR="$HOME/a`, "HOME/Downloads"},
		{"relative in the file", "", `XDG_DOWNLOAD_DIR="a"`, "HOME/Downloads"},
		{"another variable", "", `XDG_DOWNLOAD_DIR="$HOMER/a"`, "HOME/Downloads"},
		{"commented out", "", `#XDG_DOWNLOAD_DIR="$HOME/a"`, "HOME/Downloads"},
	} {
		t.Run(c.name, func(t *testing.T) {
			home := t.TempDir()
			config := filepath.Join(home, "settings")
			t.Setenv("HOME", home)
			t.Setenv("XDG_CONFIG_HOME", config)
			t.Setenv("XDG_DOWNLOAD_DIR", c.variable)
			if c.userDirs != "" {
				if err := os.Mkdir(config, 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(config, "user-dirs.dirs"), []byte(c.userDirs), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want := c.want
			if rest, ok := strings.CutPrefix(want, "HOME"); ok {
				want = home + rest
			}
			if got, err := Downloads(); err != nil || got != want {
				t.Errorf("%q, %v; want %q", got, err, want)
			}
		})
	}
}
