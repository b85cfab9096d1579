//go:build linux

package bench

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// deviceVariable has the server's address in a process that is one of BenchmarkArrival's computers.
const deviceVariable = "COFFER_BENCH_DEVICE"

// BenchmarkArrival is how long a new item takes from the moment in which it is saved on one computer until another one's vault has it:
// three processes, the server in this one, each computer in its own, HTTP on loopback. Nobody asks for a sync.
func BenchmarkArrival(b *testing.B) {
	server := testkit.Cloud(b)
	sends, hears := newDevice(b, server), newDevice(b, server)
	sends.tell("sends")
	sends.tell(server.LastCode(b, anna))
	hears.tell("hears " + sends.line())
	hears.tell(server.LastCode(b, anna))
	hears.line() // it is there, and listens
	var took []time.Duration
	for b.Loop() {
		sends.tell("save")
		begun := sends.time()
		took = append(took, hears.time().Sub(begun))
	}
	slices.Sort(took)
	for _, part := range []int{50, 99} {
		b.ReportMetric(float64(took[(len(took)-1)*part/100].Microseconds())/1000, fmt.Sprintf("p%d-ms", part))
	}
}

// computer is a process of BenchmarkArrival, which is told lines and answers with lines.
type computer struct {
	b      testing.TB
	input  io.Writer
	output *bufio.Scanner
}

func newDevice(b *testing.B, server *testkit.Server) *computer {
	b.Helper()
	self := exec.Command(os.Args[0], "-test.run=^TestBeDevice$", "-test.timeout=1h")
	self.Env = append(os.Environ(), deviceVariable+"="+server.URL)
	self.Stderr = os.Stderr
	input, errIn := self.StdinPipe()
	output, errOut := self.StdoutPipe()
	if errIn != nil || errOut != nil || self.Start() != nil {
		b.Fatal("no process for a computer")
	}
	b.Cleanup(func() {
		input.Close()
		if err := self.Wait(); err != nil {
			b.Error(err)
		}
	})
	return &computer{b: b, input: input, output: bufio.NewScanner(output)}
}

func (c *computer) tell(line string) {
	if _, err := fmt.Fprintln(c.input, line); err != nil {
		c.b.Fatal(err)
	}
}

func (c *computer) line() string {
	c.b.Helper()
	if !c.output.Scan() {
		c.b.Fatal("a computer has ended")
	}
	return c.output.Text()
}

func (c *computer) time() time.Time {
	c.b.Helper()
	ns, err := strconv.ParseInt(c.line(), 10, 64)
	if err != nil {
		c.b.Fatal(err)
	}
	return time.Unix(0, ns)
}

// TestBeDevice is a computer, in its own process.
func TestBeDevice(t *testing.T) {
	url := os.Getenv(deviceVariable)
	if url == "" {
		t.Skip("BenchmarkArrival starts it")
	}
	lines := bufio.NewScanner(os.Stdin)
	next := func() string {
		lines.Scan()
		return lines.Text()
	}
	pc := testpc.New(t, "PC", nil)
	if secretKey, hears := strings.CutPrefix(next(), "hears "); hears {
		hear(t, signedIn(t, pc, url, secretKey, next))
		return
	}
	s, err := pc.BeginSignUp(t.Context(), url, anna)
	if err == nil {
		err = s.Verify(t.Context(), next())
	}
	if err != nil {
		t.Fatal(err)
	}
	u, err := s.Finish(t.Context(), testpc.Typed(testpc.Password))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(u.SecretKey())
	for i := 0; next() == "save"; i++ {
		begun := time.Now()
		testpc.Save(t, u, testpc.Login(fmt.Sprint("Item ", i), "anna", "secret"))
		fmt.Println(begun.UnixNano())
	}
}

func signedIn(t *testing.T, pc *testpc.PC, url, secretKey string, next func() string) *session.Unlocked {
	t.Helper()
	s, err := pc.BeginSignIn(t.Context(), url, anna, testpc.Typed(testpc.Password), secretKey)
	if err == nil {
		err = s.Verify(t.Context(), next())
	}
	if err != nil {
		t.Fatal(err)
	}
	u, err := s.Finish(t.Context(), nil)
	if err == nil {
		err = u.ConfirmEnrolment(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// hear tells when each further item has come, until nobody listens.
func hear(t *testing.T, u *session.Unlocked) {
	testpc.Sync(t, u)
	fmt.Println("ready")
	ended := make(chan struct{})
	go func() { // the pipe ends with the benchmark
		io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	changed := make(chan struct{}, 1)
	defer u.OnStatus(func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	})()
	for seen := 0; ; {
		if n := u.Vault().Counts().All; n > seen {
			seen = n
			fmt.Println(time.Now().UnixNano())
		}
		select {
		case <-changed:
		case <-ended:
			return
		}
	}
}
