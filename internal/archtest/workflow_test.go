package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var pinned = regexp.MustCompile(`^uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)

// A tag of somebody else's action can be moved to other code, which would run beside the certificates of a release.
func TestActionsAreNamedByCommit(t *testing.T) {
	workflows, err := filepath.Glob("../../.github/workflows/*")
	if err != nil {
		t.Fatal(err)
	}
	uses := 0
	for _, path := range workflows {
		workflow, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(workflow)) {
			step := strings.TrimPrefix(strings.TrimSpace(line), "- ")
			if !strings.HasPrefix(step, "uses:") {
				continue
			}
			if uses++; !pinned.MatchString(step) {
				t.Errorf("%s: %q is not named by commit and version", path, step)
			}
		}
	}
	if uses < 8 {
		t.Errorf("only %d actions", uses)
	}
}
