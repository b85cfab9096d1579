package ui

import (
	"context"
	"crypto/rand"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// studio is what makes two pictures of a screen the same on every machine: a time, addresses and folders that are always the same,
// and generators of passwords and of recovery codes that always draw the same lots. Keys and ids stay random; what is seen of them has
// stand-ins in the painter.
type studio struct {
	ticks atomic.Int64
	mu    sync.Mutex
	known map[string]string // address in the pictures → where the server listens
}

// inStudio is nil where no pictures are taken.
var inStudio *studio

// The addresses in the pictures, and the folder that files are in.
const (
	studioServer = "127.0.0.1:8420"
	studioLeaks  = "127.0.0.1:8421"
	studioFolder = "/home/anna/Documents"
)

// studioTime is when the pictures are taken.
var studioTime = time.Date(2026, time.September, 20, 14, 3, 0, 0, time.UTC)

var openStudio = sync.OnceValue(func() *studio {
	s := &studio{known: map[string]string{}}
	time.Local = time.UTC
	direct := &net.Dialer{}
	http.DefaultTransport.(*http.Transport).DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		return direct.DialContext(ctx, network, s.listens(address))
	}
	rand.Reader = &lots{random: rand.Reader}
	return s
})

// enterStudio has the desks of a test stand in the studio until it ends.
func enterStudio(t testing.TB) {
	t.Helper()
	inStudio = openStudio()
	inStudio.ticks.Store(0)
	rand.Reader.(*lots).begin()
	t.Cleanup(func() { inStudio = nil })
}

// now is the time of computers and servers. It goes on with every look at it, so that what follows something is later.
func (s *studio) now() time.Time {
	return studioTime.Add(time.Duration(s.ticks.Add(1)) * time.Millisecond)
}

func (s *studio) listens(address string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if real, ok := s.known[address]; ok {
		return real
	}
	return address
}

// introduce has clients find a server by the address in the pictures, and returns its URL.
func (s *studio) introduce(shown, listens string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[shown] = strings.TrimPrefix(listens, "http://")
	http.DefaultTransport.(*http.Transport).CloseIdleConnections() // to the one that had the address before
	return "http://" + shown
}

// addressOf is what clients find a server by: in the studio the address in the pictures.
func addressOf(shown, listens string) string {
	if inStudio == nil {
		return listens
	}
	return inStudio.introduce(shown, listens)
}

// newCloud is a server, in the studio at the address and time of the pictures.
func newCloud(t testing.TB) *testkit.Server {
	t.Helper()
	return newCloudWith(t, func(*testkit.Server) {})
}

// newCloudWith is one that is set up before it starts.
func newCloudWith(t testing.TB, configure func(*testkit.Server)) *testkit.Server {
	t.Helper()
	if inStudio == nil {
		return testkit.CloudWith(t, configure)
	}
	s := testkit.CloudWith(t, func(s *testkit.Server) {
		s.URL, s.Clock.Real = "http://"+studioServer, inStudio.now
		configure(s)
	})
	inStudio.introduce(studioServer, s.Addr)
	return s
}

// newPC is a computer, in the studio with its time.
func newPC(t testing.TB, name string, configure func(*session.Config)) *testpc.PC {
	t.Helper()
	return testpc.New(t, name, func(c *session.Config) {
		if inStudio != nil {
			c.Now = inStudio.now
		}
		if configure != nil {
			configure(c)
		}
	})
}

// clockStarts is the time on the screens when a desk is sat down at.
func clockStarts() time.Time {
	if inStudio != nil {
		return studioTime.Add(10 * time.Second)
	}
	return time.Now()
}

// filesFolder makes a folder for files. In the studio its path is so short that a field never scrolls to its end.
func filesFolder(t testing.TB) string {
	t.Helper()
	if inStudio == nil {
		return t.TempDir()
	}
	folder, err := os.MkdirTemp("/tmp", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	return folder
}

// shownFolder is what the folder for files is called in the window.
func (d *desk) shownFolder() string {
	if inStudio != nil {
		return studioFolder
	}
	return d.folder
}

func (d *desk) writeShown(path string, content []byte, replace bool) error {
	return writeFile(d.written(path), content, replace)
}

// written is where a file is that the window shows at a path.
func (d *desk) written(path string) string {
	if rest, ok := strings.CutPrefix(path, studioFolder); ok && inStudio != nil {
		return filepath.Join(d.folder, rest)
	}
	return path
}

// lots is a source of random bytes that is no such source for some.
type lots struct {
	random io.Reader
	mu     sync.Mutex
	same   map[string]*mathrand.ChaCha8 // one for each of drawers
}

// drawers are in the names of the functions that always draw the same: those of the generator, and the one that makes recovery codes,
// which are so long that a field scrolls to the end of some.
var drawers = []string{"/vault/generate.", "/crypto/keys.NewRecoveryCode"}

func (l *lots) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.same = map[string]*mathrand.ChaCha8{}
	for _, drawer := range drawers {
		l.same[drawer] = mathrand.NewChaCha8([32]byte{})
	}
}

func (l *lots) Read(p []byte) (int, error) {
	drawer := drawnBy()
	if drawer == "" {
		return l.random.Read(p)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.same[drawer].Read(p)
}

// drawnBy is the one of drawers that is among the callers, or empty.
func drawnBy() string {
	var callers [12]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers[:])])
	for {
		frame, more := frames.Next()
		for _, drawer := range drawers {
			if strings.Contains(frame.Function, drawer) {
				return drawer
			}
		}
		if !more {
			return ""
		}
	}
}
