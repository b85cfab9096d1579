//go:build system

package attacks

import (
	"bytes"
	"crypto/rand"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/internal/testsecret"
	"github.com/coffer-vault/coffer/vault"
)

var (
	scans    = flag.Int("memory.scans", 10, "processes whose memory TestMemoryOfALargeVault reads")
	items    = flag.Int("memory.items", 2_100, "items of the vault")
	settings = flag.String("memory.runtime", secret.Runtime, "GODEBUG of the processes; empty: what a program has that is not linked as a release is")
)

// TestMemoryOfALargeVault is row 29 with a vault of so many items that the search gathers words, once for each of many processes: what
// stays behind in memory is a matter of chance. The processes have the runtime's settings that programs are linked with; without them every
// one of 20 had something.
func TestMemoryOfALargeVault(t *testing.T) {
	server := cloud(t)
	pc := testpc.New(t, "scanned", nil)
	password := []byte(rand.Text())
	u := signUpWith(t, pc, server, password)
	texts := manyItems(t, u.Vault())
	testpc.Sync(t, u)
	u.Lock()
	all := secretsUnder(t, pc, password)
	maps.Copy(all, texts)

	began, found := time.Now(), 0
	for n := range *scans {
		p := startScanned(t, pc, password, "GODEBUG="+*settings)
		p.await(t, "unlocked")
		if before := p.find(t, all); n == 0 {
			for _, name := range []string{"titles", "user names", "websites", "notes"} { // a password is there only while its item is
				if before[name] == 0 {
					t.Fatalf("the scan does not find %s in an unlocked process: it shows nothing", name)
				}
			}
		}
		p.tell(t, nil)
		p.await(t, "locked")
		if left := p.find(t, all); len(left) > 0 {
			found++
			t.Errorf("scan %d: %v", n, left)
			if testing.Verbose() {
				p.where(t, texts)
			}
		}
		p.end()
	}
	t.Logf("%d of %d scans found something, %s each", found, *scans, (time.Since(began) / time.Duration(*scans)).Round(time.Millisecond))
}

// manyItems fills a vault, and returns what all texts of a kind begin with.
func manyItems(t *testing.T, v *vault.Vault) testsecret.Set {
	t.Helper()
	texts := testsecret.Set{}
	for _, name := range []string{"titles", "user names", "item passwords", "websites", "notes"} {
		texts[name] = []byte("canary" + strings.ToLower(rand.Text())) // as the search has it, too
	}
	all := make([]vault.Item, *items)
	for n := range all {
		text := func(name string) string { return fmt.Sprintf("%s%d", texts[name], n) }
		all[n] = testpc.Login(text("titles")+" mail", text("user names"), text("item passwords"))
		all[n].ID = id.New()
		all[n].Websites = []string{"https://" + text("websites") + ".example/login"}
		all[n].Set(vault.Notes, secret.FromString(text("notes")))
	}
	if _, err := v.Batch(t.Context(), all, nil, nil); err != nil {
		t.Fatal(err)
	}
	return texts
}

// where says around which bytes something was found.
func (p *scanned) where(t *testing.T, texts testsecret.Set) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		for _, place := range texts.Places(t, p.cmd.Process.Pid, name, 3) {
			t.Logf("  %s at %#x (%s): %q", name, place.Address, place.Region, bytes.ToValidUTF8(place.Around, []byte("?")))
		}
	}
}
