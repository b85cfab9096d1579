//go:build linux && gui

package bench

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/testbus"
	"github.com/coffer-vault/coffer/vault"
)

// BenchmarkWindow starts the program and KeePassXC's under Xvfb, with a window manager and without a graphics card, opens the same items
// in both, and looks at the processes from outside: paint-ms is from the start to the first picture that is not of one colour, open-ms from
// Enter after the password until the program does nearly nothing, idle-% the load of a processor in the ten seconds that follow, rss-MB
// what is resident after them, code-% the load while an item is shown whose one-time code runs out, over one period of it, hidden-% the
// load with the window closed to the tray. COFFER_PROGRAM names the program; COFFER_ITEMS the numbers of items.
func BenchmarkWindow(b *testing.B) {
	items := os.Getenv("COFFER_ITEMS")
	if items == "" {
		items = "10000 100000"
	}
	for _, text := range strings.Fields(items) {
		n, err := strconv.Atoi(text)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("items="+text+"/program=coffer", func(b *testing.B) {
			list := once(fmt.Sprint("coffer ", n), func() command { return cofferProfile(b, n, withCode()) })
			for b.Loop() {
				cofferWindow(b, list)
			}
		})
		b.Run("items="+text+"/program=keepassxc", func(b *testing.B) {
			list := once(fmt.Sprint("keepassxc ", n), func() command { return keepassDatabase(b, n) })
			for b.Loop() {
				keepassWindow(b, list)
			}
		})
	}
}

// How long the load of an idle program is looked at, and that of one that shows a code: the last seconds of a code take more than the others.
const (
	watched = 10 * time.Second
	period  = 30 * time.Second
)

func cofferWindow(b *testing.B, list command) {
	b.Helper()
	program := os.Getenv("COFFER_PROGRAM")
	if program == "" {
		b.Fatal("COFFER_PROGRAM names no program")
	}
	withoutQuestions(b, list)
	d := newDisplay(b)
	d.showTray(b)
	cmd := exec.Command(program)
	cmd.Env = list().Env
	p := d.start(b, cmd)
	d.open(b, p, func() {
		// The first item is shown.
		b.ReportMetric(p.load(b, period), "code-%")
		const down = 0xff54
		d.press(b, down) // from the search into the list
		d.press(b, down)
		p.settle(b)
	})
	d.closeWindow(b, "Coffer")
	p.settle(b)
	b.ReportMetric(p.load(b, watched), "hidden-%")
	p.stop()
}

// withCode is a login with one-time codes that comes before all others.
func withCode() vault.Item {
	it := vault.Item{Kind: vault.Login, Title: "A"}
	it.Set(vault.OTP, secret.FromString("JBSWY3DPEHPK3PXP"))
	return it
}

// withoutQuestions sets what a person has answered long since.
func withoutQuestions(b *testing.B, list command) {
	b.Helper()
	for _, v := range list().Env {
		home, ok := strings.CutPrefix(v, platform.HomeVariable+"=")
		if !ok {
			continue
		}
		paths, err := platform.PathsBelow(home)
		if err != nil {
			b.Fatal(err)
		}
		settings := session.DefaultSettings()
		settings.ImportBrowsers = false
		m := session.New(session.Config{Paths: paths, DeviceName: "PC", Platform: "linux"})
		defer m.Close()
		if err := m.SaveSettings(settings); err != nil {
			b.Fatal(err)
		}
	}
}

func keepassWindow(b *testing.B, list command) {
	b.Helper()
	d, home := newDisplay(b), b.TempDir()
	config := filepath.Join(home, "keepassxc.ini")
	if err := os.WriteFile(config, []byte("[General]\nUpdateCheckMessageShown=true\n[GUI]\nCheckForUpdates=false\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	database := list().Args[slices.IndexFunc(list().Args, func(a string) bool { return strings.HasSuffix(a, ".kdbx") })]
	cmd := exec.Command("keepassxc", "--config", config, "--localconfig", filepath.Join(home, "local.ini"), database)
	cmd.Env = list().Env
	p := d.start(b, cmd)
	d.open(b, p, func() {})
	p.stop()
}

// display is an X server with a window manager, and the hands before it.
type display struct {
	name string
	conn *xgb.Conn
	root xproto.Window
}

func newDisplay(b *testing.B) *display {
	b.Helper()
	d := &display{name: testbus.StartDisplay(b)}
	var err error
	if d.conn, err = xgb.NewConnDisplay(d.name); err == nil {
		b.Cleanup(d.conn.Close)
		err = xtest.Init(d.conn)
	}
	if err != nil {
		b.Fatal(err)
	}
	d.root = xproto.Setup(d.conn).DefaultScreen(d.conn).Root
	manager := exec.Command("openbox", "--sm-disable")
	manager.Env = append(os.Environ(), "DISPLAY="+d.name)
	manager.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := manager.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		manager.Process.Kill()
		manager.Wait()
	})
	d.until(b, "window manager", func() bool { return len(d.property(b, d.root, "_NET_SUPPORTING_WM_CHECK")) > 0 })
	return d
}

// until looks again and again: what is measured is a program that tells nobody when it is ready.
func (d *display) until(b *testing.B, what string, condition func() bool) {
	b.Helper()
	for end := time.Now().Add(5 * time.Minute); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			b.Fatalf("waited in vain for: %s", what)
		}
	}
}

// start runs a program on the display until it has painted.
func (d *display) start(b *testing.B, cmd *exec.Cmd) *watchedProcess {
	b.Helper()
	cmd.Env = append(cmd.Env, "DISPLAY="+d.name, "LIBGL_ALWAYS_SOFTWARE=1", "QT_QPA_PLATFORM=xcb", "WAYLAND_DISPLAY=")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	p := &watchedProcess{cmd: cmd}
	b.Cleanup(p.stop)
	d.until(b, "picture", func() bool { return d.painted(b) })
	b.ReportMetric(float64(time.Since(began).Microseconds())/1000, "paint-ms")
	return p
}

// painted reports whether there is a picture in the middle of the screen.
func (d *display) painted(b *testing.B) bool {
	b.Helper()
	reply, err := xproto.GetImage(d.conn, xproto.ImageFormatZPixmap, xproto.Drawable(d.root), 320, 200, 640, 400, ^uint32(0)).Reply()
	if err != nil {
		b.Fatal(err)
	}
	pixels := reply.Data
	return !bytes.Equal(pixels[4:], pixels[:len(pixels)-4])
}

// open types the master password; then is called once the program has come to rest.
func (d *display) open(b *testing.B, p *watchedProcess, then func()) {
	b.Helper()
	p.settle(b)
	for _, letter := range masterPassword {
		d.press(b, xproto.Keysym(letter))
	}
	const enter = 0xff0d
	began, before := time.Now(), p.cpu(b)
	d.press(b, enter)
	d.until(b, "key derivation", func() bool { return p.cpu(b)-before > 100*time.Millisecond })
	p.settle(b)
	b.ReportMetric(float64((time.Since(began) - quiet).Milliseconds()), "open-ms")
	then()
	b.ReportMetric(p.load(b, watched), "idle-%")
	b.ReportMetric(p.resident(b), "rss-MB")
}

func (d *display) press(b *testing.B, symbol xproto.Keysym) {
	b.Helper()
	setup := xproto.Setup(d.conn)
	keys, err := xproto.GetKeyboardMapping(d.conn, setup.MinKeycode, byte(setup.MaxKeycode-setup.MinKeycode)+1).Reply()
	if err != nil {
		b.Fatal(err)
	}
	code := byte(setup.MinKeycode) + byte(slices.Index(keys.Keysyms, symbol)/int(keys.KeysymsPerKeycode))
	for _, kind := range []byte{xproto.KeyPress, xproto.KeyRelease} {
		if err := xtest.FakeInputChecked(d.conn, kind, code, 0, d.root, 0, 0, 0).Check(); err != nil {
			b.Fatal(err)
		}
	}
	time.Sleep(30 * time.Millisecond) // a letter that comes again sooner counts as one that is held
}

// showTray plays a panel, so that a window can be closed without ending its program.
func (d *display) showTray(b *testing.B) {
	b.Helper()
	conn := startDesktop(b).Connect(b)
	const watcher = "org.kde.StatusNotifierWatcher"
	err := conn.ExportMethodTable(map[string]any{"RegisterStatusNotifierItem": func(string) *dbus.Error { return nil }}, "/StatusNotifierWatcher", watcher)
	if err == nil {
		_, err = conn.RequestName(watcher, dbus.NameFlagReplaceExisting)
	}
	if err != nil {
		b.Fatal(err)
	}
}

// closeWindow asks the window manager to close the window of a program.
func (d *display) closeWindow(b *testing.B, title string) {
	b.Helper()
	for list := d.property(b, d.root, "_NET_CLIENT_LIST"); len(list) >= 4; list = list[4:] {
		w := xproto.Window(xgb.Get32(list))
		if !strings.Contains(string(d.property(b, w, "WM_NAME")), title) {
			continue
		}
		message := xproto.ClientMessageEvent{Format: 32, Window: w, Type: d.atom(b, "_NET_CLOSE_WINDOW"), Data: xproto.ClientMessageDataUnionData32New(make([]uint32, 5))}
		const mask = xproto.EventMaskSubstructureRedirect | xproto.EventMaskSubstructureNotify
		if err := xproto.SendEventChecked(d.conn, false, d.root, mask, string(message.Bytes())).Check(); err != nil {
			b.Fatal(err)
		}
		d.until(b, "window closed", func() bool {
			state, err := xproto.GetWindowAttributes(d.conn, w).Reply()
			return err != nil || state.MapState != xproto.MapStateViewable
		})
		return
	}
	b.Fatal("no window of ", title)
}

func (d *display) atom(b *testing.B, name string) xproto.Atom {
	b.Helper()
	reply, err := xproto.InternAtom(d.conn, false, uint16(len(name)), name).Reply()
	if err != nil {
		b.Fatal(err)
	}
	return reply.Atom
}

func (d *display) property(b *testing.B, w xproto.Window, name string) []byte {
	b.Helper()
	reply, err := xproto.GetProperty(d.conn, false, w, d.atom(b, name), xproto.GetPropertyTypeAny, 0, 1024).Reply()
	if err != nil {
		return nil // the window has gone
	}
	return reply.Value
}

// watchedProcess is a program as the system sees it.
type watchedProcess struct {
	cmd     *exec.Cmd
	stopped bool
}

func (p *watchedProcess) stop() {
	if !p.stopped {
		p.stopped = true
		p.cmd.Process.Kill()
		p.cmd.Wait()
	}
}

// quiet is how long a program must do nearly nothing to have come to rest.
const quiet = 2 * time.Second

// settle waits for that.
func (p *watchedProcess) settle(b *testing.B) {
	b.Helper()
	for end := time.Now().Add(5 * time.Minute); p.load(b, quiet) > 8; {
		if time.Now().After(end) {
			b.Fatal("the program does not come to rest")
		}
	}
}

// load is the share of one processor that the program takes while it is looked at, in per cent.
func (p *watchedProcess) load(b *testing.B, d time.Duration) float64 {
	b.Helper()
	before := p.cpu(b)
	time.Sleep(d)
	return 100 * float64(p.cpu(b)-before) / float64(d)
}

// cpu is the time of processors that the program has taken (proc(5), stat; a tick is a hundredth of a second).
func (p *watchedProcess) cpu(b *testing.B) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		b.Fatal("the program has ended: ", err)
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:]) // the name before may hold anything
	user, err1 := strconv.Atoi(string(fields[11]))
	system, err2 := strconv.Atoi(string(fields[12]))
	if err := errors.Join(err1, err2); err != nil {
		b.Fatal(err)
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}

// resident is the memory that the program holds, in MB (proc(5), status).
func (p *watchedProcess) resident(b *testing.B) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		b.Fatal(err)
	}
	return float64(kib) * 1024 / 1e6
}
