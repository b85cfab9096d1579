package updater

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// A real program to be updated: a copy of this test binary whose last line says which version it is and how it behaves.
const trailerMark = "\ncoffer test program "

func readTrailer() (version, behaviour string, ok bool) {
	path, err := os.Executable()
	if err != nil {
		return "", "", false
	}
	f, err := os.Open(path)
	if err != nil {
		return "", "", false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", "", false
	}
	tail := make([]byte, 64)
	if _, err := f.ReadAt(tail, info.Size()-64); err != nil {
		return "", "", false
	}
	i := bytes.LastIndex(tail, []byte(trailerMark))
	if i < 0 {
		return "", "", false
	}
	version, behaviour, _ = strings.Cut(strings.TrimSpace(string(tail[i+len(trailerMark):])), " ")
	return version, behaviour, true
}

// testProgram is the content of a program of a version.
func testProgram(t *testing.T, version, behaviour string) string {
	t.Helper()
	self, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(self) + trailerMark + version + " " + behaviour + "\n"
}

// fakeProgram is the main function of such a program. It does what the desktop program does about updates, and tells the test.
func fakeProgram(version, behaviour string) int {
	log := slog.New(slog.DiscardHandler)
	if handled, err := RunWaiter(os.Args, log); handled {
		tell("waiter ended", err)
		return 0
	}
	self, err := os.Executable()
	if err != nil {
		return 1
	}
	p, err := NewProgram(self, os.Getenv("COFFER_TEST_DIR"), number(version), log)
	if err != nil {
		tell(version, err)
		return 1
	}
	r, err := p.Heal()
	switch {
	case err != nil:
		tell(version+" cannot heal", err)
		return 1
	case r.RolledBack:
		tell(version+" was taken back", p.Restart("after rollback"))
		return 0
	case behaviour == "crashes":
		tell(version+" crashes", nil)
		return 3
	case behaviour == "ends early":
		tell(version+" ends early", nil)
		return 0
	case behaviour == "hangs" && r.Trial:
		tell(version+" hangs", nil)
		time.Sleep(10 * time.Minute) // not for ever: Go ends a program that cannot go on
	}
	if err := p.ConfirmHealthy(); err != nil {
		tell(version, err)
		return 1
	}
	if len(os.Args) > 1 && os.Args[1] == "update" {
		tell(version+" updates", updateItself(p, version))
		return 0
	}
	tell(fmt.Sprintf("%s runs, trial %v, arguments %q", version, r.Trial, os.Args[1:]), nil)
	if os.Getenv("COFFER_TEST_STAY") != "" {
		io.Copy(io.Discard, os.Stdin) // until the test closes it
	}
	return 0
}

func clientFromEnvironment(dir, version string) (*Client, error) {
	root, err := os.ReadFile(os.Getenv("COFFER_TEST_ROOT"))
	if err != nil {
		return nil, err
	}
	return New(Config{
		Mirrors: strings.Fields(os.Getenv("COFFER_TEST_MIRRORS")), Dir: dir, Root: root, Installed: number(version),
		Target: app, Now: func() time.Time { return birth },
	})
}

func updateItself(p *Program, version string) error {
	c, err := clientFromEnvironment(p.store.dir, version)
	if err != nil {
		return err
	}
	if _, ok := c.Check(context.Background()).(Available); !ok {
		return fmt.Errorf("no update")
	}
	if s, ok := c.Stage(context.Background(), nil).(Staged); !ok {
		return fmt.Errorf("not staged: %v", s)
	}
	if err := p.Apply(); err != nil {
		return err
	}
	return p.Restart("after", "update")
}

// tell sends a line to the test.
func tell(line string, err error) {
	conn, dialErr := net.Dial("tcp", os.Getenv("COFFER_TEST_REPORT"))
	if dialErr != nil {
		return
	}
	defer conn.Close()
	if err != nil {
		line += ": " + err.Error()
	}
	fmt.Fprintln(conn, line)
}

// theatre is where such programs act.
type theatre struct {
	t     *testing.T
	w     *world
	path  string // of the program
	dir   string // of the updater
	lines chan string
	env   []string
}

func programName() string {
	if runtime.GOOS == "windows" {
		return "coffer.exe"
	}
	return "coffer"
}

func newTheatre(t *testing.T) *theatre {
	t.Helper()
	w := newWorld(t)
	report, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { report.Close() })
	th := &theatre{t: t, w: w, path: filepath.Join(programFolder(t), programName()), dir: t.TempDir(), lines: make(chan string, 100)}
	go th.listen(report)
	root := filepath.Join(t.TempDir(), "root.json")
	w.must(os.WriteFile(root, w.root(), 0o600))
	th.env = append(os.Environ(), "COFFER_TEST_REPORT="+report.Addr().String(), "COFFER_TEST_DIR="+th.dir, "COFFER_TEST_ROOT="+root,
		"COFFER_TEST_MIRRORS="+w.hosts[0].URL+" "+w.hosts[1].URL)
	w.must(os.WriteFile(th.path, []byte(testProgram(t, "1.0.0", "well")), 0o755))
	return th
}

func (th *theatre) listen(report net.Listener) {
	for {
		conn, err := report.Accept()
		if err != nil {
			return
		}
		line, _ := bufio.NewReader(conn).ReadString('\n')
		conn.Close()
		th.lines <- strings.TrimSpace(line)
	}
}

// start runs the program and waits until it has ended.
func (th *theatre) start(args ...string) {
	th.t.Helper()
	cmd := exec.Command(th.path, args...)
	cmd.Env = th.env
	if out, err := cmd.CombinedOutput(); err != nil {
		th.t.Logf("program: %v %s", err, out)
	}
}

// expect waits for lines, in any order between processes that run at once.
func (th *theatre) expect(lines ...string) {
	th.t.Helper()
	var got []string
	limit := time.After(3 * time.Minute)
	for range lines {
		select {
		case line := <-th.lines:
			got = append(got, line)
		case <-limit:
			th.t.Fatalf("heard only %q, want %q", got, lines)
		}
	}
	slices.Sort(got)
	slices.Sort(lines)
	if !slices.Equal(got, lines) {
		th.t.Fatalf("heard %q, want %q", got, lines)
	}
}

// isVersion fails unless the program on the disk is a version, whole.
func (th *theatre) isVersion(content string) {
	th.t.Helper()
	data, err := os.ReadFile(th.path)
	if err != nil || string(data) != content {
		th.t.Errorf("another program than expected is in place (%d bytes, %v)", len(data), err)
	}
}

// The whole way: a program finds version n+1 on two real HTTP servers, verifies, stages and applies it, and starts as n+1.
func TestProgramUpdatesItself(t *testing.T) {
	th := newTheatre(t)
	next := testProgram(t, "1.1.0", "well")
	th.w.release("1.1.0", next)
	th.start("update")
	th.expect("1.0.0 updates", `1.1.0 runs, trial true, arguments ["after" "update"]`, "waiter ended")
	th.isVersion(next)
	th.start()
	th.expect(`1.1.0 runs, trial false, arguments []`)
	// On Windows the waiter, which is the previous program, could not be removed while it ran.
	if names, err := os.ReadDir(filepath.Dir(th.path)); err != nil || len(names) != 1 && runtime.GOOS != "windows" {
		t.Errorf("left beside the program: %v, %v", names, err)
	}
}

// A new version that crashes, or is no program at all, is taken back by the waiter, which is the previous version.
func TestWaiterTakesBrokenVersionBack(t *testing.T) {
	for name, c := range map[string]struct {
		next  string
		lines []string
	}{
		"crashes":       {testProgram(t, "1.1.0", "crashes"), []string{"1.1.0 crashes"}},
		"is no program": {strings.Repeat("no program ", 1000), nil},
	} {
		t.Run(name, func(t *testing.T) {
			th := newTheatre(t)
			th.w.release("1.1.0", c.next)
			th.start("update")
			th.expect(append(c.lines, "1.0.0 updates", `1.0.0 runs, trial false, arguments ["after" "update"]`, "waiter ended")...)
			th.isVersion(testProgram(t, "1.0.0", "well"))
			// The release is not tried again.
			th.start("update")
			th.expect("1.0.0 updates: no update")
		})
	}
}

// A new version that ends without proving healthy is taken back at its next start.
func TestNextStartTakesUnprovenVersionBack(t *testing.T) {
	th := newTheatre(t)
	th.w.release("1.1.0", testProgram(t, "1.1.0", "ends early"))
	th.start("update")
	th.expect("1.0.0 updates", "1.1.0 ends early", "waiter ended")
	th.start()
	th.expect("1.1.0 was taken back", `1.0.0 runs, trial false, arguments ["after rollback"]`, "waiter ended")
	th.isVersion(testProgram(t, "1.0.0", "well"))
}

// A new version that hangs is ended when its time is over, and the one before runs again.
func TestWaiterEndsVersionThatHangs(t *testing.T) {
	th := newTheatre(t)
	p := th.onTrial("hangs")
	over := make(chan time.Time, 1)
	p.after = func(d time.Duration) <-chan time.Time {
		if d != HealthWindow {
			t.Errorf("waits for %v", d)
		}
		return over
	}
	ended := make(chan error)
	go func() { ended <- p.supervise([]string{"again"}) }()
	th.expect("1.1.0 hangs")
	over <- time.Time{}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	th.expect(`1.0.0 runs, trial false, arguments ["again"]`)
	th.isVersion(testProgram(t, "1.0.0", "well"))
	if st, err := p.store.load(); err != nil || !st.hasFailed(number("1.1.0")) {
		t.Errorf("it would be tried again: %+v, %v", st, err)
	}
}

// One that proves healthy while it is being ended has won: it is started again.
func TestVersionThatProvesHealthyInTheLastMomentStays(t *testing.T) {
	th := newTheatre(t)
	p := th.onTrial("hangs")
	over := make(chan time.Time, 1)
	p.after = func(time.Duration) <-chan time.Time { return over }
	p.at = func(step string) error {
		if step != "time is over" {
			return nil
		}
		return p.store.update(func(s *state) { s.Swap = nil })
	}
	ended := make(chan error)
	go func() { ended <- p.supervise(nil) }()
	th.expect("1.1.0 hangs")
	over <- time.Time{}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	th.expect(`1.1.0 runs, trial false, arguments []`)
	if st, err := p.store.load(); err != nil || st.hasFailed(number("1.1.0")) {
		t.Errorf("a healthy version was given up: %+v, %v", st, err)
	}
}

// onTrial has version 1.1.0 in place, not yet started, and is its waiter.
func (th *theatre) onTrial(behaviour string) *Program {
	th.t.Helper()
	for _, pair := range th.env[len(os.Environ()):] {
		name, value, _ := strings.Cut(pair, "=")
		th.t.Setenv(name, value)
	}
	i := &installation{t: th.t}
	i.restart(th.path, th.dir)
	i.stage(testProgram(th.t, "1.1.0", behaviour), "1.1.0")
	th.w.must(i.Apply())
	return i.Program
}

// A version may end by itself just before it is ended.
func TestKillOfWhatHasEnded(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if err := kill(cmd.Process); err != nil {
		t.Error(err)
	}
}

func TestRunWaiterLeavesOtherArgumentsAlone(t *testing.T) {
	for _, args := range [][]string{nil, {"coffer"}, {"coffer", "--hidden"}, {"coffer", waiterFlag}, {"coffer", "--x", waiterFlag, "/a", "/b"}} {
		if handled, err := RunWaiter(args, nil); handled || err != nil {
			t.Errorf("%q: %v, %v", args, handled, err)
		}
	}
}
