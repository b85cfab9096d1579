package platform

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"testing"
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
