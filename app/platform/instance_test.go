package platform

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func createdPaths(t *testing.T, home string) Paths {
	t.Helper()
	p, err := PathsBelow(home)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Create(); err != nil {
		t.Fatal(err)
	}
	return p
}

func acquire(t *testing.T, p Paths) (*Instance, chan struct{}) {
	t.Helper()
	shown := make(chan struct{}, 8)
	i, err := AcquireInstance(p, "", func(string) { shown <- struct{}{} })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { i.Close() })
	return i, shown
}

func TestSecondStartShowsTheFirst(t *testing.T) {
	for name, home := range map[string]string{
		"short path":                     t.TempDir(),
		"longer than a socket's address": filepath.Join(t.TempDir(), strings.Repeat("deep/", 30)),
	} {
		t.Run(name, func(t *testing.T) {
			p := createdPaths(t, home)
			first, shown := acquire(t, p)
			for range 2 {
				if _, err := AcquireInstance(p, "", nil); !errors.Is(err, ErrRunning) || errors.Is(err, ErrSilent) {
					t.Fatalf("second start: %v, want %v", err, ErrRunning)
				}
				<-shown
			}
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			acquire(t, p)
		})
	}
}

func TestProfilesHaveAnInstanceEach(t *testing.T) {
	acquire(t, createdPaths(t, t.TempDir()))
	acquire(t, createdPaths(t, t.TempDir()))
}

// TestAfterACrash runs itself as a first instance that is killed.
func TestAfterACrash(t *testing.T) {
	if home := os.Getenv("COFFER_TEST_CRASH"); home != "" {
		acquire(t, createdPaths(t, home))
		fmt.Println("acquired")
		select {}
	}
	home := t.TempDir()
	child := exec.Command(os.Args[0], "-test.run=^TestAfterACrash$")
	child.Env = append(os.Environ(), "COFFER_TEST_CRASH="+home)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fscanln(out, new(string)); err != nil {
		t.Fatal(err)
	}
	p := createdPaths(t, home)
	if _, err := AcquireInstance(p, "", nil); !errors.Is(err, ErrRunning) {
		t.Errorf("while the first lives: %v", err)
	}
	child.Process.Kill()
	child.Wait()
	acquire(t, p)
}

// A later start hands over what it was started with, once.
func TestLinkIsHandedOver(t *testing.T) {
	p := createdPaths(t, t.TempDir())
	if err := os.WriteFile(linkPath(p), []byte("coffer://of-a-dead-process"), 0o600); err != nil {
		t.Fatal(err)
	}
	links := make(chan string, 8)
	first, err := AcquireInstance(p, "coffer://our-own", func(link string) { links <- link })
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	for _, link := range []string{"coffer://open", "", "coffer://settings"} {
		if _, err := AcquireInstance(p, link, nil); !errors.Is(err, ErrRunning) {
			t.Fatal(err)
		}
		if got := <-links; got != link {
			t.Errorf("handed over %q, got %q", link, got)
		}
	}
	long := strings.Repeat("x", maxLink+1)
	if _, err := AcquireInstance(p, long, nil); err == nil || errors.Is(err, ErrRunning) {
		t.Errorf("a link without an end: %v", err)
	}
	if err := os.WriteFile(linkPath(p), []byte(long), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := takeLink(p); got != "" {
		t.Errorf("took %q", got)
	}
	if left, _ := filepath.Glob(filepath.Join(p.Home, "instance.link*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
