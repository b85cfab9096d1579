package platform

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/coffer-vault/coffer/internal/filelock"
)

func TestOtherRequestsAreIgnored(t *testing.T) {
	p := createdPaths(t, t.TempDir())
	_, shown := acquire(t, p)
	for _, request := range []string{"quit\n", "", "sh", "SHOW\n"} {
		conn, err := net.Dial("unix", filepath.Join(p.Home, "instance.sock"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(conn, request)
		conn.Close()
	}
	// Requests are taken one after another: when this one has been answered, the others have been refused.
	if _, err := AcquireInstance(p, "", nil); !errors.Is(err, ErrRunning) {
		t.Fatal(err)
	}
	<-shown
	if len(shown) != 0 {
		t.Error("the window was shown for something else than the request")
	}
}

// An instance that ends hangs up before its lock is free, whether it was told to or killed.
func TestAStartBesideAnEnd(t *testing.T) {
	p := createdPaths(t, t.TempDir())
	ending, err := os.OpenFile(filepath.Join(p.Home, "instance.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if err := filelock.Try(ending); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", filepath.Join(p.Home, "instance.sock"))
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for range 2 {
			if conn, err := listener.Accept(); err == nil {
				conn.Close()
			}
		}
		listener.Close()
		ending.Close()
	}()
	acquire(t, p)
}
