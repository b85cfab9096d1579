//go:build journey

package journey

import (
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	anna     = "anna.keller@example.com"
	ben      = "ben.okafor@example.com"
	password = "seven quiet otters paddle home"
	benPass  = "eleven loud geese cross the road"
)

// steps is the table at the end.
type steps struct {
	t     *testing.T
	lines []string
}

// do runs one step of the journey. The first that fails ends it.
func (s *steps) do(number, what string, step func()) {
	s.t.Helper()
	began := time.Now()
	line := fmt.Sprintf("%-3s %s", number, what)
	s.lines = append(s.lines, line+"  FAILED")
	step()
	if s.t.Failed() {
		s.t.FailNow()
	}
	s.lines[len(s.lines)-1] = fmt.Sprintf("%-68s ok  %5.1f s", line, time.Since(began).Seconds())
}

func (s *steps) print() {
	fmt.Println("\nstep of the journey")
	for _, line := range s.lines {
		fmt.Println(line)
	}
	fmt.Println("screenshots are in out/")
}

func TestJourney(t *testing.T) {
	if err := os.RemoveAll(results); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(results, 0o755); err != nil {
		t.Fatal(err)
	}
	s := &steps{t: t}
	defer s.print()
	j := &journey{t: t}
	defer j.showFailure()

	s.do("", "server, two computers with a display, a keyring and browsers each", j.setUp)
	s.do("2", "PC A: account with mailed code, master password, emergency kit", j.createAccount)
	s.do("3", "PC A: the browsers' passwords are imported, every row accounted for", j.importBrowsers)
	s.do("4", "PC A: search, a new login with a one-time code, an edit", j.useVault)
	s.do("5", "PC B: password and Secret Key, mailed code, then everything is there", j.signInOnB)
	s.do("6", "both offline edit the same item; B locks and unlocks; both converge", j.offline)
	s.do("7", "a second person on PC A sees nothing of the first", j.secondPerson)
	s.do("8", "a signed update is found, staged, installed; one of strangers is refused", j.update)
}

// journey is what the steps hand on to each other.
type journey struct {
	t         *testing.T
	cloud     *cloud
	a, b      *pc
	releases  *releases
	secretKey string
	imported  int
}

// showFailure keeps what both screens show when a step has failed.
func (j *journey) showFailure() {
	if !j.t.Failed() {
		return
	}
	for _, p := range []*pc{j.a, j.b} {
		if p != nil && p.app != nil {
			p.keep("failed-"+p.name, p.picture())
		}
	}
}

func (j *journey) setUp() {
	j.releases = newReleases(j.t)
	j.cloud = startCloud(j.t, "--updates", j.releases.public)
	j.a, j.b = newPC(j.t, "A"), newPC(j.t, "B")
	for _, p := range []*pc{j.a, j.b} {
		copyTree(j.t, "../../vault/importer/chromium/testdata/basic", filepath.Join(p.home, ".config", "chromium"))
		copyTree(j.t, "../../vault/importer/firefox/testdata/plain", filepath.Join(p.home, ".mozilla", "firefox", "abc.default"))
		profiles := "[Profile0]\nName=default\nIsRelative=1\nPath=abc.default\nDefault=1\n\n[General]\nStartWithLastProfile=1\nVersion=2\n"
		if err := os.WriteFile(filepath.Join(p.home, ".mozilla", "firefox", "profiles.ini"), []byte(profiles), 0o600); err != nil {
			j.t.Fatal(err)
		}
	}
}

func copyTree(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// createAccount goes through the welcome card with the keyboard.
func (j *journey) createAccount() {
	a := j.a
	a.start("--server", j.cloud.api)
	a.shot("02-welcome")
	a.after(func() { a.keys("Return") })
	began := time.Now()
	a.text(anna)
	a.after(func() { a.keys("Return") })
	a.shot("02-code")
	a.after(func() { a.text(strings.ReplaceAll(j.cloud.code(anna, began), "-", "")) })
	a.text(password)
	a.keys("Tab")
	a.keys("Tab") // past the eye
	a.text(password)
	a.shot("02-master-password")
	a.keys("Return")
	eventually(j.t, "the account on the server", func() bool { return j.cloud.rows("SELECT count(*) FROM accounts") == 1 })
	a.settle()
	a.shot("02-emergency-kit")
	a.after(func() { a.keys("Return") }) // Save PDF…
	a.keys("Return")                     // where it is offered
	j.secretKey = j.readKit()
	a.settle()
	a.after(func() { a.keys("space") }) // it is in a safe place
}

var secretKeyPattern = regexp.MustCompile(`C1(-[0-9A-Z]{5}){6}`)

// readKit takes the Secret Key from the PDF, as a person would from paper.
func (j *journey) readKit() (key string) {
	j.t.Helper()
	eventually(j.t, "the emergency kit in Documents", func() bool {
		files, _ := filepath.Glob(filepath.Join(j.a.home, "Documents", "*.pdf"))
		if len(files) == 0 {
			return false
		}
		out, err := exec.Command("pdftotext", "-layout", files[0], "-").Output()
		key = secretKeyPattern.FindString(joinWrapped(string(out)))
		return err == nil && key != ""
	})
	return key
}

// joinWrapped puts a Secret Key together that the kit prints on two lines.
func joinWrapped(text string) string {
	return regexp.MustCompile(`-\s*\n\s*`).ReplaceAllString(text, "-")
}

func (j *journey) importBrowsers() {
	a := j.a
	a.after(func() { a.keys("Return") }) // on to the browsers
	a.shot("03-browsers")
	a.after(func() { a.keys("Return") })
	a.shot("03-report")
	a.after(func() { a.keys("Return") })
	a.shot("03-vault")
	var ids []string
	for _, it := range a.items(password) {
		ids = append(ids, it.ID)
	}
	if len(ids) == 0 {
		j.t.Fatal("nothing was imported")
	}
	items := a.details(password, ids...)
	for _, want := range goldenLogins(j.t) {
		if !slices.ContainsFunc(items, func(it item) bool { return it.has(want) }) {
			j.t.Errorf("the login of %q was not imported with its password", want[0])
		}
	}
	j.imported = len(items)
}

// goldenLogins are user name and password of every row, by the browsers' own exports.
func goldenLogins(t *testing.T) (logins [][2]string) {
	t.Helper()
	for file, columns := range map[string][2]int{
		"../../vault/importer/chromium/testdata/basic/chromium.csv": {2, 3},
		"../../vault/importer/firefox/testdata/plain/firefox.csv":   {1, 2},
	} {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(f).ReadAll()
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows[1:] {
			logins = append(logins, [2]string{row[columns[0]], row[columns[1]]})
		}
	}
	return logins
}

// has tells whether the item has the login, its password now or earlier.
func (it item) has(login [2]string) bool {
	if it.Values["username"] != login[0] {
		return false
	}
	if it.Values["password"] == login[1] {
		return true
	}
	for _, past := range it.History {
		if past.Field == "value/password" && past.Value == login[1] {
			return true
		}
	}
	return false
}

func (j *journey) useVault() {
	a := j.a
	a.keys("ctrl+f")
	a.after(func() { a.text("example") })
	a.shot("04-search")
	a.after(func() { a.keys("ctrl+a", "BackSpace") })
	a.newLogin("Hetzner Cloud", "anna.keller", "first secret 1", "JBSWY3DPEHPK3PXP")
	a.shot("04-detail")
	got := a.item(password, "Hetzner Cloud")
	if got.Values["username"] != "anna.keller" || got.Values["password"] != "first secret 1" || got.Values["totp"] == "" {
		j.t.Fatalf("the new login was saved as %v", got.Values)
	}
	a.editPassword("second secret 2")
	eventually(j.t, "the edit to be saved", func() bool { return a.item(password, "Hetzner Cloud").Values["password"] == "second secret 2" })
	if got := a.item(password, "Hetzner Cloud"); !got.has([2]string{"anna.keller", "first secret 1"}) {
		j.t.Error("the replaced password is not in the history")
	}
	a.after(func() { a.keys("ctrl+g") })
	a.shot("04-generator")
	a.after(func() { a.keys("Escape") })
}

// newLogin makes a login with the keyboard: Ctrl+N opens the form with the name focused.
func (p *pc) newLogin(title, user, pass, totp string) {
	p.t.Helper()
	p.after(func() { p.keys("ctrl+n") })
	p.text(title)
	p.keys("Tab")
	p.text(user)
	p.keys("Tab")
	p.text(pass)
	p.keys("Tab", "Tab", "Tab") // past the eye and the generator
	p.text(totp)
	p.shot("04-editor")
	p.after(func() { p.keys("ctrl+s") })
}

// editPassword changes the password of the selected login.
func (p *pc) editPassword(pass string) {
	p.t.Helper()
	p.after(func() { p.keys("ctrl+e") })
	p.keys("Tab", "Tab")
	p.keys("ctrl+a")
	p.text(pass)
	p.after(func() { p.keys("ctrl+s") })
}

func (j *journey) signInOnB() {
	b := j.b
	before := j.cloud.rows("SELECT count(*) FROM objects")
	if before == 0 {
		j.t.Fatal("nothing is on the server")
	}
	b.start("--server", j.cloud.api)
	b.after(func() { b.keys("Tab", "Return") }) // Sign in
	began := time.Now()
	b.text(anna)
	b.keys("Tab")
	b.text(password)
	b.keys("Tab", "Tab") // past the eye
	b.text(strings.ReplaceAll(j.secretKey, "-", ""))
	b.shot("05-sign-in")
	b.after(func() { b.keys("Return") })
	code := j.cloud.code(anna, began)
	if files, _ := filepath.Glob(filepath.Join(b.home, "Coffer", "vaults", "*.db")); len(files) != 0 {
		j.t.Fatal("something of the vault was on B before the code")
	}
	b.shot("05-code")
	b.after(func() { b.text(strings.ReplaceAll(code, "-", "")) })
	eventually(j.t, "the vault on B", func() bool {
		files, _ := filepath.Glob(filepath.Join(b.home, "Coffer", "vaults", "*.db"))
		return len(files) == 1
	})
	b.settle()
	b.shot("05-vault-on-b")
	if got, want := len(b.items(password)), len(j.a.items(password)); got != want || got != j.imported+1 {
		j.t.Fatalf("B has %d items, A %d, imported were %d", got, want, j.imported)
	}
	if got := b.item(password, "Hetzner Cloud").Values["password"]; got != "second secret 2" {
		j.t.Fatalf("B has the password %q", got)
	}
}

func (j *journey) offline() {
	a, b := j.a, j.b
	j.cloud.stop()
	a.selectItem("Hetzner")
	a.editPassword("typed on A")
	b.selectItem("Hetzner")
	b.editPassword("typed on B")
	b.shot("06-offline")
	b.after(func() { b.keys("ctrl+l") })
	b.shot("06-locked")
	b.text(password)
	b.after(func() { b.keys("Return") })
	b.settle()
	b.shot("06-unlocked-offline")
	j.cloud.start()
	eventually(j.t, "both to have the same, with both values", func() bool {
		onA, onB := a.item(password, "Hetzner Cloud"), b.item(password, "Hetzner Cloud")
		both := onA.has([2]string{"anna.keller", "typed on A"}) && onA.has([2]string{"anna.keller", "typed on B"}) &&
			onB.has([2]string{"anna.keller", "typed on A"}) && onB.has([2]string{"anna.keller", "typed on B"})
		return both && onA.Values["password"] == onB.Values["password"]
	})
	a.settle()
	a.shot("06-conflict")
}

// selectItem finds an item by search and selects it.
func (p *pc) selectItem(text string) {
	p.t.Helper()
	p.keys("ctrl+f", "ctrl+a")
	p.text(text)
	p.settle()
	p.keys("Down")
	p.settle()
}

func (j *journey) secondPerson() {
	a := j.a
	a.after(func() { a.keys("ctrl+l") })
	a.keys("Tab", "Tab", "Tab") // past the eye and Unlock
	a.after(func() { a.keys("Return") })
	a.after(func() { a.keys("Return") }) // Create account
	began := time.Now()
	a.text(ben)
	a.after(func() { a.keys("Return") })
	a.after(func() { a.text(strings.ReplaceAll(j.cloud.code(ben, began), "-", "")) })
	a.text(benPass)
	a.keys("Tab", "Tab")
	a.text(benPass)
	a.keys("Return")
	eventually(j.t, "the second account on the server", func() bool { return j.cloud.rows("SELECT count(*) FROM accounts") == 2 })
	eventually(j.t, "the second account on PC A", func() bool {
		files, _ := filepath.Glob(filepath.Join(a.home, "Coffer", "vaults", "*.db"))
		return len(files) == 2
	})
	a.settle()
	if n := len(a.items(benPass, "--account", ben)); n != 0 {
		j.t.Fatalf("Ben sees %d items", n)
	}
	a.shot("07-second-person")
}
