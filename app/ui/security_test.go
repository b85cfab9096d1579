package ui

import (
	"crypto/sha1"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

const leakedPassword = "Vg7#kQ2m-Lr9!tXe4wPz"

// site is a login with a website.
func site(title, user, password, address string) vault.Item {
	it := testpc.Login(title, user, password)
	it.Websites = []string{address}
	it.Set(vault.OTP, testpc.Typed("JBSWY3DPEHPK3PXP"))
	return it
}

// checkDesk is a desk with a vault in which there is something to find.
func checkDesk(t testing.TB, items ...vault.Item) *desk {
	t.Helper()
	server, pc := newCloud(t), newPC(t, "Anna's PC", nil)
	u := pc.SignUp(t, server, anna)
	if err := errors.Join(u.SkipBrowserImport(t.Context()), u.KitSaved(t.Context())); err != nil {
		t.Fatal(err)
	}
	if _, err := u.Vault().Batch(t.Context(), items, nil, nil); err != nil {
		t.Fatal(err)
	}
	u.Lock()
	d := newDesk(t, pc, server)
	d.unlock()
	return d
}

func findings() []vault.Item {
	old := site("Wikipedia", "keller-dev", "Qb2!mmx0-Tz7#pLw", "https://wikipedia.example")
	old.PasswordSetAt = time.Date(2022, 3, 14, 9, 0, 0, 0, time.UTC).UnixMilli()
	return []vault.Item{
		site("Amazon", "team@studio.example", "amazon1", "https://amazon.example/login"),
		site("Deutsche Bahn", "a.keller", "Kp9!vTw2#Hs6-Xd", "https://bahn.example"),
		site("Hetzner Cloud", "anna.k", "Kp9!vTw2#Hs6-Xd", "https://hetzner.example"),
		site("Spotify", "anna.keller@example.com", "Kp9!vTw2#Hs6-Xd", "https://spotify.example"),
		site("GitHub", "a.keller", leakedPassword, "https://github.example/login"),
		site("Garden club", "anna", "Nw4$rrZ8+Ym1!cQ", "http://garden-club.example"),
		old,
	}
}

// breachServer knows leakedPassword, and counts how often it is asked.
func breachServer(t testing.TB) (address string, asked *atomic.Int64) {
	t.Helper()
	asked = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		digits := fmt.Sprintf("%X", sha1.Sum([]byte(leakedPassword)))
		if strings.TrimPrefix(r.URL.Path, "/range/") != digits[:5] {
			digits = strings.Repeat("0", 40)
		}
		fmt.Fprintf(w, "%s:23\r\n", digits[5:])
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

func TestSecurityCheckByKeyboard(t *testing.T) {
	d := checkDesk(t, findings()...)
	address, asked := breachServer(t)
	d.waitFor("Security check, 5")
	d.do("Security check, 5")
	d.waitFor("5 items to fix")
	d.waitFor("2 of 7 passwords are in good order.")

	// A tile leaves its items in the list; the same again brings all of them back.
	d.do("Weak, 1")
	d.until("weak items", func() bool { return d.shell.Vault().State().Rows.Len() == 1 })
	d.waitFor("These passwords could be guessed.")
	d.do("Weak, 1")
	d.until("all items", func() bool { return d.shell.Vault().State().Rows.Len() == 5 })

	// The way to the server is on the page, and nothing goes there before a yes.
	d.tabTo("Another server")
	d.typeText(address)
	d.keys(fyne.KeyReturn)
	d.tabTo("Look for my passwords")
	d.keys(fyne.KeySpace)
	d.waitFor("Check for breached passwords?")
	d.keys(fyne.KeyEscape)
	if asked.Load() != 0 || d.shell.Vault().State().Ask != (screen.Question{}) {
		t.Error("asked without a yes")
	}
	d.tabTo("Look for my passwords")
	d.keys(fyne.KeySpace)
	d.waitFor("Check for breached passwords?")
	d.do("Check")
	d.waitFor("Found in breaches, 1")
	d.waitFor("All passwords are checked.")

	// The worst comes first, with what to do about it.
	d.until("it in the list", func() bool {
		rows := d.shell.Vault().State().Rows
		return rows.Len() == 6 && rows.At(0).Title == "GitHub"
	})
	d.press(screen.ActionSearch)
	d.keys(fyne.KeyDown, fyne.KeyHome)
	d.waitForItem("GitHub")
	d.waitFor("Password found in breaches")
	d.waitFor("It was seen 23 times")
	d.do("Not a problem")
	d.waitFor("It is no longer counted.")
	d.waitFor("You marked this as not a problem.")
	d.waitFor("Security check, 5")
	d.do("Tell me again")
	d.waitFor("It was seen 23 times")
	d.do("Change password")
	d.until("a password", func() bool { return d.reads("Password generator") && len(d.secrets()) > 0 })
	d.keys(fyne.KeyReturn)
	d.until("it in the editor", func() bool { return d.shell.Vault().State().Dialog == screen.DialogNone })
	d.press(screen.ActionSave)
	d.waitForItem("GitHub")
	d.until("mended", func() bool { return !d.reads("Password found in breaches") })
	d.do("Security check") // the way back above the item
	d.waitFor("5 items to fix")
}

func TestNothingToMend(t *testing.T) {
	d := checkDesk(t, site("Bank", "anna", leakedPassword, "https://bank.example"))
	d.do("Security check")
	d.waitFor("Your password is in good order.")
	d.waitFor("Nothing to fix")
}

func TestWeakPasswordIsMarkedInTheList(t *testing.T) {
	d := checkDesk(t, findings()...)
	d.until("the mark", func() bool {
		rows := d.shell.Vault().State().Rows
		for i := range rows.Len() {
			if row := rows.At(i); (row.Risk != "") != (row.Title == "Amazon") {
				return false
			}
		}
		return rows.Len() > 0
	})
	d.waitFor("Amazon, team@studio.example, Weak password")
}

func TestLockForgetsTheCheck(t *testing.T) {
	d := checkDesk(t, findings()...)
	d.waitFor("Security check, 5")
	d.do("Security check, 5")
	d.waitFor("5 items to fix")
	model := d.shell.Vault().Security()
	d.press(screen.ActionLock)
	d.waitFor("Welcome back")
	if d.reads("to fix") || model.State().Headline == "5 items to fix" {
		t.Error("the locked window knows what was found")
	}
	if d.pc.Settings() != session.DefaultSettings() {
		t.Error("settings were changed")
	}
}
