package main

import (
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/coffer-vault/coffer/assets"
)

// tell says what keeps the program from starting, where there is no window yet to say it in.
func tell(message string, err error) {
	fmt.Fprintln(os.Stderr, "coffer:", message)
	if err != nil {
		fmt.Fprintln(os.Stderr, "coffer:", err)
	}
	showMessage(message)
}

// sentence is a text in the language of the system, or else in English.
func sentence(key string) string {
	words, err := assets.Load(usualLanguage())
	if err != nil {
		return key
	}
	return words.Text(key)
}

// toolkitLog takes what the toolkit writes to the log. When it cannot draw, it writes that and nothing more; the person is told what
// to do instead.
type toolkitLog struct{ log *slog.Logger }

// The beginnings of what the toolkit writes when there is no OpenGL, or no display.
var fatal = []string{"window creation error", "failed to initialise GLFW"}

func (t toolkitLog) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line))
	t.log.Warn("toolkit", "says", text)
	for _, f := range fatal {
		if strings.Contains(text, f) {
			tell(sentence("ui.noOpenGL"), nil)
			os.Exit(exitFailure)
		}
	}
	return len(line), nil
}
