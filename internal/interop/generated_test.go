//go:build system

package interop

import (
	"fmt"
	"os/exec"
	"testing"

	"github.com/coffer-vault/coffer/internal/testkit"
)

// What a generator of others makes of docs/openapi.json compiles, and its client makes an account and reads it.
func TestClientFromTheDocument(t *testing.T) {
	const dir = "generated"
	run := func(args ...string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = dir, t.Output(), t.Output()
		return cmd
	}
	if err := run("generate", "./api").Run(); err != nil {
		t.Fatal(err)
	}
	server := testkit.Cloud(t)
	client := run("run", ".", server.URL)
	codes, err := client.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintln(codes, server.LastCode(t, "generated@example.org")); err != nil {
		t.Error(err)
	}
	if err := client.Wait(); err != nil {
		t.Error(err)
	}
}
