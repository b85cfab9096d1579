//go:build system

package windows

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"image"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"

	"github.com/coffer-vault/coffer/internal/sqlite"
	"github.com/coffer-vault/coffer/internal/testkit"
)

// TestApp is a person at a Windows PC with the real program in its window: signs up with the code of a mail, imports what Chrome has
// sealed with DPAPI, locks, unlocks while the server is away, and types on, while the service waits with an update and then, in the
// administrator's maintenance window, installs it under the running program. What happened is asserted from outside.
func TestApp(t *testing.T) {
	t.Parallel()
	server := testkit.Cloud(t)
	m := newMaintainers(t)
	older, update := pack(t, programs(t), version), pack(t, nextPrograms(t), newer)
	pc := newComputer(t, filepath.Join(m.repo.Public(), "metadata", "1.root.json"))
	m.serve(t, pc)
	logins := chromeProfile(t, pc)
	pc.install(t, 0, "/i "+windowsPath(older)+" ALLUSERS=1 SHOULDAUTOUPDATE=1")
	p := &person{t: t, pc: pc, screen: pc.screen(t)}
	defer p.showFailure()
	p.start("--server", server.URL)
	p.signUp(server)
	p.importBrowsers(len(logins))
	p.checkImported(logins)
	m.release(t, newer, update)
	staged := stages(t, pc)

	p.lock()
	p.shot("windows-locked")
	server.Stop()
	p.unlock()
	p.shot("windows-unlocked-offline")
	p.newLogin("Written offline")
	p.checkTitle("Written offline")
	if n := p.unsynced(); n == 0 {
		t.Error("nothing waits for the server that is away")
	}
	server.Restart()
	eventually(t, "what was written offline to reach the server", func() bool { return p.unsynced() == 0 })

	time.Sleep(time.Until(staged.Add(serviceLooks)))
	checkEntry(t, pc, version) // Coffer runs
	p.updateInWindow()
	p.newLogin("Written after the update")
	p.kill()
	p.start("--server", server.URL)
	p.unlock()
	p.shot("windows-updated")
	p.checkTitle("Written offline")
	p.checkTitle("Written after the update")
	p.checkImported(logins)
	p.kill()
	p.checkNothingLeaks(logins)
}

// serviceLooks is longer than the service waits between two looks whether Coffer was closed.
const serviceLooks = 65 * time.Second

// stages has the service look for a release and fetch it.
func stages(t *testing.T, pc *computer) time.Time {
	t.Helper()
	restartService(t, pc)
	eventually(t, newer+" to be staged", func() bool { return serviceMemory(t, pc).Staged != nil })
	return time.Now()
}

// updateInWindow has the administrator open a maintenance window, which the program has heard of too, and waits for the new version.
func (p *person) updateInWindow() {
	p.t.Helper()
	p.pc.run(p.t, `reg.exe add HKLM\Software\Policies\Coffer /v MaintenanceWindow /d 00:00-23:59 /f`)
	if _, said := p.pc.run(p.t, `cmd.exe /c ""`+installed+`cofferctl.exe" doctor --json"`); !strings.Contains(said, "MaintenanceWindow") {
		p.t.Errorf("doctor does not know the policy: %s", said)
	}
	eventually(p.t, newer+" to be installed while the program runs", func() bool {
		return strings.Contains(p.pc.registry(p.t, `HKLM\Software\Coffer`), newer)
	})
	p.pc.untilService(p.t, "RUNNING")
	eventually(p.t, "the new service to be content", func() bool {
		r := serviceMemory(p.t, p.pc)
		return r.Staged == nil && len(r.Failed) == 0
	})
	checkEntry(p.t, p.pc, newer)
	checkService(p.t, p.pc)
	select {
	case <-p.ended:
		p.t.Fatal("the update has ended the program")
	default:
	}
}

// chromeProfile makes a profile of Chrome of what Chromium once wrote on Linux: its key sealed with DPAPI on this PC, its passwords under
// that key, the first as it was before there was a key, and one as Chrome keeps it from other programs. It returns the rows that can be
// read, as the browser exported them.
func chromeProfile(t *testing.T, pc *computer) (logins []map[string]string) {
	t.Helper()
	source := filepath.Join("..", "..", "vault", "importer", "chromium", "testdata", "basic")
	folder := filepath.Join(filepath.Dir(pc.files(t, "users/*/AppData")[0]), "AppData", "Local", "Google", "Chrome", "User Data")
	must(t, os.CopyFS(folder, os.DirFS(source)))
	key := make([]byte, 32)
	rand.Read(key)
	rows := readCSV(t, filepath.Join(source, "chromium.csv"))
	sealed := protect(t, pc, key, []byte(rows[0]["password"]))
	setKey(t, filepath.Join(folder, "Local State"), sealed[0])

	db, err := sqlite.Open(t.Context(), filepath.Join(folder, "Default", "Login Data"), sqlite.Options{})
	must(t, err)
	defer db.Close()
	for i, row := range rows {
		value, note := sealGCM(t, key, row["password"]), sealGCM(t, key, row["note"])
		switch i {
		case 0:
			value = sealed[1]
		case len(rows) - 1:
			value = append([]byte("v20"), value[3:]...)
		}
		_, err := db.ExecContext(t.Context(), `UPDATE logins SET password_value = ? WHERE origin_url = ? AND username_value = ?`, value, row["url"], row["username"])
		must(t, err)
		_, err = db.ExecContext(t.Context(), `UPDATE password_notes SET value = ? WHERE parent_id = (SELECT id FROM logins WHERE origin_url = ? AND username_value = ?)`,
			note, row["url"], row["username"])
		must(t, err)
	}
	_, err = db.ExecContext(t.Context(), `PRAGMA journal_mode = DELETE`) // as Chrome has it
	must(t, err)
	return rows[:len(rows)-1]
}

func readCSV(t *testing.T, file string) (rows []map[string]string) {
	t.Helper()
	data, err := os.ReadFile(file)
	must(t, err)
	lines, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	must(t, err)
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, name := range lines[0] {
			row[name] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// setKey writes a sealed key to where Chrome has its own.
func setKey(t *testing.T, file string, sealed []byte) {
	t.Helper()
	data, err := os.ReadFile(file)
	must(t, err)
	var state map[string]any
	must(t, json.Unmarshal(data, &state))
	state["os_crypt"] = map[string]any{"encrypted_key": append([]byte("DPAPI"), sealed...)}
	data, err = json.Marshal(state)
	must(t, err)
	must(t, os.WriteFile(file, data, 0o600))
}

// sealGCM is Chrome's "v10" on Windows.
func sealGCM(t *testing.T, key []byte, text string) []byte {
	t.Helper()
	if text == "" {
		return nil
	}
	block, err := aes.NewCipher(key)
	must(t, err)
	gcm, err := cipher.NewGCM(block)
	must(t, err)
	nonce := make([]byte, gcm.NonceSize())
	rand.Read(nonce)
	return gcm.Seal(append([]byte("v10"), nonce...), nonce, []byte(text), nil)
}

// protect has CryptProtectData of the PC seal what its user alone can open.
func protect(t *testing.T, pc *computer, plain ...[]byte) (sealed [][]byte) {
	t.Helper()
	buildFor(t, filepath.Join(pc.drive, "protect.exe"), "./testdata/protect")
	var in strings.Builder
	for _, p := range plain {
		in.WriteString(base64.StdEncoding.EncodeToString(p) + "\n")
	}
	cmd := pc.command(t.Context(), "wine", `C:\protect.exe`)
	cmd.Stdin = strings.NewReader(in.String())
	out, err := cmd.Output()
	must(t, err)
	for line := range strings.FieldsSeq(string(out)) {
		blob, err := base64.StdEncoding.DecodeString(line)
		must(t, err)
		sealed = append(sealed, blob)
	}
	if len(sealed) != len(plain) {
		t.Fatalf("%d of %d were sealed", len(sealed), len(plain))
	}
	return sealed
}

// person sits at a PC: keys into the X server that Wine draws on, eyes on its screen.
type person struct {
	t      *testing.T
	pc     *computer
	screen *xgb.Conn
	ended  chan struct{} // closed when the program has
}

// installed is where the package has put the programs.
const installed = `C:\Program Files\Coffer\`

// start runs the program and waits for its window, which gets the keys.
func (p *person) start(args ...string) {
	p.t.Helper()
	app, ended := p.pc.command(context.Background(), "wine", append([]string{installed + "Coffer.exe"}, args...)...), make(chan struct{})
	must(p.t, app.Start())
	go func() { app.Wait(); close(ended) }()
	p.ended = ended
	window := p.pc.window(p.t)
	p.pc.mustRun(p.t, "xdotool", "windowmove", "--sync", window, "90", "50") // from under Wine's own tray
	p.pc.mustRun(p.t, "xdotool", "windowfocus", "--sync", window)            // a click would take the focus from the button
	p.settle()
}

// kill ends the program as a power cut does.
func (p *person) kill() {
	p.t.Helper()
	p.pc.run(p.t, "taskkill.exe /f /im Coffer.exe")
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatal("the program does not end")
	}
}

// screen connects to the X server that Wine draws on.
func (c *computer) screen(t *testing.T) *xgb.Conn {
	t.Helper()
	for _, setting := range c.env {
		if display, found := strings.CutPrefix(setting, "DISPLAY="); found {
			xgb.Logger.SetOutput(io.Discard) // it tells of a missing .Xauthority
			conn, err := xgb.NewConnDisplay(display)
			must(t, err)
			t.Cleanup(conn.Close)
			return conn
		}
	}
	t.Fatal("the PC has no screen")
	return nil
}

func (p *person) keys(names ...string) {
	p.t.Helper()
	p.pc.mustRun(p.t, "xdotool", append([]string{"key", "--delay", "80"}, names...)...)
}

func (p *person) text(text string) {
	p.t.Helper()
	p.pc.mustRun(p.t, "xdotool", "type", "--delay", "80", "--", text)
}

// picture reads the screen. Its bytes are B, G, R and one without a meaning.
func (p *person) picture() *image.RGBA {
	p.t.Helper()
	screen := xproto.Setup(p.screen).DefaultScreen(p.screen)
	size := image.Rect(0, 0, int(screen.WidthInPixels), int(screen.HeightInPixels))
	reply, err := xproto.GetImage(p.screen, xproto.ImageFormatZPixmap, xproto.Drawable(screen.Root), 0, 0, screen.WidthInPixels, screen.HeightInPixels, ^uint32(0)).Reply()
	must(p.t, err)
	return &image.RGBA{Pix: reply.Data, Stride: 4 * size.Dx(), Rect: size}
}

// What the pictures of a screen mean, in pixels.
const (
	twinkle = 400    // a caret, the ring of a one-time code
	page    = 30_000 // less is a button, more another page
)

func different(a, b *image.RGBA) (pixels int) {
	for i := 0; i < len(a.Pix); i += 4 {
		if !bytes.Equal(a.Pix[i:i+3], b.Pix[i:i+3]) {
			pixels++
		}
	}
	return pixels
}

// settle waits until the screen stands still.
func (p *person) settle() (last *image.RGBA) {
	p.t.Helper()
	last, same := p.picture(), 0
	eventually(p.t, "the screen to stand still", func() bool {
		next := p.picture()
		if same++; different(last, next) > twinkle {
			same = 0
		}
		last = next
		return same >= 2
	})
	return last
}

// turn does something that leads to another page, and waits for that.
func (p *person) turn(do func()) {
	p.t.Helper()
	before := p.settle()
	do()
	eventually(p.t, "another page", func() bool { return different(before, p.picture()) > page })
	p.settle()
}

// shot keeps a picture of the screen where COFFER_OUT says.
func (p *person) shot(name string) {
	p.t.Helper()
	p.settle()
	keep(p.t, name+".png", p.pc.output(p.t, "import", "-silent", "-window", "root", "-crop", "1180x740+90+50", "+repage", "png:-"))
}

func (p *person) showFailure() {
	if p.t.Failed() {
		keep(p.t, "windows-failed.png", p.pc.output(p.t, "import", "-silent", "-window", "root", "png:-"))
	}
}

// signUp goes through the welcome card with the keyboard, up to the emergency kit in Documents.
func (p *person) signUp(server *testkit.Server) {
	p.t.Helper()
	p.shot("windows-welcome")
	p.turn(func() { p.keys("Return") })
	p.text(email)
	p.turn(func() { p.keys("Return") })
	code := strings.ReplaceAll(server.LastCode(p.t, email), "-", "")
	p.turn(func() { p.text(code) })
	p.text(password)
	p.keys("Tab", "Tab") // past the eye
	p.text(password)
	p.turn(func() {
		p.keys("Return")
		eventually(p.t, "the vault on the PC", func() bool { return len(vaults(p.t, p.pc)) == 1 })
	})
	p.shot("windows-emergency-kit")
	p.turn(func() { p.keys("Return") }) // Save PDF…
	p.turn(func() {
		p.keys("Return") // where it is offered
		eventually(p.t, "the emergency kit in Documents", func() bool { return len(p.pc.files(p.t, "users/*/Documents/*.pdf")) == 1 })
	})
	p.keys("space") // it is in a safe place
	p.turn(func() { p.keys("Return") })
}

// importBrowsers sees how so many passwords come by themselves.
func (p *person) importBrowsers(logins int) {
	p.t.Helper()
	eventually(p.t, "the passwords of the browsers", func() bool { return len(p.items("list")) == logins })
	p.shot("windows-import-report")
	p.turn(func() { p.keys("Return") })
	p.shot("windows-vault")
}

// checkImported demands every row that can be read, with its password, and no more.
func (p *person) checkImported(logins []map[string]string) {
	p.t.Helper()
	var ids []string
	for _, item := range p.items("list") {
		ids = append(ids, item.ID)
	}
	items := p.items(append([]string{"get"}, ids...)...)
	for _, want := range logins {
		if !slices.ContainsFunc(items, func(i listed) bool {
			return i.Values["username"] == want["username"] && i.Values["password"] == want["password"]
		}) {
			p.t.Errorf("the login %q of %s was not imported with its password", want["username"], want["url"])
		}
	}
}

// listed is what cofferctl says of an item.
type listed struct {
	ID, Title string
	Values    map[string]string
}

func (p *person) items(args ...string) (items []listed) {
	p.t.Helper()
	p.ask(&items, args...)
	return items
}

func (p *person) checkTitle(want string) {
	p.t.Helper()
	if items := p.items("list"); !slices.ContainsFunc(items, func(i listed) bool { return i.Title == want }) {
		p.t.Errorf("%q is not among the %d items", want, len(items))
	}
}

func (p *person) unsynced() (n int) {
	p.t.Helper()
	var status struct{ Accounts []struct{ Unsynced int } }
	p.ask(&status, "status")
	for _, account := range status.Accounts {
		n += account.Unsynced
	}
	return n
}

// ask runs cofferctl beside the program.
func (p *person) ask(answer any, args ...string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	cmd := p.pc.command(ctx, "wine", append([]string{installed + "cofferctl.exe", "--json"}, args...)...)
	cmd.Stdin = strings.NewReader(password + "\n")
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, answer)
	}
	if err != nil {
		p.t.Fatalf("cofferctl %v: %v: %s", args, err, complaints.String())
	}
}

func (p *person) lock() {
	p.t.Helper()
	p.turn(func() { p.keys("ctrl+l") })
}

func (p *person) unlock() {
	p.t.Helper()
	p.text(password)
	p.turn(func() { p.keys("Return") })
}

func (p *person) newLogin(title string) {
	p.t.Helper()
	p.turn(func() { p.keys("ctrl+n") })
	p.text(title)
	p.turn(func() { p.keys("ctrl+s") })
}

var secretKeyPattern = regexp.MustCompile(`C1(-[0-9A-Z]{5}){6}`)

// checkNothingLeaks looks through everything that programs wrote on the PC for what was typed and imported. The emergency kit, and what
// Chrome has, is the person's own.
func (p *person) checkNothingLeaks(logins []map[string]string) {
	p.t.Helper()
	secrets := []string{password}
	for _, row := range logins {
		secrets = append(secrets, row["password"])
	}
	var read int
	for _, folder := range append(p.pc.files(p.t, "users/*/AppData/Local/Coffer"), p.pc.files(p.t, "users/*/Temp")...) {
		must(p.t, filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			data, err := os.ReadFile(path)
			read++
			for _, secret := range secrets {
				if bytes.Contains(data, []byte(secret)) {
					p.t.Errorf("%s has a password in it", path)
				}
			}
			if secretKeyPattern.Match(data) {
				p.t.Errorf("%s has a Secret Key in it", path)
			}
			return err
		}))
	}
	if read < 3 {
		p.t.Errorf("%d files were looked through", read)
	}
}
