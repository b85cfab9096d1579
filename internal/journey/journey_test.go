//go:build journey

package journey

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
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
	s.lines[len(s.lines)-1] = fmt.Sprintf("%-78s ok  %5.1f s", line, time.Since(began).Seconds())
}

func (s *steps) print() {
	fmt.Println("\nstep of the journey")
	for _, line := range s.lines {
		fmt.Println(line)
	}
	fmt.Println("screenshots are in out/")
}

func TestJourney(t *testing.T) {
	clearResults(t)
	s := &steps{t: t}
	j := &journey{t: t}
	defer j.showFailure()
	defer s.print()

	s.do("", "server, two computers with a display, a keyring and browsers each", j.setUp)
	s.do("2", "PC A: account with mailed code, master password, emergency kit", j.createAccount)
	s.do("3", "PC A: the browsers' passwords are imported, every row accounted for", j.importBrowsers)
	s.do("4", "PC A: search, a new login with a one-time code, an edit", j.useVault)
	s.do("", "PC A: copied and cleared, locked with the session, started twice", j.guard)
	s.do("5", "PC B: password and Secret Key, mailed code, then everything is there", j.signInOnB)
	s.do("6", "both offline edit the same item; B locks and unlocks; both converge", j.offline)
	s.do("7", "a second person on PC A sees nothing of the first", j.secondPerson)
	s.do("8", "a signed update is found, staged, installed; one of strangers is refused", j.update)
	if live() {
		s.do("", "PC B: nobody touches it for a minute, it locks", j.leaveAlone)
	}
}

// clearResults takes away what an earlier journey left; other tests keep their results in the same folder.
func clearResults(t *testing.T) {
	t.Helper()
	if err := os.MkdirAll(results, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"0[0-9]-*.png", "failed-*.png", "app-[AB].log"} {
		old, _ := filepath.Glob(filepath.Join(results, pattern))
		for _, file := range old {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// journey is what the steps hand on to each other.
type journey struct {
	t         *testing.T
	cloud     *cloud
	a, b      *pc
	releases  *releases
	secretKey string
	logins    [][2]string // user name and password of what the browsers of A know
	imported  int
	copied    time.Time // when a password was copied on A
}

func (j *journey) showFailure() {
	for _, p := range []*pc{j.a, j.b} {
		if p != nil {
			p.showFailure()
		}
	}
}

func (j *journey) setUp() {
	j.together(func() {
		j.releases = newReleases(j.t)
		j.cloud = startCloud(j.t, "--updates", j.releases.public)
	}, func() {
		j.a = newPC(j.t, "A")
		j.a.settings(fmt.Sprintf(`{"clipboard_after": %d}`, clearAfter))
	}, func() {
		j.b = newPC(j.t, "B")
		j.b.settings(fmt.Sprintf(`{"lock_after": %d}`, lockAfter))
	})
	j.logins = j.browsers()
}

// together runs what is independent of each other at the same time.
func (j *journey) together(all ...func()) {
	j.t.Helper()
	var running sync.WaitGroup
	for _, one := range all {
		running.Go(one)
	}
	running.Wait()
	if j.t.Failed() {
		j.t.FailNow()
	}
}

// createAccount goes through the welcome card with the keyboard.
func (j *journey) createAccount() {
	a := j.a
	a.start("--server", j.cloud.api)
	a.shot("02-welcome")
	a.turn(func() { a.keys("Return") })
	j.signUp(a, anna, password, 1, "02")
	a.turn(func() { a.keys("Return") }) // Save PDF…
	a.turn(func() {
		a.keys("Return") // where it is offered
		j.secretKey = j.readKit()
	})
	a.after(func() { a.keys("space") }) // it is in a safe place
}

// signUp fills in the welcome card, up to the emergency kit of the account, which is the nth on the server.
func (j *journey) signUp(p *pc, address, pass string, nth int, shots string) {
	p.t.Helper()
	began := time.Now()
	p.text(address)
	p.turn(func() { p.keys("Return") })
	p.shot(shots + "-code")
	p.turn(func() { p.text(strings.ReplaceAll(j.cloud.code(address, began), "-", "")) })
	p.text(pass)
	p.keys("Tab", "Tab") // past the eye
	p.text(pass)
	p.shot(shots + "-master-password")
	p.turn(func() {
		p.keys("Return")
		eventually(j.t, "the account on the server", func() bool { return j.cloud.rows("SELECT count(*) FROM accounts") == nth })
	})
	p.shot(shots + "-emergency-kit")
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
	before := j.cloud.rows("SELECT count(*) FROM objects")
	a.turn(func() {
		a.keys("Return") // on to the browsers, whose passwords come by themselves
		eventually(j.t, "what was imported on the server", func() bool { return j.cloud.rows("SELECT count(*) FROM objects") > before })
	})
	a.shot("03-report")
	a.turn(func() { a.keys("Return") })
	a.shot("03-vault")
	var ids []string
	for _, it := range a.items(password) {
		ids = append(ids, it.ID)
	}
	if len(ids) == 0 {
		j.t.Fatal("nothing was imported")
	}
	items := a.details(password, ids...)
	for _, want := range j.logins {
		if !slices.ContainsFunc(items, func(it item) bool { return it.has(want) }) {
			j.t.Errorf("the login of %q was not imported with its password", want[0])
		}
	}
	j.imported = len(items)
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
	j.copyPassword("first secret 1")
	a.editPassword("second secret 2")
	got = a.item(password, "Hetzner Cloud")
	if got.Values["password"] != "second secret 2" || !got.has([2]string{"anna.keller", "first secret 1"}) {
		j.t.Errorf("after the edit the login is %v, its past %v", got.Values, got.History)
	}
	a.turn(func() { a.keys("ctrl+g") })
	a.shot("04-generator")
	a.turn(func() { a.keys("Escape") })
}

// newLogin makes a login with the keyboard: Ctrl+N opens the form with the name focused.
func (p *pc) newLogin(title, user, pass, totp string) {
	p.t.Helper()
	p.turn(func() { p.keys("ctrl+n") })
	p.text(title)
	p.keys("Tab")
	p.text(user)
	p.keys("Tab")
	p.text(pass)
	p.keys("Tab", "Tab", "Tab") // past the eye and the generator
	p.text(totp)
	p.shot("04-editor")
	p.turn(func() { p.keys("ctrl+s") })
}

// editPassword changes the password of the selected login.
func (p *pc) editPassword(pass string) {
	p.t.Helper()
	p.turn(func() { p.keys("ctrl+e") })
	p.keys("Tab", "Tab")
	p.keys("ctrl+a")
	p.text(pass)
	p.turn(func() { p.keys("ctrl+s") })
}

func (j *journey) signInOnB() {
	b := j.b
	before := j.cloud.rows("SELECT count(*) FROM objects")
	if before == 0 {
		j.t.Fatal("nothing is on the server")
	}
	b.start("--server", j.cloud.api)
	b.turn(func() { b.keys("Tab", "Return") }) // Sign in
	began := time.Now()
	b.text(anna)
	b.keys("Tab")
	b.text(password)
	b.keys("Tab", "Tab") // past the eye
	b.text(strings.ReplaceAll(j.secretKey, "-", ""))
	b.shot("05-sign-in")
	b.turn(func() { b.keys("Return") })
	code := j.cloud.code(anna, began)
	if files, _ := filepath.Glob(filepath.Join(b.home, "Coffer", "vaults", "*.db")); len(files) != 0 {
		j.t.Fatal("something of the vault was on B before the code")
	}
	b.shot("05-code")
	b.turn(func() {
		b.text(strings.ReplaceAll(code, "-", ""))
		eventually(j.t, "the vault on B", func() bool {
			files, _ := filepath.Glob(filepath.Join(b.home, "Coffer", "vaults", "*.db"))
			return len(files) == 1
		})
	})
	b.shot("05-as-you-left-it")
	b.turn(func() { b.keys("Return") }) // yes, this is it
	b.shot("05-vault-on-b")
	if got := len(b.items(password)); got != j.imported+1 {
		j.t.Fatalf("B has %d items; imported were %d, and one was added", got, j.imported)
	}
	if got := b.item(password, "Hetzner Cloud").Values["password"]; got != "second secret 2" {
		j.t.Fatalf("B has the password %q", got)
	}
}

func (j *journey) offline() {
	a, b := j.a, j.b
	j.cloud.stop()
	j.together(func() {
		a.selectItem("Hetzner")
		a.editPassword("typed on A")
	}, func() {
		b.selectItem("Hetzner")
		b.editPassword("typed on B")
		b.shot("06-offline")
		b.turn(func() { b.keys("ctrl+l") })
		b.shot("06-locked")
		b.text(password)
		b.turn(func() { b.keys("Return") })
		b.shot("06-unlocked-offline")
	})
	j.cloud.start()
	eventually(j.t, "nothing to wait for the server any more", func() bool { return a.unsynced() == 0 && b.unsynced() == 0 })
	eventually(j.t, "both to have the same, with both values", func() bool {
		var onA, onB item
		j.together(func() { onA = a.item(password, "Hetzner Cloud") }, func() { onB = b.item(password, "Hetzner Cloud") })
		return onA.hasBoth("typed on A", "typed on B") && onB.hasBoth("typed on A", "typed on B") && onA.Values["password"] == onB.Values["password"]
	})
	a.shot("06-conflict")
}

// hasBoth tells whether both passwords are there, one of them perhaps in the past.
func (it item) hasBoth(one, two string) bool {
	return it.has([2]string{it.Values["username"], one}) && it.has([2]string{it.Values["username"], two})
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
	a.turn(func() { a.keys("ctrl+l") })
	a.keys("Tab", "Tab", "Tab") // past the eye and Unlock
	a.turn(func() { a.keys("Return") })
	a.turn(func() { a.keys("Return") }) // Create account
	j.signUp(a, ben, benPass, 2, "07")
	if n := len(a.items(benPass, "--account", ben)); n != 0 {
		j.t.Fatalf("Ben sees %d items", n)
	}
}
