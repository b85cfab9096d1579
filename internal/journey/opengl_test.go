//go:build journey

package journey

import (
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/internal/testbus"
)

// TestJourneyWithoutOpenGL: a display that has no OpenGL 2.1, or none at all, as over remote connections. The program says what to do.
func TestJourneyWithoutOpenGL(t *testing.T) {
	display := testbus.StartDisplay(t)
	for name, env := range map[string][]string{
		"too old": {"LIBGL_ALWAYS_SOFTWARE=1", "MESA_GL_VERSION_OVERRIDE=1.4"},
		"none":    {"LIBGL_ALWAYS_INDIRECT=1", "LIBGL_DRIVERS_PATH=/nonexistent"},
	} {
		s := testbus.StartBus(t, t.TempDir())
		cmd := s.Command("../../bin/coffer")
		cmd.Env = append(cmd.Env, append(env, "COFFER_HOME="+t.TempDir(), "DISPLAY="+display, "WAYLAND_DISPLAY=", "LANG=C.UTF-8")...)
		var said bytes.Buffer
		cmd.Stderr = &said
		err := cmd.Run()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(said.String(), "OpenGL 2.1") || strings.Contains(said.String(), "goroutine") {
			t.Errorf("%s: %v: %s", name, err, said.String())
		}
	}
}
