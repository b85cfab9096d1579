package ui

import (
	"fmt"
	"strconv"
	"testing"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// BenchmarkKeystroke is the time from a key press in the search field until the list shows what it leaves, through the toolkit's
// test driver: text and layout are done, nothing is painted. Every second key takes the letter away again.
func BenchmarkKeystroke(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run("items="+strconv.Itoa(n), func(b *testing.B) {
			d := benchDesk(b, n)
			d.press(screen.ActionSearch)
			list, typed := d.ui.view.(*vaultView).list, false
			b.Run("window", func(b *testing.B) {
				for ; b.Loop(); typed = !typed {
					if typed {
						d.keys(fyne.KeyBackspace)
					} else {
						d.typeText("9")
					}
					d.until("the list", func() bool { return (list.rows.Len() == n) == typed })
				}
			})
		})
	}
}

func benchDesk(b *testing.B, n int) *desk {
	b.Helper()
	server, pc := testkit.Cloud(b), testpc.New(b, "Anna's PC", nil)
	u := pc.SignUp(b, server, anna)
	if err := u.SkipBrowserImport(b.Context()); err != nil {
		b.Fatal(err)
	}
	items := make([]vault.Item, n)
	for i := range items {
		items[i] = testpc.Login(fmt.Sprintf("Account %d at site%d", i, i%5000), fmt.Sprintf("user%d@example.com", i%977), "hunter2")
	}
	if _, err := u.Vault().Batch(b.Context(), items, nil, nil); err != nil {
		b.Fatal(err)
	}
	u.Lock()
	server.Stop()
	d := newDesk(b, pc, server)
	d.unlock()
	return d
}
