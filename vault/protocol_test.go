package vault

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestKindsAreInTheProtocol keeps the table of docs/protocol.md §6 what the kinds are: another client shows them by it.
func TestKindsAreInTheProtocol(t *testing.T) {
	data, err := os.ReadFile("../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range Kinds() {
		var keys []string
		for _, f := range spec.Fields {
			keys = append(keys, fmt.Sprintf("`%s` %s", f.Key, f.Type))
		}
		row := fmt.Sprintf("| `%s` | %s |\n", spec.Kind, strings.Join(keys, ", "))
		if !strings.Contains(string(data), row) {
			t.Errorf("the protocol lacks this row:\n%s", row)
		}
	}
}
