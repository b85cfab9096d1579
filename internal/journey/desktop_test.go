//go:build journey

// Package journey drives the shipped binaries through the main job, as a person would: keys and mouse of a real X server on one side,
// the mailbox and the server's database on the other. There are no test hooks; what happened is asserted from outside.
package journey

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/jezek/xgb/xproto"

	"github.com/coffer-vault/coffer/internal/sqlite"
	"github.com/coffer-vault/coffer/internal/testbus"
)

// patience bounds every wait. The steps of a warm machine need a fraction of it.
const patience = 40 * time.Second

// Programs and results, relative to this folder.
const (
	binaries = "../../bin"
	results  = "../../out"
)

func binary(t testing.TB, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(binaries, name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// eventually waits until condition is true, and fails the step if it does not become so.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(glance) {
		if condition() {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("waited %s in vain: %s", patience, what)
		}
	}
}

// pc is a computer: a display with a window manager, a D-Bus session with a keyring, a home folder, and the app.
type pc struct {
	t       *testing.T
	name    string
	session *testbus.Session
	desk    *desk
	typed   bool // since the screen last stood still
	home    string
	app     *exec.Cmd
	program string // the installed copy of the app, which an update replaces
	env     []string
	quit    chan struct{}
}

func newPC(t *testing.T, name string, env ...string) *pc {
	t.Helper()
	home := filepath.Join(homes(t), name)
	for _, dir := range []string{"", "Documents", "Coffer"} {
		if err := os.MkdirAll(filepath.Join(home, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	p := &pc{t: t, name: name, home: home, session: testbus.Start(t, home)}
	display := testbus.StartDisplay(t)
	p.env = append(p.session.Env(), append([]string{"DISPLAY=" + display, "COFFER_HOME=" + filepath.Join(home, "Coffer"), "LIBGL_ALWAYS_SOFTWARE=1", "LANG=C.UTF-8"}, env...)...)
	p.program = filepath.Join(home, "bin", "coffer")
	p.install(binary(t, "coffer"))
	var err error
	if p.desk, err = openDesk(display); err != nil {
		t.Fatal(err)
	}
	p.background("openbox")
	eventually(t, "the window manager", p.desk.managed) // a window that is there before it gets no keys
	return p
}

// homes is a temporary folder that goes when what the session's bus has started has written its last: nobody waits for those programs.
func homes(t *testing.T) string {
	dir, err := os.MkdirTemp("", "coffer-journey-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		eventually(t, "the homes to go", func() bool { return os.RemoveAll(dir) == nil })
	})
	return dir
}

// install copies the shipped binary to where this computer runs it from.
func (p *pc) install(from string) {
	p.t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(p.program), 0o700)
	}
	if err == nil {
		err = os.WriteFile(p.program, data, 0o700)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *pc) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Env = p.env
	return cmd
}

// background starts a program that ends with the test.
func (p *pc) background(name string, args ...string) {
	p.t.Helper()
	cmd := p.command(name, args...)
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
}

// start runs the app and waits for its first page.
func (p *pc) start(args ...string) {
	p.t.Helper()
	log, err := os.OpenFile(filepath.Join(results, "app-"+p.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		p.t.Fatal(err)
	}
	p.app = p.command(p.program, args...)
	p.app.Stdout, p.app.Stderr = log, log
	p.app.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.app.Start(); err != nil {
		p.t.Fatal(err)
	}
	quit, app := make(chan struct{}), p.app
	p.quit = quit
	go func() {
		app.Wait()
		log.Close()
		close(quit)
	}()
	p.t.Cleanup(p.kill)
	p.turn(p.firstPage)
}

// firstPage waits for it: on a busy machine the window is there, and has the keys, before anything is in it.
func (p *pc) firstPage() {
	p.t.Helper()
	p.window()
	eventually(p.t, "the first page on "+p.name, func() bool { return colours(middle(p.picture())) >= drawnColours })
}

// middle is a copy of the middle of a picture: the page of a window, without what the desktop draws around it.
func middle(img *image.RGBA) *image.RGBA {
	size := img.Bounds().Size()
	part := image.NewRGBA(image.Rect(0, 0, size.X/2, size.Y/2))
	draw.Draw(part, part.Bounds(), img, img.Bounds().Min.Add(size.Div(4)), draw.Src)
	return part
}

// settings are what the app finds when it starts.
func (p *pc) settings(text string) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.home, "Coffer", "settings.json"), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// logFile is the app's own log.
func (p *pc) logFile() string { return filepath.Join(p.home, "Coffer", "logs", "coffer.log") }

// showFailure keeps what the screen shows when something has failed, and says what the app last wrote.
func (p *pc) showFailure() {
	if !p.t.Failed() {
		return
	}
	if img, err := p.desk.picture(); err == nil {
		p.keep("failed-"+p.name, img)
		fmt.Printf("\nthe last picture of PC %s is out/failed-%s.png; its log ends with\n", p.name, p.name)
	}
	fmt.Println(p.logTail(12))
}

// logTail is the end of the app's own log.
func (p *pc) logTail(lines int) string {
	data, err := os.ReadFile(p.logFile())
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// kill ends the app, as pulling the plug would, with everything it started.
func (p *pc) kill() {
	if p.app != nil {
		syscall.Kill(-p.app.Process.Pid, syscall.SIGKILL)
		<-p.quit
		p.app = nil
	}
}

// window waits for the app's window, which must be whole on the screen and have the keys.
func (p *pc) window() (window xproto.Window) {
	p.t.Helper()
	eventually(p.t, "the window of the app on "+p.name, func() (ok bool) {
		window, ok = p.desk.window("Coffer")
		return ok && p.desk.focused() == window
	})
	return window
}

// keys presses keys one after the other, by their X names: "Tab", "ctrl+n", "Return".
func (p *pc) keys(names ...string) {
	p.t.Helper()
	for _, name := range names {
		var together []rune
		for part := range strings.SplitSeq(name, "+") {
			sym, ok := named[part]
			if !ok {
				sym, _ = utf8.DecodeRuneInString(part)
			}
			together = append(together, sym)
		}
		p.press(together...)
	}
}

// text types into what has the focus.
func (p *pc) text(s string) {
	p.t.Helper()
	for _, r := range s {
		p.press(r)
	}
}

func (p *pc) press(keysyms ...rune) {
	p.t.Helper()
	p.typed = true // and perhaps not drawn yet
	if err := p.desk.press(keysyms...); err != nil {
		p.t.Fatalf("keys on %s: %v", p.name, err)
	}
}

func (p *pc) picture() *image.RGBA {
	p.t.Helper()
	img, err := p.desk.picture()
	if err != nil {
		p.t.Fatalf("picture of the screen of %s: %v", p.name, err)
	}
	return img
}

// What the pictures of a screen mean.
const (
	stillness = 150 * time.Millisecond // so long nothing changes on a screen that has been drawn
	glances   = 6                      // so often nothing does: on a machine that is busy elsewhere they take longer
	twinkle   = 400                    // pixels: the ring of a one-time code, a caret
	page      = 30_000                 // pixels: less is a button that is busy, more is another page
)

// drawnColours has the middle of every page; the gradient behind some of them has 32.
const drawnColours = 100

// settle waits until the screen stands still.
func (p *pc) settle() *image.RGBA {
	p.t.Helper()
	last, since, same := p.picture(), time.Now(), 0
	eventually(p.t, "the screen of "+p.name+" to stand still", func() bool {
		next := p.picture()
		if same++; different(last, next) > twinkle {
			last, since, same = next, time.Now(), 0
		}
		return time.Since(since) >= stillness && same >= glances
	})
	p.typed = false
	return last
}

// drawn is the screen once it shows all that was typed.
func (p *pc) drawn() *image.RGBA {
	p.t.Helper()
	if p.typed {
		return p.settle()
	}
	return p.picture()
}

// after does something and waits until the screen shows it and stands still again.
func (p *pc) after(do func()) { p.t.Helper(); p.changed(twinkle, do) }

// turn does something that leads to another page, and waits for that.
func (p *pc) turn(do func()) { p.t.Helper(); p.changed(page, do) }

func (p *pc) changed(least int, do func()) {
	p.t.Helper()
	before := p.drawn()
	do()
	eventually(p.t, "the screen of "+p.name+" to change", func() bool { return different(before, p.picture()) > least })
	p.settle()
}

// shot keeps a picture of the screen in the results, and refuses one that shows nothing.
func (p *pc) shot(name string) {
	p.t.Helper()
	img := p.settle()
	if n := colours(middle(img)); n < drawnColours {
		p.t.Errorf("picture %s has %d colours: it is blank", name, n)
	}
	p.keep(name, img)
}

func (p *pc) keep(name string, img *image.RGBA) {
	p.t.Helper()
	f, err := os.Create(filepath.Join(results, name+".png"))
	if err == nil {
		encoder := png.Encoder{CompressionLevel: png.BestSpeed}
		err = errors.Join(encoder.Encode(f, fromServer(img)), f.Close())
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

func colours(img *image.RGBA) int {
	seen := map[[3]byte]bool{}
	for i := 0; i+4 <= len(img.Pix); i += 4 * 7 { // every seventh pixel is enough
		seen[[3]byte(img.Pix[i:])] = true
	}
	return len(seen)
}

// ctl runs cofferctl beside the app and decodes what it prints.
func (p *pc) ctl(out any, password string, args ...string) {
	p.t.Helper()
	cmd := p.command(binary(p.t, "cofferctl"), append([]string{"--json"}, args...)...)
	cmd.Stdin = strings.NewReader(password + "\n")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	data, err := cmd.Output()
	if err != nil {
		p.t.Fatalf("cofferctl %s: %v\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	if err := json.Unmarshal(data, out); err != nil {
		p.t.Fatalf("cofferctl %s: %v\n%s", strings.Join(args, " "), err, data)
	}
}

// item is what cofferctl says of an item.
type item struct {
	ID       string
	Kind     string
	Title    string
	Username string
	Conflict bool
	Values   map[string]string
	History  []struct {
		Field, Value string
		Conflict     bool
	}
}

func (p *pc) items(password string, args ...string) (all []item) {
	p.t.Helper()
	p.ctl(&all, password, append([]string{"list"}, args...)...)
	return all
}

// details opens items, by title or id.
func (p *pc) details(password string, names ...string) (all []item) {
	p.t.Helper()
	p.ctl(&all, password, append([]string{"get"}, names...)...)
	return all
}

// unsynced counts the edits that wait for the server. It needs no password, and so no derivation.
func (p *pc) unsynced() (n int) {
	p.t.Helper()
	var status struct{ Accounts []struct{ Unsynced int } }
	p.ctl(&status, "", "status")
	for _, account := range status.Accounts {
		n += account.Unsynced
	}
	return n
}

func (p *pc) item(password, title string) item { return p.details(password, title)[0] }

// cloud is the server program.
type cloud struct {
	t       *testing.T
	dir     string
	listen  string
	cmd     *exec.Cmd
	api     string
	mail    string
	updates []string
	args    []string
}

var readyLine = regexp.MustCompile(`(?m)^ready (.*)$`)

func startCloud(t *testing.T, args ...string) *cloud {
	t.Helper()
	c := &cloud{t: t, dir: t.TempDir(), listen: "127.0.0.1:0", args: args}
	c.start()
	t.Cleanup(c.stop)
	return c
}

func (c *cloud) start() {
	c.t.Helper()
	log := filepath.Join(c.dir, "out.log")
	out, err := os.Create(log)
	if err != nil {
		c.t.Fatal(err)
	}
	defer out.Close()
	args := append([]string{"serve", "--dev", "--data", filepath.Join(c.dir, "data"), "--listen", c.listen}, c.args...)
	c.cmd = exec.Command(binary(c.t, "coffer-cloud"), args...)
	c.cmd.Stdout, c.cmd.Stderr = out, out
	if err := c.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	var ready string
	eventually(c.t, "the server to be ready", func() bool {
		data, _ := os.ReadFile(log)
		m := readyLine.FindSubmatch(data)
		if m == nil {
			return false
		}
		ready = string(m[1])
		return true
	})
	c.read(ready)
}

func (c *cloud) read(ready string) {
	for _, word := range strings.Fields(ready) {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "api":
			c.api, c.listen = value, strings.TrimPrefix(value, "http://")
		case "mail":
			c.mail = value
		case "updates":
			c.updates = strings.Split(value, ",")
		}
	}
}

// stop ends the server, really; start brings it back on the same port with its data.
func (c *cloud) stop() {
	if c.cmd == nil {
		return
	}
	c.cmd.Process.Signal(syscall.SIGTERM)
	c.cmd.Wait()
	c.cmd = nil
}

var codePattern = regexp.MustCompile(`\b[0-9A-Z]{4}-[0-9A-Z]{4}\b`)

// code waits for a mail to the address that is newer than the moment, and returns the code in it. The header is left out: a Message-ID
// with two groups of digits looks like a code.
func (c *cloud) code(address string, after time.Time) (code string) {
	c.t.Helper()
	eventually(c.t, "a mailed code for "+address, func() bool {
		files, _ := filepath.Glob(filepath.Join(c.mail, "*.eml"))
		for _, f := range files {
			info, err := os.Stat(f)
			data, _ := os.ReadFile(f)
			if err == nil && info.ModTime().After(after) && bytes.Contains(data, []byte(address)) {
				_, body, _ := bytes.Cut(data, []byte("\r\n\r\n"))
				if m := codePattern.Find(body); m != nil {
					code = string(m)
				}
			}
		}
		return code != ""
	})
	return code
}

// rows counts rows of the server's database, read beside the running server.
func (c *cloud) rows(query string) (n int) {
	c.t.Helper()
	db, err := sqlite.Open(context.Background(), filepath.Join(c.dir, "data", "cloud.db"), sqlite.Options{ReadOnly: true})
	if err != nil {
		c.t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow(query).Scan(&n); err != nil {
		c.t.Fatal(err)
	}
	return n
}
