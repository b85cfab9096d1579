package screen

import (
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/kit"
	"github.com/coffer-vault/coffer/app/screen/screentest"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// benchVault is the window over an account with n logins, whose server is gone.
func benchVault(b *testing.B, n int) (*Vault, *screentest.Queue) {
	b.Helper()
	server, pc := testkit.Cloud(b), testpc.New(b, "Anna's PC", nil)
	b.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	u := pc.SignUp(b, server, anna)
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	server.Stop()
	items := make([]vault.Item, n)
	for i := range items {
		items[i] = testpc.Login(fmt.Sprintf("Account %d at site%d", i, i%5000), fmt.Sprintf("user%d@example.com", i%977), "hunter2")
		items[i].Websites = []string{fmt.Sprintf("https://login.site%d.example/", i)}
	}
	if _, err := u.Vault().Batch(b.Context(), items, nil, nil); err != nil {
		b.Fatal(err)
	}
	queue := screentest.NewQueue()
	env := &Env{
		Post: queue.Post, Clock: screentest.NewClock(testTime), Words: english(b), Clipboard: &clipboard{}, Paper: kit.A4,
		Log: slog.New(slog.DiscardHandler), OpenURL: func(string) error { return nil },
		SaveFile: func(string, secret.Bytes, func(string)) {},
	}
	v := NewVault(env, VaultConfig{Unlocked: u})
	b.Cleanup(v.Leave)
	queue.Until(b, "list", func() bool { return !v.asking.running })
	return v, queue
}

// BenchmarkKeystroke is the time from a letter in the search field until the model has the list and the numbers beside it, and the
// rows that a window shows are in words.
func BenchmarkKeystroke(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run("items="+strconv.Itoa(n), func(b *testing.B) {
			v, queue := benchVault(b, n)
			time.Sleep(2 * time.Second) // the words of the search are gathered behind the list (docs/performance.md)
			for _, text := range []string{"", "9", "s", "site9", "user12", "no such item"} {
				b.Run("text="+text, func(b *testing.B) {
					for b.Loop() {
						v.SetSearch(text)
						queue.Until(b, text, func() bool { return !v.asking.running })
						rows := v.State().Rows
						for i := range min(rows.Len(), 14) {
							rows.At(i)
						}
					}
				})
			}
		})
	}
}
