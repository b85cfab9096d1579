package main

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/updater/release"
)

func TestTypedPassphrase(t *testing.T) {
	for name, c := range map[string]struct {
		answers []string
		asked   int
		made    bool
	}{
		"the same twice": {[]string{"long one", "long one"}, 2, true},
		"a slip":         {[]string{"long one", "lomg one"}, 2, false},
		"nothing":        {[]string{"", ""}, 2, false},
		"no terminal":    {nil, 1, false},
	} {
		asked := 0
		ctx := &context{passphraseFile: "-", now: time.Now, ask: func(string) ([]byte, error) {
			if asked++; asked > len(c.answers) {
				return nil, errors.New("not a terminal")
			}
			return []byte(c.answers[asked-1]), nil
		}}
		dir := t.TempDir()
		var failed error
		for _, file := range []string{"one.json", "two.json"} { // asked for once, however many keys
			if _, err := ctx.newKey("root", filepath.Join(dir, file)); err != nil {
				failed = err
				break
			}
		}
		if (failed == nil) != c.made || asked != c.asked {
			t.Errorf("%s: %v, asked %d times", name, failed, asked)
		}
		_, err := release.LoadKey(filepath.Join(dir, "two.json"), []byte("long one"))
		if (err == nil) != c.made {
			t.Errorf("%s: %v", name, err)
		}
	}
}
