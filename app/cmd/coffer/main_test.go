package main

import (
	"log"
	"log/slog"
	"os"
	"testing"

	"github.com/coffer-vault/coffer/app/platform"
)

// Who starts the program again sees the window of the first, and no word of a failure.
func TestSecondStartEndsWell(t *testing.T) {
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	paths, err := platform.PathsBelow(t.TempDir())
	if err == nil {
		err = paths.Create()
	}
	if err != nil {
		t.Fatal(err)
	}
	shown := make(chan string, 1)
	first, err := platform.AcquireInstance(paths, "", func(link string) { shown <- link })
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if code := run(options{link: "coffer://settings"}, paths, slog.New(slog.DiscardHandler)); code != exitOK {
		t.Errorf("the second start ends with %d", code)
	}
	if link := <-shown; link != "coffer://settings" {
		t.Errorf("handed over %q", link)
	}
}
