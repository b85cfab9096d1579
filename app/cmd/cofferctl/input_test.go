package main

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// asked is where the questions are printed; the first one interrupts the program.
type asked struct {
	bytes.Buffer
	interrupt func()
}

func (a *asked) Write(text []byte) (int, error) {
	defer a.interrupt()
	return a.Buffer.Write(text)
}

// Ctrl-C at a question that nobody answers ends the program: reading is nothing that a context could end.
func TestInterruptedAtAQuestion(t *testing.T) {
	server, pc := testkit.Cloud(t), testpc.New(t, "PC", nil)
	pc.SignUp(t, server, email).Lock()
	silence, _ := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	stderr := &asked{interrupt: cancel}
	p := &program{manager: pc.Manager, paths: pc.Paths, stdin: silence, stdout: io.Discard, stderr: stderr}
	if code := p.run(ctx, []string{"list"}); code != exitFailure {
		t.Errorf("code %d", code)
	}
	if !strings.HasPrefix(stderr.String(), "Master password: ") {
		t.Errorf("printed %q", stderr)
	}
}
