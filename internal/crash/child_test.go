//go:build cgo && unix

package crash

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testdisk"
)

// childVariable has the plan of a process that this test binary is started as, to be killed.
const childVariable = "COFFER_CRASH_CHILD"

// plan is what a child does.
type plan struct {
	Home     string
	Account  id.ID
	Password string
	Name     string // in all that it types
	Seed     uint64
	Acts     int
	First    string // the first act; "" for any
	Driven   bool   // no sync by itself
	Label    string // where it kills itself; "" for never
	Times    int    // at the how manyth time
}

// message is what a child tells its parent.
type message struct {
	Ready bool   `json:",omitempty"` // the vault is open
	Begun *act   `json:",omitempty"`
	Done  bool   `json:",omitempty"` // what was begun last has returned
	Dies  string `json:",omitempty"`
	Error string `json:",omitempty"`
}

// child is a process with the real app on a real profile.
type child struct {
	plan
	mu   sync.Mutex
	seen int
	out  *os.File
}

// runChild does what the plan says, until it is killed.
func runChild(text string) int {
	c := &child{out: os.NewFile(3, "parent")}
	if err := json.Unmarshal([]byte(text), &c.plan); err != nil {
		panic(err)
	}
	if err := c.work(); err != nil {
		c.tell(message{Error: err.Error()})
		return 1
	}
	return 0
}

func (c *child) tell(m message) {
	data, err := json.Marshal(m)
	if err == nil {
		_, err = c.out.Write(append(data, '\n')) // in one piece: the kernel keeps it for the parent
	}
	if err != nil {
		panic(err)
	}
}

// at is told of every labelled point.
func (c *child) at(label string) {
	if c.Label == "" || strings.TrimSpace(label) != c.Label {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen++; c.seen == c.Times {
		c.tell(message{Dies: c.Label})
		if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
			panic(err)
		}
		select {}
	}
}

// onDisk is told of every step of the disk. Where the child is to die within a write, half of it happens first.
func (c *child) onDisk(s testdisk.Step) error {
	c.at(s.Label())
	if s.Op != testdisk.Write || !strings.HasPrefix(c.Label, testdisk.Torn.String()) {
		return nil
	}
	s.Op = testdisk.Torn
	if s.Label() == c.Label {
		return testdisk.ErrHalf
	}
	return nil
}

// network is the real one, with a point before each request and one after its answer.
type network struct{ c *child }

func (n network) RoundTrip(r *http.Request) (*http.Response, error) {
	n.c.at("request")
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		n.c.at("answer")
	}
	return answer, err
}

func (c *child) work() error {
	if c.Label != "" {
		if _, err := testdisk.Watch(c.onDisk); err != nil {
			return err
		}
	}
	ctx := context.Background()
	p, err := c.open(ctx)
	if err != nil {
		return fmt.Errorf("unlock: %w", err)
	}
	c.tell(message{Ready: true})
	name := c.First
	for range c.Acts {
		a := p.next(name)
		name = ""
		c.tell(message{Begun: &a})
		if err := a.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", a.What, err)
		}
		if a.What != "import" && p.touches(a) {
			p.forgetImport()
		}
		c.tell(message{Done: true})
	}
	p.u.Lock()
	return nil
}

func (c *child) open(ctx context.Context) (*person, error) {
	m, err := manager(c.Home, network{c}, c.at, c.Driven)
	if err != nil {
		return nil, err
	}
	u, err := m.Unlock(ctx, c.Account, typed(c.Password))
	return &person{m: m, u: u, random: rand.New(rand.NewPCG(c.Seed, 1)), name: c.Name, password: c.Password, home: filepath.Dir(c.Home)}, err
}

// manager is the app on the profile in home.
func manager(home string, transport http.RoundTripper, at func(string), driven bool) (*session.Manager, error) {
	paths, err := platform.PathsBelow(home)
	if err != nil {
		return nil, err
	}
	return session.New(session.Config{
		Paths: paths, Keyring: &keyring{path: filepath.Join(home, "keyring"), at: at}, Transport: transport,
		DeviceName: "PC A", Platform: "linux", Driven: driven,
	}), nil
}

// hear reads what a child tells, until it is dead. Killed in the middle of a line it has said nothing with it: of what that was to begin
// nothing was done.
func hear(r io.Reader, each func(message)) error {
	for lines := bufio.NewReader(r); ; {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		var m message
		if err := json.Unmarshal(line, &m); err != nil {
			return fmt.Errorf("%w: %.1000q", err, line)
		}
		each(m)
	}
}

func TestAChildIsKilledInTheMiddleOfALine(t *testing.T) {
	heard := 0
	err := hear(strings.NewReader("{\"Ready\":true}\n{\"Begun\":{\"What\":\"imp"), func(message) { heard++ })
	if err != nil || heard != 1 {
		t.Errorf("%d lines, %v", heard, err)
	}
	if hear(strings.NewReader("what\n"), func(message) {}) == nil {
		t.Error("a whole line that says nothing is no error")
	}
}
