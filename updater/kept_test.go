package updater

import (
	"errors"
	"os"
	"testing"
)

// The package of the version that runs, and of the one before while a newer one has not been begun, outlive what is staged.
func TestPackageOfTheVersionThatRunsIsKept(t *testing.T) {
	w := newWorld(t)
	cfg := w.config("1.0.0")
	cfg.KeepPackages = true
	runs := func(version string) *Client { cfg.Installed = number(version); return w.client(cfg) }
	kept := func(version, want string) {
		t.Helper()
		s, err := runs(version).Kept()
		if want == "" {
			if !errors.Is(err, ErrNothingStaged) {
				t.Errorf("%s is kept: %v, %v", version, s, err)
			}
			return
		}
		if content, readErr := os.ReadFile(s.Path); err != nil || readErr != nil || string(content) != want || s.Size != int64(len(want)) {
			t.Errorf("%s: kept %q, %v, %v", version, content, err, readErr)
		}
	}
	update := func(from, to, content string) {
		t.Helper()
		w.release(to, content)
		wantStaged(t, runs(from).Stage(t.Context(), nil), content)
		kept(to, "") // staged, and not installed
		_, err := runs(from).BeginInstall(number(to))
		w.must(err)
	}
	update("1.0.0", "1.1.0", "first")
	kept("1.0.0", "") // installed by somebody else
	killed := runs("1.1.0")
	killed.at = func(step string) error {
		if step == "kept" {
			return errors.New("killed")
		}
		return nil
	}
	if _, ok := killed.Check(t.Context()).(Refused); !ok {
		t.Error("the kill did not happen")
	}
	wantUpToDate(t, runs("1.1.0").Check(t.Context()))
	kept("1.1.0", "first")
	update("1.1.0", "1.2.0", "second")
	wantUpToDate(t, runs("1.2.0").Check(t.Context()))
	kept("1.1.0", "first") // the way back
	kept("1.2.0", "second")
	update("1.2.0", "1.3.0", "third")
	kept("1.1.0", "")
	kept("1.2.0", "second")
	cfg.KeepPackages = false
	wantUpToDate(t, runs("1.3.0").Check(t.Context()))
	kept("1.3.0", "")
}
